"""Group commit: who writes at the same time shares a transaction, and nobody notices."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import eider
from eider.model.errors import ErasedError
from eider.store.sql.commits import SqlCommits


@pytest.fixture
def grouped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the groups that were written."""
    sizes: list[int] = []
    whole = SqlCommits.commit_all

    def noted(self: SqlCommits, many: list[object]) -> object:
        sizes.append(len(many))
        return whole(self, many)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlCommits, "commit_all", noted)
    return sizes


def at_once(memory: eider.Eider, calls: list[tuple[str, str | None]]) -> list[object]:
    """Let all of them wait for the writer's turn, then let them go."""
    answers: list[object] = [None] * len(calls)

    def say(place: int, text: str, key: str | None) -> None:
        try:
            answers[place] = memory.record(text, session="s", key=key)
        except eider.EiderError as error:
            answers[place] = error

    threads = [threading.Thread(target=say, args=(n, *call)) for n, call in enumerate(calls)]
    engine = memory._engine
    with engine.turn():
        for thread in threads:
            thread.start()
        while len(engine.group_commit._queue) < len(calls):
            pass
    for thread in threads:
        thread.join()
    return answers


def test_writers_that_wait_share_one_transaction(tmp_path: Path, grouped: list[int]) -> None:
    """Each gets its own row, place, event and answer."""
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        said = at_once(memory, [(f"Line {n}.", None) for n in range(12)])
        assert max(grouped) > 1
        assert sorted(e.text for e in said) == sorted(f"Line {n}." for n in range(12))  # type: ignore[attr-defined]
        assert sorted(e.seq for e in said) == list(range(12))  # type: ignore[attr-defined]
        assert len({e.recorded_at for e in said}) == 12  # type: ignore[attr-defined]
        assert len(memory.events()) == 12
        assert memory.verify(deep=True)
        assert {h.id for h in memory.recall("line", limit=20)} == {e.id for e in said}  # type: ignore[attr-defined]
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        assert memory.verify(deep=True)


def test_one_key_within_a_group_is_kept_once(tmp_path: Path, grouped: list[int]) -> None:
    """Two that carry the same key get the same answer."""
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        said = at_once(memory, [("Once.", "k"), ("Once.", "k"), ("Else.", None)])
        assert max(grouped) > 1
        assert said[0].id == said[1].id  # type: ignore[attr-defined]
        assert memory.search().total == 2


def test_a_refusal_is_told_to_the_one_it_concerns(tmp_path: Path, grouped: list[int]) -> None:
    """What was forgotten stays forgotten; the others of the group are kept."""
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        memory.forget(memory.record("Gone.", key="gone").id)
        said = at_once(memory, [("Gone.", "gone"), ("Stays.", None), ("Stays too.", None)])
        assert max(grouped) > 1
        assert isinstance(said[0], ErasedError)
        assert sorted(h.text for h in memory.search().items) == ["Stays too.", "Stays."]
        assert memory.verify(deep=True)
