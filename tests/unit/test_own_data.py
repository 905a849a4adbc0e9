"""The project's own labelled data keeps the promises its README makes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

Row = dict[str, Any]
DATA = Path(__file__).parents[1] / "data"
KINDS = {"fact", "preference", "rule", "decision", "insight", "context"}
ASKED = {"what-you-recommended", "what-I-said", "when", "why", "list"}
TAGS = {
    "near-miss",
    "chit-chat",
    "prompt",
    "typo",
    "chain",
    "ended-without-successor",
    "scope-hides",
    "current-version",
    "scope",
    "paraphrase",
    "cross-lingual",
    "plain",
    "none-with-shared-words",
    "multi",
    "command",
    "code-question",
    "general-knowledge",
    "other-project",
    "short",
    "past",
    "unrelated",
}


def rows(name: str) -> list[Row]:
    """All lines of one file."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def stores() -> list[Row]:
    """The stores of memories."""
    return rows("own_memories.jsonl")


@pytest.fixture(scope="module")
def chats() -> list[Row]:
    """The chats."""
    return rows("own_chats.jsonl")


def queries(stores: list[Row]) -> list[Row]:
    """The queries of all stores."""
    return [query for store in stores for query in store["queries"]]


def holds(memory: Row, at: str) -> bool:
    """Whether a memory is valid on a day."""
    return memory["valid_from"] <= at and (memory["valid_to"] is None or at < memory["valid_to"])


def test_every_id_occurs_once(stores: list[Row], chats: list[Row]) -> None:
    """Ids name one thing in the whole data set."""
    ids = [store["id"] for store in stores] + [chat["id"] for chat in chats]
    ids += [item["id"] for store in stores for part in ("memories", "queries") for item in store[part]]
    ids += [item["id"] for chat in chats for part in ("sessions", "questions") for item in chat[part]]
    ids += [turn["id"] for chat in chats for session in chat["sessions"] for turn in session["turns"]]
    assert [id_ for id_, count in Counter(ids).items() if count > 1] == []


def test_what_is_relevant_holds_and_is_visible(stores: list[Row]) -> None:
    """A relevant memory exists in its store, is valid on the day asked about, and lies in a scope asked for."""
    for store in stores:
        memories = {memory["id"]: memory for memory in store["memories"]}
        for query in store["queries"]:
            for id_ in query["relevant"]:
                assert holds(memories[id_], query["as_of"] or store["now"]), query
                assert query["scopes"] is None or memories[id_]["scope"] in query["scopes"], query
            assert query["best"] is None or query["best"] in query["relevant"], query
            assert len(set(query["relevant"])) == len(query["relevant"]), query


def test_scopes_are_global_or_named(stores: list[Row]) -> None:
    """A scope is `global`, `project:x` or `role:x`; a query names only scopes that its store has."""
    for store in stores:
        known = {memory["scope"] for memory in store["memories"]} | {"global"}
        assert all(scope == "global" or scope.split(":")[0] in {"project", "role"} for scope in known), store["id"]
        for query in store["queries"]:
            assert set(query["scopes"] or []) <= known, query


def test_days_are_real_and_in_order(stores: list[Row], chats: list[Row]) -> None:
    """Every date parses, nothing ends before it starts or starts after `now`; sessions follow each other."""
    for store in stores:
        for memory in store["memories"]:
            assert date.fromisoformat(memory["valid_from"]) <= date.fromisoformat(store["now"]), memory
            if memory["valid_to"] is not None:
                assert date.fromisoformat(memory["valid_from"]) < date.fromisoformat(memory["valid_to"]), memory
        for query in store["queries"]:
            if query["as_of"] is not None:
                assert date.fromisoformat(query["as_of"]) <= date.fromisoformat(store["now"]), query
    for chat in chats:
        days = [date.fromisoformat(session["date"]) for session in chat["sessions"]]
        assert days == sorted(days), chat["id"]
        assert all(ZoneInfo(session["tz"]).key for session in chat["sessions"]), chat["id"]


def test_a_successor_starts_where_its_predecessor_ends(stores: list[Row]) -> None:
    """Supersession stays in one store and scope, leaves no gap, and never runs in a circle."""
    for store in stores:
        memories = {memory["id"]: memory for memory in store["memories"]}
        for memory in store["memories"]:
            if memory["superseded_by"] is not None:
                successor = memories[memory["superseded_by"]]
                assert successor["valid_from"] == memory["valid_to"], memory
                assert successor["scope"] == memory["scope"], memory


def test_labels_use_the_words_of_the_readme(stores: list[Row], chats: list[Row]) -> None:
    """Kinds and tags come from the closed lists; `past` marks exactly the wanted queries with a day."""
    assert {memory["kind"] for store in stores for memory in store["memories"]} == KINDS
    assert {question["kind"] for chat in chats for question in chat["questions"]} == ASKED
    for query in queries(stores):
        tags = set(query["note"].split("+"))
        assert tags <= TAGS, query
        assert not query["relevant"] or ("past" in tags) == (query["as_of"] is not None), query


def test_evidence_is_a_turn_of_the_same_chat(chats: list[Row]) -> None:
    """Each question rests on one turn or more of its own chat, listed in order."""
    for chat in chats:
        turns = [turn["id"] for session in chat["sessions"] for turn in session["turns"]]
        for question in chat["questions"]:
            assert question["evidence"], question
            assert [id_ for id_ in turns if id_ in question["evidence"]] == question["evidence"], question


def test_there_are_as_many_stores_as_promised(stores: list[Row]) -> None:
    """Small, usual and large stores, most of them in English, with six to ten queries each."""
    sizes = [len(store["memories"]) for store in stores]
    usual = range(8, 16)
    assert len(stores) >= 70
    assert sum(size in usual for size in sizes) >= 30
    assert sizes.count(5) >= 5
    assert sum(size >= 25 for size in sizes) >= 4
    assert sum(store["lang"] == "en" for store in stores) >= 45
    assert {store["lang"] for store in stores} == {"en", "de", "fr", "es", "zh"}
    assert all(6 <= len(store["queries"]) <= 10 for store in stores)


def test_near_misses_are_most_of_what_should_stay_unanswered(stores: list[Row]) -> None:
    """About 45 of 100 queries want silence, and most of those ask about a stored topic."""
    empty = [query for query in queries(stores) if not query["relevant"]]
    share = len(empty) / len(queries(stores))
    assert 0.40 <= share <= 0.50
    assert sum("near-miss" in query["note"] for query in empty) > len(empty) / 2


def test_there_are_as_many_chats_as_promised(chats: list[Row]) -> None:
    """Three to six sessions of four to fourteen turns, five to eight questions, roles not always alternating."""
    assert len(chats) >= 24
    assert sum(chat["lang"] == "en" for chat in chats) >= 16
    for chat in chats:
        assert 3 <= len(chat["sessions"]) <= 6, chat["id"]
        assert all(4 <= len(session["turns"]) <= 14 for session in chat["sessions"]), chat["id"]
        assert 5 <= len(chat["questions"]) <= 8, chat["id"]
    repeats = [
        first["id"]
        for chat in chats
        for session in chat["sessions"]
        for first, second in zip(session["turns"], session["turns"][1:], strict=False)
        if first["role"] == second["role"]
    ]
    assert len(repeats) >= 30
