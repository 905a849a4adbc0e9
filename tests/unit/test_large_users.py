"""Users too large to load: the index nominates, the same ranker decides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider

DATA = Path(__file__).parent.parent / "data" / "own_chats.jsonl"


def turns() -> list[dict[str, object]]:
    """All chats of the project's own data as one long talk."""
    items: list[dict[str, object]] = []
    start = datetime(2026, 1, 1, 8, tzinfo=UTC)
    for line in DATA.read_text(encoding="utf-8").splitlines():
        chat = json.loads(line)
        for session in chat["sessions"]:
            start += timedelta(days=1)
            for place, turn in enumerate(session["turns"]):
                at = start + timedelta(minutes=place)
                items.append(
                    {"text": turn["text"], "role": turn["role"], "session": session["id"], "at": at, "tz": "UTC"}
                )
    return items


def asked() -> list[str]:
    """Every third question of those chats."""
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return [q["text"] for line in lines for q in json.loads(line)["questions"]][::3]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Eider]:
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        opened.record_many(turns())
        opened.drain()
        yield opened


def ids(memory: Eider, question: str) -> list[str]:
    """The top ten."""
    return [hit.id for hit in memory.recall(question, limit=10)]


def test_index_and_segment_agree_on_the_top_ten(memory: Eider) -> None:
    """Both sources of candidates give the same answers, but for a twentieth."""
    exact = {q: ids(memory, q) for q in asked()}
    memory._engine.large.rows = 10
    memory.recall("anything")
    memory.drain()
    shared = [len(set(ids(memory, q)) & set(wanted)) / len(wanted) for q, wanted in exact.items()]
    assert sum(shared) / len(shared) >= 0.95


def test_what_the_index_has_not_seen_is_found(memory: Eider) -> None:
    """A write is findable when it returns, also by a user who is too large to load."""
    memory._engine.large.rows = 10
    said = memory.record("The new heron sculpture arrives on Thursday at the harbour.")
    assert ids(memory, "when does the heron sculpture arrive?")[0] == said.id


def test_a_lost_index_only_costs_time(memory: Eider) -> None:
    """Without its index a large user is answered from the truth."""
    question = asked()[0]
    exact = ids(memory, question)
    memory._engine.large.rows = 10
    memory._engine.store.index.index.reset()
    assert ids(memory, question) == exact
