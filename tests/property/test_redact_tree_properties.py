"""What holds of redaction for every JSON value with secrets planted anywhere in it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from eider.privacy.redact import redact_tree

WORDS = ["calm", "we sail at noon", "green", "2026-11-30T15:17:29.403926+00:00", "call_1", "", "a b", "é", "12", "x\n"]
HASHES = ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "aB3xY9kQ2mN8pL5v", "ca9684dd-6119-46d3-9279-239996303471"]
harmless = st.sampled_from([*WORDS, *HASHES])
letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
body = st.text(letters, min_size=36, max_size=36).filter(
    lambda text: len(set(text.lower())) > 12 and sum(map(str.isdigit, text)) > 4
)
secret = st.builds(str.__add__, st.sampled_from(["sk-proj-", "ghp_", "npm_", "sk-ant-api03-"]), body) | st.sampled_from(
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + "abcdefghijklmnopqrstuvwxyz012345"]
)
planted = st.builds("{}{}".format, st.sampled_from(["", "the user pasted ", "x=", '"']), secret)
entry = st.sampled_from(["text", "note", "id", "type", "commit", "password reset", "token: 7", "created_at", "a b"])
scalar = st.one_of(harmless, planted, st.none(), st.booleans(), st.integers(-999, 999), st.floats(-1e6, 1e6))
tree = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(entry | planted, inner, max_size=4),
    max_leaves=16,
)
SIGNS = ("sk-proj-", "ghp_", "npm_", "sk-ant-", "eyJ")


def _is_secret(text: str) -> bool:
    return any(sign in text for sign in SIGNS)


def _same_shape(before: Any, after: Any) -> None:
    assert type(before) is type(after) or (isinstance(before, str) and isinstance(after, str))
    if isinstance(before, dict):
        assert len(before) == len(after)
        for (name, inner), (clean, other) in zip(before.items(), after.items(), strict=True):
            assert name == clean or _is_secret(name)
            _same_shape(inner, other)
    elif isinstance(before, list):
        assert len(before) == len(after)
        for inner, other in zip(before, after, strict=True):
            _same_shape(inner, other)
    elif not (isinstance(before, str) and _is_secret(before)):
        assert before == after


@given(st.dictionaries(entry | planted, tree, max_size=5))
def test_only_the_secrets_go(value: dict[str, Any]) -> None:
    """Same entries, lengths, types and neighbours; no secret; what is stored can be parsed; twice is once."""
    clean = redact_tree(value)
    stored = json.dumps(clean, ensure_ascii=False)
    assert not _is_secret(stored)
    parsed = json.loads(stored)
    _same_shape(value, parsed)
    assert redact_tree(parsed) == parsed


@given(harmless, secret, harmless)
def test_an_entry_that_names_its_value_is_evidence_for_it_alone(before: str, token: str, after: str) -> None:
    """A password goes by its name, whatever stands beside it."""
    clean = redact_tree({"a": before, "password": "tulip", "note": token, "b": [after, {"api_key": "roses7"}]})
    assert clean["a"] == before
    assert clean["password"] == "[redacted:password]"
    assert clean["b"] == [after, {"api_key": "[redacted:api-key]"}]


@given(st.dictionaries(entry, tree, min_size=1, max_size=4))
def test_json_in_a_string_stays_json(value: dict[str, Any]) -> None:
    """Arguments of a tool that are kept as text are redacted as what they say."""
    clean = redact_tree({"arguments": json.dumps(value), "after": "calm"})
    assert not _is_secret(str(clean))
    assert isinstance(clean["arguments"], str)
    _same_shape(value, json.loads(clean["arguments"]))
    assert redact_tree(json.loads(json.dumps(clean))) == clean
