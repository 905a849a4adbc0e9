"""Appending to the spool and draining it, killed at every step: nothing that was kept is lost, nothing happens twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import eider
from eider.client import spool as spool_module
from eider.providers.embedders.hashing import HashEmbedder
from eider.service.dispatcher import Dispatcher
from eider.service.spool_drain import is_empty

pytestmark = pytest.mark.crash
ROOT = Path(spool_module.__file__).parents[2]
APPENDED = {"spool.written": (0, 1), "spool.synced": (1, 1)}
"""Label → whether the line that was being appended may be (0) or must be (1) there, and at most."""
DRAINED = ("drain.aside", "drain.kept", "drain.applied", "drain.applied:2", "drain.applied:3")

APPEND = """
import sys
sys.path.insert(0, {root!r})
from eider.client.spool import append
for n in range(*map(int, sys.argv[2:4])):
    request = {{"user": "ada", "text": f"Number {{n}} is kept.", "key": f"k{{n}}"}}
    append(sys.argv[1], "remember", {{"request": request, "store": "notes"}})
"""
DRAIN = """
import sys
sys.path.insert(0, {root!r})
from eider.service.dispatcher import Dispatcher
dispatcher = Dispatcher(sys.argv[1])
print(dispatcher.drain().applied)
dispatcher.close()
"""


def ran(code: str, *arguments: object, crash: str = "") -> int:
    environment = {**os.environ, "EIDER_CRASH_AT": crash}
    given = [sys.executable, "-c", code.format(root=str(ROOT)), *map(str, arguments)]
    return subprocess.run(given, env=environment, check=False, stdout=subprocess.DEVNULL).returncode


def kept(home: Path) -> list[str]:
    """What is remembered once a server has drained what waits."""
    (home / "config.json").write_text(json.dumps({"embedder": "hash"}))
    dispatcher = Dispatcher(str(home))
    try:
        dispatcher.drain()
    finally:
        dispatcher.close()
    assert is_empty(str(home))
    with eider.open(home / "stores" / "notes.eider", user="ada", embedder=HashEmbedder()) as memory:
        return sorted(hit.text for hit in memory.search(limit=100).items)


def numbers(upto: int) -> list[str]:
    return sorted(f"Number {n} is kept." for n in range(upto))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EIDER_HOME", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"embedder": "hash"}))
    return tmp_path


@pytest.mark.parametrize("label", APPENDED)
def test_an_append_that_is_killed_keeps_all_or_nothing(label: str, home: Path) -> None:
    """What was acknowledged before is there; the line under way is whole or not at all; what comes next is kept."""
    assert ran(APPEND, home, 0, 3) == 0
    assert ran(APPEND, home, 3, 4, crash=label) == -signal.SIGKILL
    assert ran(APPEND, home, 4, 5) == 0
    found = kept(home)
    assert set(found) >= set(numbers(5)) - {"Number 3 is kept."}
    assert APPENDED[label][0] <= found.count("Number 3 is kept.") <= APPENDED[label][1]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("cut", [1, 9, 10, 40, -2, -1])
def test_a_line_that_was_cut_anywhere_harms_no_other(cut: int, home: Path) -> None:
    """The kernel may keep any beginning of a line when the power goes."""
    assert ran(APPEND, home, 0, 1) == 0
    path = home / "spool" / "writes.jsonl"
    whole = path.stat().st_size
    assert ran(APPEND, home, 1, 2) == 0
    data = path.read_bytes()
    path.write_bytes(data[: whole + cut] if cut > 0 else data[:cut])
    assert ran(APPEND, home, 2, 3) == 0
    assert {"Number 0 is kept.", "Number 2 is kept."} <= set(kept(home))


@pytest.mark.parametrize("label", DRAINED)
def test_a_drain_that_is_killed_applies_everything_once_in_the_end(label: str, home: Path) -> None:
    """At any step; what is spooled meanwhile joins what was set aside."""
    assert ran(APPEND, home, 0, 4) == 0
    assert ran(DRAIN, home, crash=label) == -signal.SIGKILL
    assert ran(APPEND, home, 4, 6) == 0
    assert kept(home) == numbers(6)


def test_a_drain_that_is_killed_while_it_joins_two_files_applies_everything_once(home: Path) -> None:
    """Between the two names a line may stand in both files; it is one write all the same."""
    assert ran(APPEND, home, 0, 3) == 0
    assert ran(DRAIN, home, crash="drain.aside") == -signal.SIGKILL
    assert ran(APPEND, home, 3, 5) == 0
    assert ran(DRAIN, home, crash="drain.joined") == -signal.SIGKILL
    assert ran(APPEND, home, 5, 6) == 0
    assert kept(home) == numbers(6)


def test_kill_after_kill_ends_well(home: Path) -> None:
    """A server that dies at its first write each time still gets through, one write at a time or all at the end."""
    assert ran(APPEND, home, 0, 3) == 0
    for _ in range(4):
        assert ran(DRAIN, home, crash="drain.applied") == -signal.SIGKILL
    assert kept(home) == numbers(3)
