"""Whoever asks again and again finds texts at hand: rows are read ahead once, and a changed row is read anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import eider

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 120


@pytest.fixture(scope="module")
def memory() -> Iterator[eider.Eider]:
    with eider.open(":memory:", user="ada") as memory:
        memory.record_many(
            [{"text": f"Crane number {n} stands at berth {n * 7}.", "session": "s"} for n in range(ROWS)]
        )
        yield memory


def test_after_some_questions_none_asks_the_database_for_texts(
    memory: eider.Eider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts that were never shown before come without a read of their own."""
    reads = memory._engine.store.reads
    asked: list[int] = []

    def counted(ids: Any, *, user: str, read: Any = reads.episodes) -> Any:
        asked.append(len(ids))
        return read(ids, user=user)

    monkeypatch.setattr(reads, "episodes", counted)
    memory.recall("crane number 3", limit=80)
    before = sum(asked)
    for n in range(60, ROWS):
        assert memory.recall(f"berth {n * 7}", limit=1)[0].text == f"Crane number {n} stands at berth {n * 7}."
    assert sum(asked) == before <= ROWS


def test_what_was_read_ahead_is_not_shown_after_it_changed(memory: eider.Eider) -> None:
    """A correction and a forget reach rows that were read before."""
    memory.recall("crane number 3", limit=80)
    kept = memory.remember("The harbour office closes at five next Friday.")
    assert "next Friday =" in memory.recall("when does the harbour office close?", limit=1)[0].line
    memory.correct(kept.id, "The harbour office closes at six.")
    assert memory.recall("when does the harbour office close?", limit=1)[0].text == "The harbour office closes at six."
    found = memory.recall("crane number 3", limit=1)[0]
    memory.forget(found.id)
    assert all(r.id != found.id for r in memory.recall("crane number 3"))
