"""Names and structure survive redaction: only the secret goes, wherever it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eider.privacy.redact import CleanText, findings, redact, redact_name, redact_row, redact_tree

DATA = Path(__file__).parents[1] / "data"
_LINES = [json.loads(line) for line in (DATA / "secrets.jsonl").read_text(encoding="utf-8").splitlines()]
SECRETS = [{name: "".join(value) for name, value in line.items()} for line in _LINES]
TOKENS = [c for c in SECRETS if len(c["secret"]) >= 16 and redact_name(c["secret"]).startswith("[redacted:")]
"""Secrets with a format of their own."""
RECALL = 0.95


def _leaks(case: dict[str, str], output: str) -> bool:
    return any(case["secret"][at : at + 8] in output for at in range(len(case["secret"]) - 7))


def test_there_are_enough_tokens_to_mean_something() -> None:
    """A hundred formats of providers."""
    assert len(TOKENS) > 100


def test_a_token_cut_in_two_is_found_in_metadata() -> None:
    """Parts that are no secret by themselves are blanked together; what stands beside a whole secret stays."""
    cut, missed = 0, []
    for case in TOKENS:
        half = len(case["secret"]) // 2
        left, right = case["secret"][:half], case["secret"][half:]
        clean, tree = redact_row({"text": f"use {left}"}, {"note": right})
        if findings(f"use {left}"):
            assert tree == {"note": redact(right)}, case
            assert left[-8:] not in clean["text"], case
        elif all(re.match(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z]).{8}", part) for part in (left, right)):
            cut += 1
            if left[-8:] in clean["text"] or right[:8] in json.dumps(tree):
                missed.append(case)
    assert cut > 30
    assert len(missed) <= (1 - RECALL) * cut, missed


def test_a_private_key_in_lines_is_found_in_metadata() -> None:
    """A list of the lines of a key is the key."""
    body = [
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
        "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDu",
    ]
    name = " PRIVATE KEY-----"
    tree = redact_tree({"before": "calm", "lines": [f"-----BEGIN{name}", *body, f"-----END{name}"], "after": "noon"})
    assert not any(line in json.dumps(tree) for line in body)
    assert (tree["before"], tree["after"]) == ("calm", "noon")


@pytest.mark.parametrize(
    "name",
    [
        "password reset", "api token rotation", "token: 7", "token: a1b2c3d4e5f6", "my password is hunter2",
        "langchain:password reset:3f2a9c7e1b5d4c6a8f0e2d4b6a8c0e1f:user", "4111111111111111", "secret:q9w8e7r6t5",
        "ca9684dd-6119-46d3-9279-239996303471", "[redacted:password]", "",
    ],
)  # fmt: skip
def test_words_in_a_name_are_no_evidence(name: str) -> None:
    """Sessions, keys and ids are kept exactly, whatever they are called after."""
    assert redact_name(name) == name
    assert type(redact_name(name)) is CleanText


def test_a_token_in_a_name_is_replaced_by_a_digest() -> None:
    """The secret is gone, two of them stay two names, and the same one is the same name again."""
    tokens = TOKENS
    names = {case["secret"]: redact_name(f"chat {case['secret']}/reset") for case in tokens}
    assert not any(_leaks(case, names[case["secret"]]) for case in tokens)
    assert len(set(names.values())) == len(names)
    assert all(redact_name(str(name)) == name and redact(str(name)) == name for name in names.values())


def test_a_password_in_a_url_has_no_digest() -> None:
    """What a person made up could be found by trying."""
    assert (
        redact_name("project:https://ada:tulip@git.example/a")
        == "project:https://ada:[redacted:url-password]@git.example/a"
    )


def test_entries_of_an_object_stay_apart() -> None:
    """Two names that hold secrets are still two entries."""
    tree = redact_tree({"password=hunter2x": 1, "password=hunter3x": 2, "password=[redacted:password]": 3})
    assert sorted(tree.values()) == [1, 2, 3]
    assert "hunter" not in json.dumps(tree)


@pytest.mark.parametrize(
    "neighbour",
    ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "2026-11-30T15:17:29+00:00", "aB3xY9kQ2mN8pL5v", "green", "call_1"],
)
def test_a_whole_secret_never_reaches_into_its_neighbours(neighbour: str) -> None:
    """Whatever stands before, after or in the text beside a secret stays."""
    for case in TOKENS:
        clean, tree = redact_row(
            {"text": f"use {case['secret']}"}, {"a": neighbour, "b": [case["secret"], neighbour], "c": neighbour}
        )
        assert clean["text"].startswith("use ["), case
        assert (tree["a"], tree["b"][1], tree["c"]) == (neighbour, neighbour, neighbour), case  # type: ignore[index]
        assert not _leaks(case, json.dumps(tree)), case


def test_what_is_hardly_a_secret_never_reaches_into_its_neighbours() -> None:
    """A text that only begins like a token does not make the next string its end."""
    parts = [
        "the key is xoxb-123456789012-abcdefghijkl",
        "2026-11-30T15:17:29.403926+00:00",
        "AKIA1234",
        "ABCD5678EFGH",
    ]
    for first in parts:
        for second in parts[1:]:
            clean, tree = redact_row({"text": first}, {"a": first, "b": second, "c": [first, second]})
            assert (clean, tree) == ({"text": first}, {"a": first, "b": second, "c": [first, second]})
