"""Rotation: what the rule keeps, what a forget takes along, and what killed attempts left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider
from eider.model.clock import FixedClock
from eider.model.errors import StoreMissingError
from eider.providers.embedders.hashing import HashEmbedder
from eider.records.backup import create, rotation
from eider.records.backup.manifest import Backup, read
from eider.records.backup.rotation import Keep

pytestmark = pytest.mark.slow  # each check runs in another process
WORD = "quokkas"


def made(memory: Eider) -> Backup:
    """A backup of an open store."""
    return create.make(memory._engine)


def opened(folder: Path) -> Eider:
    """A store as its next server opens it."""
    return eider.open(folder, user="ada", embedder=HashEmbedder())


# ---------------------------------------------------------------------- rotation


@pytest.fixture
def week(tmp_path: Path) -> Iterator[tuple[Eider, FixedClock]]:
    """A store whose days go by as a test wants."""
    clock = FixedClock("2026-05-01T12:00:00+00:00")
    with eider.open(tmp_path / "week.eider", user="ada", embedder=HashEmbedder(), clock=clock) as memory:
        memory.remember("Tea is taken at four.")
        yield memory, clock


def days(memory: Eider) -> list[str]:
    """Days of the backups there are."""
    return [b.path.name[6:8] for b in rotation.list_backups(memory._engine.store.place.folder)]


def test_rotation_keeps_what_the_rule_says(week: tuple[Eider, FixedClock]) -> None:
    """Three days are kept of five; the newest is among them."""
    memory, clock = week
    for _ in range(5):
        made(memory)
        clock.advance(timedelta(days=1))
    rotation.rotate(memory._engine, Keep(daily=3, weekly=0, monthly=0), before_forget=False)
    assert days(memory) == ["03", "04", "05"]


def test_the_last_good_backup_is_never_removed(week: tuple[Eider, FixedClock]) -> None:
    """A newer one that is damaged makes up for nothing."""
    memory, clock = week
    made(memory)
    clock.advance(timedelta(days=1))
    newer = made(memory)
    (newer.path / "copy" / "head").unlink()
    assert not create.verify(newer.path).verified
    assert rotation.rotate(memory._engine, Keep(daily=1, weekly=0, monthly=0), before_forget=True) == []
    assert days(memory) == ["01", "02"]


def test_rotation_reaches_backups_that_hold_what_was_forgotten(week: tuple[Eider, FixedClock]) -> None:
    """They go once a newer one is verified; those from before it was said stay."""
    memory, clock = week
    made(memory)
    clock.advance(timedelta(days=1))
    gone = memory.remember(f"There are {WORD} on the island.")
    held = made(memory)
    receipt = memory.forget(gone.id)
    assert [said for said in receipt.outside if str(held.path) in said]
    assert rotation.rotate(memory._engine, None, before_forget=True) == []
    clock.advance(timedelta(days=1))
    made(memory)
    assert [b.path for b in rotation.rotate(memory._engine, None, before_forget=True)] == [held.path]
    assert days(memory) == ["01", "03"]
    assert not held.path.exists()


def test_backups_elsewhere_are_known(week: tuple[Eider, FixedClock], tmp_path: Path) -> None:
    """A directory that was named is listed and rotated like the usual one; another store's backups there are not."""
    memory, clock = week
    place = tmp_path / "safe"
    create.make(memory._engine, place)
    clock.advance(timedelta(days=1))
    made(memory)
    with opened(tmp_path / "other.eider") as other:
        other.remember("Someone else's.")
        create.make(other._engine, place)
    assert days(memory) == ["01", "02"]
    rotation.rotate(memory._engine, Keep(daily=1, weekly=0, monthly=0), before_forget=False)
    assert days(memory) == ["02"]
    assert len(list(place.iterdir())) == 1


def test_what_killed_attempts_left_is_swept(week: tuple[Eider, FixedClock]) -> None:
    """Halves of processes that are gone go; nothing else does."""
    memory, _ = week
    place = made(memory).path.parent
    (place / ".20260101T000000Z.999999999.partial").mkdir()
    (place / ".20260101T000000Z.1.partial").mkdir()
    made(memory)
    assert sorted(p.name for p in place.glob(".*")) == [".20260101T000000Z.1.partial"]


def test_a_backup_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(StoreMissingError, match="no backup"):
        read(tmp_path)
