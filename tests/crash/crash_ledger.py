"""What a writer that was killed had acknowledged, and the check that its store holds that and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import crash_writer as writer

from eider.api.facade import Eider

WRITER = Path(__file__).with_name("crash_writer.py")


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
    writes: int = 0
    """How many verbs were acknowledged."""

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
        self.pending, self.next, self.writes = None, task["i"] + 1, self.writes + 1
        if task["op"] in ("record", "remember", "correct", "undo", "batch", "import"):
            for id_, text in zip(task["ids"], texts_of(task), strict=True):
                assert id_ not in self.texts, "acknowledged twice under one id"
                self.texts[id_] = text
        self.closed.update({"correct": [task.get("id")], "undo": task["ids"]}.get(task["op"], []))
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


def texts_of(task: dict[str, Any]) -> list[str]:
    """What a task says, one text for each row."""
    return task.get("texts", [task["text"]])


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
        assert sorted(extra.values()) in ([], sorted(texts_of(pending))), f"never asked for, or half: {extra}"
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
