"""Pauses: noted in a file, of one store or all, for background work and for writing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import eider
from eider.client import pauses
from eider.model import config
from eider.model.errors import PausedError


@pytest.fixture
def home() -> str:
    return str(config.home())


def test_a_pause_is_of_one_store_or_of_all(home: str) -> None:
    """A store is meant by its name or its directory; others go on."""
    pauses.pause(home, "notes")
    assert pauses.jobs_paused(home, Path(home) / "stores" / "notes.eider")
    assert not pauses.jobs_paused(home, "work")
    pauses.pause(home)
    assert pauses.jobs_paused(home, "work")


def test_stores_that_end_alike_are_told_apart(home: str, tmp_path: Path) -> None:
    """A directory of one's own called like a shared store is another store."""
    pauses.pause(home, tmp_path / "notes.eider", writes=True)
    pauses.check_writes_allowed(home, "notes")
    with pytest.raises(PausedError, match=r"notes\.eider"):
        pauses.check_writes_allowed(home, tmp_path / "notes.eider")


def test_pausing_work_does_not_let_writing_go_on(home: str) -> None:
    """The second pause adds to the first; only a resume takes away."""
    pauses.pause(home, "notes", writes=True)
    pauses.pause(home, "notes")
    with pytest.raises(PausedError, match="eider resume --store notes"):
        pauses.check_writes_allowed(home, "notes")
    assert pauses.resume(home, "notes", writes=True)
    pauses.check_writes_allowed(home, "notes")
    assert pauses.jobs_paused(home, "notes")
    assert not pauses.resume(home, "notes", writes=True)


def test_a_resume_ends_every_pause_or_the_one_that_is_named(home: str) -> None:
    """And says whether there was one; the file goes with the last."""
    pauses.pause(home, "notes")
    pauses.pause(home, "work", writes=True)
    assert pauses.resume(home, "notes")
    assert not pauses.resume(home, "notes")
    assert pauses.read(home) == {"work": {"writes": True}}
    assert pauses.resume(home)
    assert not (Path(home) / "paused.json").exists()


def test_stores_paused_at_the_same_time_are_all_paused(home: str) -> None:
    """Two that write the file at once do not undo each other."""
    names = [f"store-{n}" for n in range(12)]
    threads = [threading.Thread(target=pauses.pause, args=(home, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(pauses.read(home)) == set(names)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"*": true}'])
def test_a_broken_file_pauses_nothing_and_breaks_nothing(home: str, text: str) -> None:
    """Whoever wrote into it by hand loses the pause, not the store."""
    (Path(home) / "paused.json").write_text(text)
    assert pauses.read(home) == {}
    pauses.check_writes_allowed(home, "notes")


def test_a_store_of_ones_own_obeys_too(tmp_path: Path, home: str) -> None:
    """An embedded store refuses writes by name, answers reads, and runs no job until the pause ends."""
    folder = tmp_path / "mine.eider"
    with eider.open(folder, user="ada") as memory:
        memory.remember("Prefers snake_case.")
        pauses.pause(home, folder, writes=True)
        with pytest.raises(PausedError, match="nothing was kept"):
            memory.remember("Prefers tabs.")
        assert [hit.text for hit in memory.recall("snake_case tabs")] == ["Prefers snake_case."]
        memory._engine.jobs.queue("heal")
        assert memory.drain().jobs == 0
        pauses.resume(home, folder)
        assert memory.drain().jobs == 1
        memory.remember("Prefers tabs.")
