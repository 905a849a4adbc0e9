"""One process owns a store, from open to close, whatever it does meanwhile.

DuckDB's lock is a POSIX lock: closing any other descriptor of its file drops it without a word. So a second process
tries to get in after every verb, and every opening of a file in this process is watched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.api.facade import Eider
from eider.providers.embedders.hashing import HashEmbedder
from eider.records.backup import create

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

INTRUDER = """
import json, sys
from pathlib import Path
import duckdb, eider
from eider.providers.embedders.hashing import HashEmbedder
for line in sys.stdin:
    folder, told = Path(line.strip()), {}
    for name, more in (("write", {}), ("read", {"read_only": True})):
        try:
            eider.open(folder, embedder=HashEmbedder(), **more).close()
            told[name] = "got in"
        except eider.EiderError as error:
            told[name] = f"{type(error).__name__}: {error}"
    for mode in (False, True):
        try:
            duckdb.connect(str(next(folder.glob("truth-*.duckdb"))), read_only=mode).close()
            told[f"raw {mode}"] = "got in"
        except duckdb.IOException as error:
            told[f"raw {mode}"] = "locked" if "lock" in str(error) else str(error)
    print(json.dumps(told), flush=True)
"""


class Intruder:
    """A second process that tries to open a store by every way there is."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", INTRUDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tries(self, folder: Path) -> dict[str, str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{folder}\n")
        self.process.stdin.flush()
        told: dict[str, str] = json.loads(self.process.stdout.readline())
        return told

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def intruder() -> Iterator[Intruder]:
    made = Intruder()
    yield made
    made.close()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Eider]:
    with eider.open(tmp_path / "mine.eider", user="ada", embedder=HashEmbedder()) as opened:
        opened.record("The heron is back.", session="s")
        opened.remember("Tea is taken at four.")
        yield opened


_watched: list[str] = []
_watching = [False]


def _watch(event: str, args: tuple[Any, ...]) -> None:
    """Note every opening, by Python, of a truth file that this process has open already; O_PATH opens none."""
    if event == "open" and isinstance(args[2], int) and args[2] & getattr(os, "O_PATH", 0):
        return
    if not _watching[0] or event != "open" or not isinstance(args[0], str | bytes | os.PathLike):
        return
    path = os.path.realpath(os.fsdecode(args[0]))
    if "/truth-" not in path or ".duckdb" not in path:
        return
    held = {os.path.realpath(descriptor) for descriptor in Path("/proc/self/fd").iterdir()}
    if path in held:
        _watched.append(path)


@pytest.fixture
def watched() -> Iterator[list[str]]:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("open descriptors cannot be listed here")
    if not hasattr(_watch, "installed"):
        sys.addaudithook(_watch)
        _watch.installed = True  # type: ignore[attr-defined]
    _watched.clear()
    _watching[0] = True
    yield _watched
    _watching[0] = False


def _a_forget(memory: Eider) -> None:
    memory.forget(memory.remember("Forget me at once.").id)


def _a_large_forget(memory: Eider) -> None:
    memory.record_many([{"text": f"Utterance number {n}."} for n in range(300)])
    memory.drain()
    memory.forget_user("ada")
    memory.remember("Tea is taken at four.")


def _an_undo(memory: Eider) -> None:
    memory.remember("Undo me.")
    memory.undo(memory.events(limit=1)[0].id)


def _an_import(memory: Eider, place: Path) -> None:
    memory.export(place / "ada.jsonl")
    memory.import_(place / "ada.jsonl", user="bob")


VERBS: dict[str, Callable[[Eider, Path], object]] = {
    "open": lambda m, _: m,
    "record": lambda m, _: m.record("One more."),
    "record_many": lambda m, _: m.record_many([{"text": "a b"}, {"text": "c d"}]),
    "remember": lambda m, _: m.remember("Something else."),
    "correct": lambda m, _: m.correct(m.remember("Old.").id, "New."),
    "recall": lambda m, _: m.recall("tea"),
    "search": lambda m, _: m.search("heron"),
    "inject": lambda m, _: m.inject("When is tea?"),
    "drain": lambda m, _: m.drain(),
    "forget with rewrite": lambda m, _: _a_forget(m),
    "forget_user after a drain": lambda m, _: _a_large_forget(m),
    "queued forget": lambda m, _: (m.forget(m.remember("Later.").id, wait=False), m.drain()),
    "undo": lambda m, _: _an_undo(m),
    "consolidate": lambda m, _: m.consolidate(prune_threshold=1.0),
    "export jsonl": lambda m, place: m.export(place / "a.jsonl"),
    "export parquet": lambda m, place: m.export(place / "a.parquet", format="parquet"),
    "export markdown": lambda m, place: m.export(place / "a.md", format="markdown"),
    "import": _an_import,
    "verify": lambda m, _: m.verify(deep=True),
    "rebuild": lambda m, _: m.rebuild(),
    "publish": lambda m, place: m.publish(place / "snapshot.eider"),
    "backup": lambda m, _: create.make(m._engine),
    "health": lambda m, _: m.health(),
    "why": lambda m, _: m.why(m.search(kinds=["fact"]).items[0].id),
    "sql": lambda m, _: m.sql("select count(*) from memories"),
    "diff": lambda m, _: m.diff(since="2020"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_else_gets_in_after(
    verb: str, memory: Eider, intruder: Intruder, watched: list[str], tmp_path: Path
) -> None:
    """The lock is held and its server named; and this process opened no truth file by path while DuckDB had it."""
    VERBS[verb](memory, tmp_path)
    told = intruder.tries(tmp_path / "mine.eider")
    assert told["write"].startswith("StoreLockedError")
    assert told["read"].startswith("StoreLockedError")
    assert f"process {os.getpid()}" in told["write"]
    assert (told["raw False"], told["raw True"]) == ("locked", "locked")
    assert watched == []


def test_reopening_for_another_embedder_keeps_the_lock(tmp_path: Path, intruder: Intruder, watched: list[str]) -> None:
    """Vectors are made anew under the lock as well."""
    with eider.open(tmp_path / "a.eider", user="ada", embedder=HashEmbedder(width=16)) as memory:
        memory.remember("Tea is taken at four.")
    with eider.open(tmp_path / "a.eider", user="ada", embedder=HashEmbedder(), reembed=True):
        assert intruder.tries(tmp_path / "a.eider")["raw False"] == "locked"
        assert watched == []


def test_who_closes_lets_the_next_one_in(tmp_path: Path, intruder: Intruder) -> None:
    """The lock ends with the handle, not with the process."""
    eider.open(tmp_path / "a.eider", embedder=HashEmbedder()).close()
    assert set(intruder.tries(tmp_path / "a.eider").values()) == {"got in"}


def test_the_same_process_gets_no_second_handle(tmp_path: Path) -> None:
    """Two handles of one process would each think they alone write."""
    with (
        eider.open(tmp_path / "a.eider", embedder=HashEmbedder()),
        pytest.raises(eider.errors.StoreLockedError, match="in this process already"),
    ):
        eider.open(tmp_path / "a.eider", embedder=HashEmbedder())


def test_a_link_to_the_store_is_the_store(tmp_path: Path) -> None:
    """Whoever comes by another path meets the same lock."""
    (tmp_path / "link.eider").symlink_to(tmp_path / "a.eider")
    with (
        eider.open(tmp_path / "a.eider", embedder=HashEmbedder()),
        pytest.raises(eider.errors.StoreLockedError),
    ):
        eider.open(tmp_path / "link.eider", embedder=HashEmbedder())


def test_of_many_that_open_at_once_one_gets_in(tmp_path: Path) -> None:
    """Also when the store has to be created first."""
    code = (
        "import sys, time, eider\nfrom eider.providers.embedders.hashing import HashEmbedder\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try:\n    m = eider.open(sys.argv[1], user='ada', embedder=HashEmbedder()); m.remember('Mine.')\n"
        "    print('in', flush=True); sys.stdin.readline(); m.close()\n"
        "except eider.model.errors.StoreLockedError:\n    print('locked', flush=True)\n"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.eider")], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]  # fmt: skip
    told: list[str] = []
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        assert racer.stdout is not None
        told.append(racer.stdout.readline().strip())
    for racer in racers:
        racer.communicate("end\n")
    assert sorted(told) == ["in", "locked", "locked", "locked"]
    with eider.open(tmp_path / "a.eider", user="ada", embedder=HashEmbedder()) as memory:
        assert len(memory.search()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.eider"]
