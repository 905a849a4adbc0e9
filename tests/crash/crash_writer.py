"""A process that writes until it is killed; what it was about to do and what was acknowledged goes to a log.

    crash_writer.py FOLDER LOG JOB          one run; JOB is JSON
    crash_writer.py --serve                 forks one run per line of stdin, before anything was ever opened

A log line is `try {…}` before a verb and `ack {…}` after it.
"""

from __future__ import annotations

import json
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from forked_runs import serve

from eider.api.embedded_backend import EmbeddedBackend
from eider.api.facade import Eider
from eider.model.clock import FixedClock
from eider.model.errors import UnknownIdError
from eider.model.values import KINDS
from eider.providers.embedders.hashing import HashEmbedder
from eider.providers.token_budget import HeuristicCounter
from eider.store.engine import Engine
from eider.store.maintenance import verify as _  # noqa: F401 (with it come the handlers of jobs)
from eider.store.open import open_folder, open_memory
from eider.store.protocols import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
EMBEDDER = HashEmbedder(width=16)
USER = "ada"


def opened_at(folder: Path, *, day: int = 0) -> Eider:
    """The store without a background follower; drains are verbs of this process."""
    return Eider(EmbeddedBackend(engine_over(open_folder(folder, EMBEDDER, follow=False), day)), user=USER)


def engine_over(store: Store, day: int) -> Engine:
    """An engine whose clock stands at a day."""
    clock = FixedClock(START + timedelta(days=day))
    return Engine(store=store, clock=clock, embedder=EMBEDDER, counter=HeuristicCounter())


def planned(job: dict[str, Any], i: int, draw: random.Random, live: dict[str, list[str]]) -> dict[str, Any]:
    """The next thing to do, spelled out, so that it can be done again with the same key."""
    kinds = ["record"] * 4 + ["remember"] * 4 + ["correct"] * 3 + ["consolidate"] + ["drain"] * (3 * job["full"])
    kinds += ["forget"] * job.get("forgets", 2) + ["reinforce", "pin", "undo", "batch", "import", "publish"]
    kinds += ["rebuild"] * job["full"]
    kind = draw.choice(kinds)
    if kind in ("correct", "forget", "reinforce", "pin") and not live["mem_"]:
        kind = "remember"
    word = f"w{draw.getrandbits(60):015x}"
    task: dict[str, Any] = {"i": i, "op": kind, "text": f"{kind} number {i} says {word}.", "key": f"k{job['seed']}-{i}"}
    if kind in ("batch", "import"):
        task["texts"] = [f"{kind} number {i}.{n} says {word}{n}." for n in range(10)]
    if kind in ("correct", "reinforce", "pin"):
        task["id"] = draw.choice(live["mem_"])
    if kind == "forget":
        task["id"] = draw.choice(live["mem_"] + live["ep_"])
    return task


def imported(memory: Eider, place: Path, task: dict[str, Any]) -> list[str]:
    """Import what another store exported; a file that a killed run has left is imported again."""
    path = place / f"{task['key']}.jsonl"
    if not path.exists():
        with Eider(EmbeddedBackend(engine_over(open_memory(EMBEDDER), 0)), user=USER) as other:
            other.record_many([{"text": text} for text in task["texts"]])
            other.export(path)
    memory.import_(path)
    said = {row["text"]: row["id"] for row in map(json.loads, path.read_text().splitlines()) if "text" in row}
    return [said[text] for text in task["texts"]]


def done(memory: Eider, place: Path, task: dict[str, Any]) -> list[str]:  # noqa: PLR0911, PLR0912, C901 (a verb each)
    """Do it; the ids it wrote."""
    kind, text, key = task["op"], task["text"], task["key"]
    if kind == "batch":
        return [episode.id for episode in memory.record_many([{"text": one} for one in task["texts"]], key=key)]
    if kind == "import":
        return imported(memory, place, task)
    if kind == "undo":
        kept = memory.remember(text, key=key)
        if kept.valid_to is None:  # else a run that was killed has done it
            memory.undo(next(event.id for event in memory.events() if kept.id in event.ids))
        return [kept.id]
    if kind == "publish":
        memory.publish(place / f"{key}.eider")
        return []
    if kind == "rebuild":
        memory.rebuild()
        return []
    if kind == "record":
        return [memory.record(text, key=key).id]
    if kind == "remember":
        return [memory.remember(text, key=key).id]
    if kind == "correct":
        return [memory.correct(task["id"], text, key=key).id]
    if kind == "reinforce":
        return [memory.reinforce(task["id"], key=key).id]
    if kind == "pin":
        return [memory.pin(task["id"]).id]
    if kind == "consolidate":
        return [m.id for m in memory.consolidate(prune_threshold=0.8).closed]
    if kind == "drain":
        memory.drain()
        return []
    try:
        return list(memory.forget(task["id"]).ids)
    except UnknownIdError:
        return [task["id"]]  # done before the kill, not acknowledged


def run(folder: Path, log: Path, job: dict[str, Any]) -> None:
    """Write until killed, or until `steps` verbs are done."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    draw = random.Random(f"{job['seed']}:{job['start']}")
    live = {"ep_": list(job["episodes"]), "mem_": list(job["memories"])}
    memory = opened_at(folder, day=job["start"])
    if job["full"]:
        memory.drain()
    os.write(descriptor, b"ready\n")
    pending = job.get("pending")
    for i in range(job["start"], job["start"] + job["steps"]):
        task = pending or planned(job, i, draw, live)
        pending = None
        os.write(descriptor, f"try {json.dumps(task)}\n".encode())
        ids = done(memory, log.parent, task)
        if task["op"] == "consolidate":  # one that was killed may have closed some without a word
            held = {item.id for item in memory.search(kinds=KINDS, limit=10_000).items}
            ids = [x for x in live["mem_"] if x not in held]
        os.write(descriptor, f"ack {json.dumps({**task, 'ids': ids})}\n".encode())
        if task["op"] in ("record", "remember", "batch", "import"):
            live["mem_" if task["op"] == "remember" else "ep_"] += ids
        if task["op"] in ("correct", "forget", "consolidate"):
            closed = [task.get("id"), *ids] if task["op"] != "correct" else [task["id"]]
            live = {kind: [x for x in known if x not in closed] for kind, known in live.items()}
            live["mem_"] += ids if task["op"] == "correct" else []
    assert job["full"] or "lancedb" not in sys.modules
    memory.close()


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(lambda job: run(Path(job["folder"]), Path(job["log"]), job))
    else:
        run(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
