"""Publishing a store leaves the old snapshot or the new one, and the store as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import eider
from eider.model.errors import ReadOnlyStoreError, RefusedError
from eider.providers.embedders.hashing import HashEmbedder

WRITER = """
import sys, eider
from eider.providers.embedders.hashing import HashEmbedder
with eider.open(sys.argv[1], user="ada", embedder=HashEmbedder()) as memory:
    memory.remember("Second fact.")
    memory.publish(sys.argv[2])
"""


def opened(path: Path, **how: object) -> eider.Eider:
    """A store with the light embedder."""
    return eider.open(path, user="ada", embedder=HashEmbedder(), **how)  # type: ignore[arg-type]


@pytest.fixture
def published(tmp_path: Path) -> tuple[Path, Path]:
    """A store and its snapshot."""
    store, snap = tmp_path / "s.eider", tmp_path / "snap.eider"
    with opened(store) as memory:
        memory.remember("First fact.")
        memory.publish(snap)
    return store, snap


def texts(path: Path) -> set[str]:
    """What a store or snapshot holds."""
    with opened(path) as memory:
        return {item.text for item in memory.search().items}


def test_a_kill_before_the_exchange_leaves_the_old_snapshot(published: tuple[Path, Path]) -> None:
    """The half-finished copy is beside it, never in its place; the store lost nothing."""
    store, snap = published
    env = {**os.environ, "EIDER_CRASH_AT": "publish.made"}
    done = subprocess.run([sys.executable, "-c", WRITER, str(store), str(snap)], env=env, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert texts(snap) == {"First fact."}
    assert texts(store) == {"First fact.", "Second fact."}
    with opened(store) as memory:
        memory.publish(snap)
    assert texts(snap) == {"First fact.", "Second fact."}


def test_a_snapshot_does_not_change(published: tuple[Path, Path]) -> None:
    """Reading leaves every byte, writing is refused, several may read at once."""
    _, snap = published
    before = {p.name: p.read_bytes() for p in snap.iterdir()}
    with opened(snap) as one, opened(snap) as other:
        assert one.recall("fact")[0].text == other.recall("fact")[0].text == "First fact."
        with pytest.raises(ReadOnlyStoreError):
            one.remember("x")
    assert {p.name: p.read_bytes() for p in snap.iterdir()} == before


def test_a_reader_of_the_old_snapshot_goes_on(published: tuple[Path, Path]) -> None:
    """Who has it open keeps what it opened; who opens later sees the new one."""
    store, snap = published
    with opened(snap) as reader:
        with opened(store) as memory:
            memory.remember("Second fact.")
            memory.publish(snap)
        assert [r.text for r in reader.recall("fact")] == ["First fact."]
        assert texts(snap) == {"First fact.", "Second fact."}
    assert texts(snap) == {"First fact.", "Second fact."}


def test_publishing_over_the_store_itself_is_refused(published: tuple[Path, Path]) -> None:
    """Nothing but a snapshot is ever replaced."""
    store, _ = published
    with opened(store) as memory, pytest.raises(RefusedError):
        memory.publish(store)
    assert texts(store) == {"First fact."}
