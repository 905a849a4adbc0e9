"""What holds of redaction for every text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eider.privacy.redact import CleanText, findings, redact, redact_fields, redact_tree

DATA = Path(__file__).parents[1] / "data"
_LINES = [json.loads(line) for line in (DATA / "secrets.jsonl").read_text(encoding="utf-8").splitlines()]
_CASES = [{name: "".join(value) for name, value in line.items()} for line in _LINES]
CASES = [case for case in _CASES if case["secret"] not in redact(case["before"] + case["secret"] + case["after"])]
WORDS = "we sail at noon and the crew went home with bread for Grace because it rained all day".split()

prose = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
names = [
    "password",
    "token",
    "key",
    "secret",
    "Authorization: Bearer",
    "pass",
    "pin",
    "mot de passe",
    "api_key",
    "auth",
]
marks = [
    "=",
    ": ",
    " is ",
    "\n",
    '"',
    "'",
    " + ",
    "\\\n",
    "\u200b",
    "[redacted:password]",
    "[private]",
    "<private>",
    "</private>",
]
values = [
    "hunter2",
    "x" * 20,
    "a1B2c3D4e5F6g7H8",
    "sk-",
    "ghp_",
    "4111111111111111",
    "eyJ",
    "//u:p4ss@h",
    "-----",
    " ",
    ",",
    "q9",
]
messy = st.lists(st.sampled_from([*names, *marks, *values]), max_size=25).map("".join)


@given(st.one_of(st.text(max_size=300), messy, prose))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    """What came out holds nothing that would be taken out."""
    once = redact(text)
    assert redact(str(once)) == once


@given(st.one_of(st.text(max_size=300), messy))
def test_a_text_without_findings_is_verbatim(text: str) -> None:
    """Nothing else is ever touched, and what surrounds a finding stays."""
    found = findings(text)
    clean = redact(text)
    if not found:
        assert clean == text
    else:
        assert clean.startswith(text[: found[0].start])


@given(prose)
def test_prose_is_verbatim(text: str) -> None:
    """Words are no secrets."""
    assert redact(text) == text


@given(st.sampled_from(CASES), prose, prose, st.sampled_from([" ", "\n", " (", ": ", "\t"]))
def test_a_secret_in_prose_is_gone(case: dict[str, str], before: str, after: str, separator: str) -> None:
    """Wherever it stands, with its own surroundings, no trace of it is left."""
    secret = case["secret"]
    assume(len(secret) >= 6)
    text = f"{before}{separator}{case['before']}{secret}{case['after']}\n{after}"
    assert secret not in redact(text)


@given(messy)
def test_findings_are_ordered_and_inside(text: str) -> None:
    """Offsets can be used to cut the text."""
    at = 0
    for found in findings(text):
        assert at <= found.start < found.end <= len(text)
        at = found.end


@given(st.dictionaries(st.sampled_from(["text", "speaker", "session", "scope"]), st.one_of(messy, prose)))
def test_a_row_keeps_its_fields(fields: dict[str, str]) -> None:
    """Each field comes back, clean, and a second pass agrees."""
    clean = redact_fields(fields)
    assert list(clean) == list(fields)
    assert all(type(value) is CleanText for value in clean.values())
    assert all(redact(str(value)) == value for value in clean.values())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | messy,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*names, "note", "id"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*names, "note", "id"]), json_values, max_size=4))
def test_metadata_keeps_its_shape(tree: dict[str, object]) -> None:
    """The same names at the same places, JSON as before, and a second pass agrees."""
    clean = redact_tree(tree)  # type: ignore[arg-type]
    json.dumps(clean)
    assert len(clean) == len(tree)
    assert redact_tree(json.loads(json.dumps(clean))) == clean


@given(st.text())
def test_clean_text_cannot_be_forged(text: str) -> None:
    """No text becomes clean by calling the type."""
    with pytest.raises(TypeError):
        CleanText(text)
