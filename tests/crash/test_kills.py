"""`kill -9` at any moment: nothing acknowledged is lost, nothing is doubled, nothing is torn, and the chain holds."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import eider
from eider.api.facade import Eider
from eider.providers.embedders.hashing import HashEmbedder

HERE = Path(__file__).parent
WRITER = HERE / "writer.py"
NIGHTLY = bool(os.environ.get("EIDER_NIGHTLY"))
LANES = 2
LIGHT = 1_000 if NIGHTLY else 80
"""Random kills of the truth and the outbox, beside those at each label; a new store is begun after every 40 of a lane."""
FULL = 360 if NIGHTLY else 24
"""Random kills with the search index, beside those at each of its labels."""
PASSES = 24 if NIGHTLY else 4
"""Kills at each label of the truth: the first time it is passed, the second time, and so on."""
AT_LABEL = {
    "commit.written": "light", "commit.durable": "light", "erase.written": "light", "erase.copied": "light",
    "erase.pointed": "light", "erase.swapped": "light", "migrate.written": "light", "outbox.applied": "full",
    "outbox.trimmed": "full",
}  # fmt: skip
"""Labelled points of the truth and the index, and which storm passes them."""

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


def loaded_writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("crash_writer", WRITER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


writer = loaded_writer()


@dataclass
class Kept:
    """What was acknowledged, and the one thing that may or may not have happened."""

    texts: dict[str, str] = field(default_factory=dict)
    """Id to text of what must be there."""
    closed: set[str] = field(default_factory=set)
    gone: dict[str, str] = field(default_factory=dict)
    """Id to text of what was forgotten."""
    pending: dict[str, Any] | None = None
    next: int = 0
    read: int = 0

    def follow(self, log: Path) -> None:
        """Take over what the log says since the last look; a torn last line was never acknowledged."""
        lines = log.read_bytes()[self.read :].split(b"\n")
        for line in lines[:-1]:
            self.read += len(line) + 1
            word, _, rest = line.partition(b" ")
            if word == b"try":
                self.pending = json.loads(rest)
            elif word == b"ack":
                self.acknowledged(json.loads(rest))
        assert lines[-1] == b"", "a log line is written at once"

    def acknowledged(self, task: dict[str, Any]) -> None:
        self.pending, self.next = None, task["i"] + 1
        if task["op"] in ("record", "remember", "correct"):
            for id_ in task["ids"]:
                assert id_ not in self.texts, "acknowledged twice under one id"
                self.texts[id_] = task["text"]
        if task["op"] == "correct":
            self.closed.add(task["id"])
        if task["op"] == "consolidate":
            self.closed.update(task["ids"])
        if task["op"] == "forget":
            self.gone[task["id"]] = self.texts.pop(task["id"])

    def job(self, seed: int, *, full: bool, steps: int, **more: Any) -> dict[str, Any]:
        live = [i for i in self.texts if i not in self.closed]
        return {
            "seed": seed, "start": self.next, "full": full, "steps": steps, "pending": self.pending, "crash": "",
            "episodes": [i for i in live if i.startswith("ep_")], "memories": [i for i in live if i.startswith("mem_")],
            **more,
        }  # fmt: skip


def checked(folder: Path, kept: Kept, *, full: bool) -> None:
    """Open the store as its next server would, and hold it against what was acknowledged."""
    memory: Eider = writer.opened_at(folder, day=kept.next)
    try:
        store, user = memory._engine.store, writer.USER
        there = {m.id: m.text for m in store.reads.memories(None, user=user) if m.state != "erased"}
        rows = set(store.segments.rows(user=user).ids)
        there |= {e.id: e.text for e in store.reads.episodes([i for i in rows if i.startswith("ep_")], user=user)}
        assert rows == set(there), "search material and rows go together"
        pending = kept.pending or {"op": "", "text": "", "id": ""}
        may_be_gone = {pending["id"]} if pending["op"] == "forget" else set()
        lost = {i: t for i, t in kept.texts.items() if there.get(i) != t and i not in may_be_gone}
        assert not lost, f"acknowledged and lost: {lost}"
        extra = {i: t for i, t in there.items() if i not in kept.texts}
        assert list(extra.values()) in ([], [pending["text"]]), f"never asked for: {extra}"
        texts = list(there.values())
        assert len(texts) == len(set(texts)), "doubled"
        if extra and pending["op"] == "correct":
            old = store.reads.memories([pending["id"]], user=user)[0]
            assert old.superseded_by in extra, "half a correction"
        for id_, text in kept.gone.items():
            assert id_ not in there
            assert not store.erasure_checks.columns_saying([text], user=user), f"{text!r} came back"
        whole(memory, rows, full=full)
    finally:
        memory.close()
    assert not [p.name for p in folder.parent.glob(f".{folder.name}.*")], "half a store was left beside it"


def whole(memory: Eider, rows: set[str], *, full: bool) -> None:
    """The chain holds; what is not yet indexed waits; after a drain the index is the truth."""
    engine = memory._engine
    if full:
        engine.store.index_upkeep.heal()
        assert set(engine.store.index.index.inventory()) == rows
    else:
        with engine.store.connection.database.reading() as db:
            waiting = {row[0] for row in db.execute("SELECT id FROM outbox").fetchall()}
        assert rows <= waiting, "committed without its outbox entry"
    found = memory.verify(deep=full)
    assert not found.findings
    files = sorted(p.name for p in engine.store.place.folder.glob("truth-*.duckdb"))
    assert files == [engine.store.connection.database.path.name]


class Zygote:
    """A process that has imported all and opened nothing; it forks a writer per call in milliseconds."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(WRITER), "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, job: dict[str, Any], folder: Path, log: Path) -> tuple[int, Callable[[], int]]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        out = self.process.stdout
        self.process.stdin.write(json.dumps({**job, "folder": str(folder), "log": str(log)}) + "\n")
        self.process.stdin.flush()
        pid = int(out.readline())
        return pid, lambda: int(out.readline())

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def spawned(job: dict[str, Any], folder: Path, log: Path) -> tuple[int, Callable[[], int]]:
    """A fresh interpreter, labelled through the environment as users would."""
    environment = {**os.environ, "EIDER_CRASH_AT": job["crash"]}
    process = subprocess.Popen([sys.executable, str(WRITER), str(folder), str(log), json.dumps(job)], env=environment)
    return process.pid, process.wait


def killed_somewhere(pid: int, log: Path, draw: random.Random, *, verbs: int) -> None:
    """Kill it while it works: after some verbs, or at a moment of one of them."""
    start, wanted = log.stat().st_size if log.exists() else 0, draw.randrange(verbs)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        text = log.read_bytes()[start:] if log.exists() else b""
        if b"ready" in text and text.count(b"ack ") >= wanted:
            break
        time.sleep(0.001)
    time.sleep(draw.choice([0, 0, 0.001, 0.003, 0.01, 0.05, 0.15]) * draw.random())
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pytest.fail("the writer ended by itself")


def light_storm(place: Path, seed: int, kills: int) -> int:
    zygote, draw, kept = Zygote(), random.Random(seed), Kept()
    folder, log = place / f"light{seed}.eider", place / f"light{seed}.log"
    try:
        for n in range(kills):
            if n % 40 == 39:  # a store of some hundred rows is enough; now and then a creation is killed as well
                folder, log, kept = place / f"light{seed}-{n}.eider", place / f"light{seed}-{n}.log", Kept()
            pid, wait = zygote.run(kept.job(seed * 1000 + n, full=False, steps=100_000), folder, log)
            killed_somewhere(pid, log, draw, verbs=8)
            assert wait() == signal.SIGKILL
            kept.follow(log)
            checked(folder, kept, full=False)
    finally:
        zygote.close()
    return kills


def full_storm(place: Path, seed: int, kills: int) -> int:
    draw, kept = random.Random(seed), Kept()
    folder, log = place / f"full{seed}.eider", place / f"full{seed}.log"
    for n in range(kills):
        pid, wait = spawned(kept.job(seed * 1000 + n, full=True, steps=100_000), folder, log)
        killed_somewhere(pid, log, draw, verbs=10)
        assert wait() == -signal.SIGKILL
        kept.follow(log)
        checked(folder, kept, full=True)
    return kills


def test_truth_and_outbox_survive_any_kill(tmp_path: Path) -> None:
    """At random moments, without ever loading the index: lost nothing, doubled nothing, tore nothing."""
    with ThreadPoolExecutor(LANES) as lanes:
        kills = lanes.map(lambda seed: light_storm(tmp_path, seed, LIGHT // LANES), range(1, LANES + 1))
    assert sum(kills) == LIGHT


def test_the_index_is_the_truth_again_after_any_kill(tmp_path: Path) -> None:
    """At random moments of verbs and drains: after healing it holds each row once, at its revision."""
    with ThreadPoolExecutor(LANES) as lanes:
        kills = lanes.map(lambda seed: full_storm(tmp_path, seed, FULL // LANES), range(1, LANES + 1))
    assert sum(kills) == FULL


def test_every_labelled_point_is_passed_by_a_test() -> None:
    """A label that no test kills at would be a promise nobody keeps."""
    core = Path(eider.__file__).parent
    found = {label for path in core.rglob("*.py") for label in re.findall(r'\bpoint\("([^"]+)"\)', path.read_text())}
    others = [path.read_text() for path in HERE.parent.rglob("test_*.py")]
    assert set(AT_LABEL) <= found
    assert {label for label in found - set(AT_LABEL) if not any(label in text for text in others)} == set()


@pytest.mark.parametrize("label", [label for label, kind in AT_LABEL.items() if kind == "light"])
def test_killed_at_a_labelled_point_of_the_truth(tmp_path: Path, label: str) -> None:
    """Before and after each step of a commit, an erasure, a rewrite and a migration."""
    zygote = Zygote()
    try:
        for passes in range(1, PASSES + 1):
            kept, folder, log = Kept(), tmp_path / f"{passes}.eider", tmp_path / f"{passes}.log"
            if label != "migrate.written":
                _, wait = zygote.run(kept.job(passes, full=False, steps=8, forgets=0), folder, log)
                assert wait() == 0
                kept.follow(log)
            count = 1 if label == "migrate.written" else passes
            job = kept.job(50 + passes, full=False, steps=100_000, forgets=20 * label.startswith("erase"))
            _, wait = zygote.run(job | {"crash": f"{label}:{count}"}, folder, log)
            assert wait() == signal.SIGKILL
            if log.exists():
                kept.follow(log)
            checked(folder, kept, full=False)
            _, wait = zygote.run(kept.job(90 + passes, full=False, steps=3), folder, log)
            assert wait() == 0
            kept.follow(log)
            checked(folder, kept, full=False)
    finally:
        zygote.close()


@pytest.mark.parametrize("label", [label for label, kind in AT_LABEL.items() if kind == "full"])
def test_killed_at_a_labelled_point_of_the_index(tmp_path: Path, label: str) -> None:
    """Between the index and the outbox."""
    kept, folder, log = Kept(), tmp_path / "a.eider", tmp_path / "a.log"
    for passes in range(1, 6):
        job = kept.job(passes, full=True, steps=100_000) | {"crash": f"{label}:{1 + passes % 3}"}
        _, wait = spawned(job, folder, log)
        assert wait() == -signal.SIGKILL
        if log.exists():
            kept.follow(log)
        checked(folder, kept, full=True)


FORGET = """
import sys
import eider
from eider.model import failpoints
from eider.providers.embedders.hashing import HashEmbedder
memory = eider.open(sys.argv[1], user="ada", embedder=HashEmbedder(width=16))
kept = memory.remember("Quokkas are on the island.")
failpoints._WANTED = sys.argv[2]
memory.forget(kept.id)
"""


@pytest.mark.parametrize("label", ["erase.copied", "erase.pointed"])
def test_a_killed_forget_is_finished_by_the_next_server(tmp_path: Path, label: str) -> None:
    """The rows were gone at once; that their bytes have to leave the disk is remembered with the erasure."""
    folder = tmp_path / "a.eider"
    done = subprocess.run([sys.executable, "-c", FORGET, str(folder), label], check=False)
    assert done.returncode == -signal.SIGKILL
    with eider.open(folder, user="ada", embedder=HashEmbedder(width=16)) as memory:
        assert memory.search().total == 0
        before = memory._engine.store.connection.database.path
        memory.drain()
        assert not memory._engine.jobs.listed("waiting")
        assert memory._engine.store.erasure_checks.columns_saying(["Quokkas"], user="ada") == []
        found = sorted(p.name for p in folder.glob("truth-*"))
        assert {name.split(".")[0] for name in found} == {memory._engine.store.connection.database.path.stem}
        assert memory._engine.store.connection.database.path.stem >= before.stem > "truth-000000"
        assert memory._engine.store.connection.database.path.stem != "truth-000001"


EXPORT = """
import sys
import eider
from eider.model import failpoints
from eider.providers.embedders.hashing import HashEmbedder
with eider.open(sys.argv[1], user="ada", embedder=HashEmbedder(width=16)) as memory:
    memory.remember("Quokkas are on the island.")
    memory.export(sys.argv[2], format="parquet")
    memory.remember("Herons are at the weir.")
    failpoints._WANTED = "export.between"
    memory.export(sys.argv[2], format="parquet")
"""


def test_an_export_killed_while_it_replaces_the_last_is_made_again(tmp_path: Path) -> None:
    """The store is as it was, and the next export is whole."""
    folder, target = tmp_path / "a.eider", tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", EXPORT, str(folder), str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    with eider.open(folder, user="ada", embedder=HashEmbedder(width=16)) as memory:
        assert memory.search().total == 2
        memory.export(target, format="parquet")
    with eider.open(tmp_path / "b.eider", user="ada", embedder=HashEmbedder(width=16)) as memory:
        assert memory.import_(target).memories == 2
