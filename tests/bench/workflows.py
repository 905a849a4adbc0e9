"""What keeping a workflow's steps costs, and how large it gets."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import corpus
import measure
import numpy as np

import eider
from eider.api.facade import Eider
from eider.model.ids import new_id
from eider.model.runs import Content, Step
from eider.privacy.redact import redact_tree
from eider.store.engine import Engine
from eider.store.sql.runs import STEP, step_row

STEPS = 200
RUNS, PER_RUN = 10_000, 10
ASKED = 100
SIZES = {"2 KB": 2_000, "20 KB": 20_000, "200 KB": 200_000}


def own_time(call: Callable[[object], object], inputs: Iterable[object]) -> measure.Times:
    """Time one call per input in milliseconds of this thread: without waits for the disk and for a busy processor."""
    spent: list[float] = []
    for one in inputs:
        start = time.thread_time()
        call(one)
        spent.append((time.thread_time() - start) * 1e3)
    return measure.Times(float(np.percentile(spent, 50)), float(np.percentile(spent, 95)), len(spent))


def _outputs(size: int, count: int) -> list[dict[str, object]]:
    texts = corpus.statements(max(200, size // 20))
    return [
        {"n": n, "text": " ".join(texts[(n * 7 + i) % len(texts)] for i in range(size // 40))[:size]}
        for n in range(count)
    ]


def step_rows() -> Iterator[list[str]]:
    """A step that is kept, each beside its row and content written bare, by the size of its output."""
    with tempfile.TemporaryDirectory() as folder, eider.open(Path(folder, "m.eider"), user="ada") as memory:
        for size in ("2 KB", "20 KB"):
            outputs = _outputs(SIZES[size], STEPS)
            bare = _bare(memory, outputs)
            with memory.run("report") as run:
                calls = iter(outputs)

                @run.step
                def work() -> dict[str, object]:
                    return next(calls)  # noqa: B023 (called within the round)

                pairs = [(own_time(bare, [n]).p50, own_time(lambda _: work(), [n]).p50) for n in range(STEPS)]
            floor, kept = ([pair[i] for pair in pairs] for i in (0, 1))
            added = float(np.median([b - a for a, b in pairs]))
            yield [
                size,
                *(f"{np.percentile(x, 50):.2f} / {np.percentile(x, 95):.2f}" for x in (kept, floor)),
                f"{added:.2f}",
            ]


def _bare(memory: Eider, outputs: list[dict[str, object]]) -> Callable[[object], None]:
    """Return what writes the rows of a step through the store alone."""
    store = memory._engine.store
    held = memory.begin_run("bare", holder="h")
    made = Step(
        run=held.id, name="work", number=1, kind="output", status="done", seq=0, after=0, started_at=held.started_at,
        ended_at=held.started_at, trust=1,
    )  # fmt: skip

    def write(n: object) -> None:
        content = Content.of(redact_tree({"bare": True, **outputs[int(str(n))]}))
        step = replace(made, number=int(str(n)) + 1, digest=content.digest)
        store.steps.save(step, content, user="ada", op="keep_step", actor="bench", at=held.started_at)

    return write


def context_rows() -> Iterator[list[str]]:
    """What a step sees, in a store of many runs; the runs that are asked for share no output with any other."""
    with tempfile.TemporaryDirectory() as folder, eider.open(Path(folder, "m.eider"), user="ada") as memory:
        asked = iter(filled(memory._engine, RUNS, 8 * ASKED))
        for sees in ("previous", "all"):
            for window in (200_000, 1_200):

                def call(run: object, after: int | None = None, sees: str = sees, window: int = window) -> None:
                    memory.run_context(str(run), sees=sees, instruction="What is due?", window=window, after=after)  # type: ignore[arg-type]

                new, next_step = ([next(asked) for _ in range(ASKED)] for _ in range(2))
                first, again = own_time(call, new), own_time(call, new)
                for run in next_step:
                    call(run, PER_RUN - 1)
                cells = [first, own_time(call, next_step), again]
                yield [f"{RUNS:,} × {PER_RUN}", sees, "whole" if window > 10_000 else "cut", *map(str, cells)]


def filled(engine: Engine, count: int, own: int) -> list[str]:
    """Write runs of ten steps in bulk; returns the ids of so many that have outputs of their own."""
    with engine.store.connection.turn():
        made = new_id("run_")
        first = memory_of(engine).begin_run("report", holder="h", key=made)
    outputs = [Content.of(o) for o in _outputs(2_000, PER_RUN)]
    database = engine.store.runs._database  # pyright: ignore[reportAttributeAccessIssue]
    ids = [new_id("run_") for _ in range(count)]
    every = count // own
    with database.writing() as db:
        for content in outputs:
            db.execute(
                "INSERT INTO run_contents VALUES ('ada', ?, ?, ?)", [content.digest, content.media, content.data]
            )
        db.execute(
            f"INSERT INTO runs SELECT unnest($1), * EXCLUDE (id) REPLACE (unnest($1) AS run_key) FROM runs WHERE id = '{first.id}'",
            [ids],
        )
        for place, content in enumerate(outputs, 1):
            step = Step(
                run="", name=f"step {place}", number=1, kind="output", status="done", seq=place, after=place - 1,
                started_at=first.started_at, ended_at=first.started_at, trust=1, digest=content.digest,
                tokens=engine.counter.count(content.text()), size=len(content.data),
            )  # fmt: skip
            names, row = ", ".join(STEP[1:]), step_row(step, "ada")[1:]
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT INTO run_steps (run_id, {names}) SELECT unnest(?), {marks}", [ids, *row])
            for run in ids[::every]:
                mine = Content.of({**content.value(), "run": run})
                db.execute("INSERT INTO run_contents VALUES ('ada', ?, ?, ?)", [mine.digest, mine.media, mine.data])
                db.execute("UPDATE run_steps SET digest = ? WHERE run_id = ? AND seq = ?", [mine.digest, run, place])
    return ids[::every][:own]


def memory_of(engine: Engine) -> Eider:
    from eider.api.embedded_backend import EmbeddedBackend

    return Eider(EmbeddedBackend(engine), user="ada")


def disk_rows() -> Iterator[list[str]]:
    """Bytes that a run adds to a store in use, beside the sum of its distinct outputs: every second output was there before."""
    for name, size in SIZES.items():
        for kind in ("text", "random bytes"):
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder, "m.eider")
                _kept(place, _outputs(100, 1) * STEPS)
                before = measured(place)
                outputs = (
                    _outputs(size, STEPS // 2) if kind == "text" else [os.urandom(size) for _ in range(STEPS // 2)]
                )
                _kept(place, [*outputs, *outputs])
                distinct = sum(len(o if isinstance(o, bytes) else Content.of(o).data) for o in outputs)
                grown = measured(place) - before
                yield [name, kind, f"{distinct / 1e6:.1f} MB", f"{grown / 1e6:.1f} MB", f"{grown / distinct:.2f}"]


def _kept(place: Path, outputs: Sequence[object]) -> None:
    with eider.open(place, user="ada") as memory, memory.run("report") as run:
        for one in outputs:
            run.keep("work", one, media="application/octet-stream" if isinstance(one, bytes) else None)
    with eider.open(place, user="ada") as memory:
        memory.drain()
        memory._engine.store.copies.rewrite()  # what files hold for nothing would hide what a small run adds


def next_tool_rows() -> Iterator[list[str]]:
    """Next-tool prediction where the trajectories are at hand, in `bench/state_bench` of the shared data."""
    shared = os.environ.get("EIDER_SHARED")
    folder = Path(shared or "", "bench", "state_bench")
    if not shared or not folder.is_dir():
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
    import next_tool

    for domain in sorted(p for p in folder.iterdir() if p.is_dir()):
        found = {
            name: (asked, first, three)
            for name, asked, first, three in next_tool.scores(next_tool.trajectories(domain))
        }
        cells = [f"{100 * first / asked:.1f} / {100 * three / asked:.1f}" for asked, first, three in found.values()]
        yield [domain.name, str(next(iter(found.values()))[0]), *cells]


def measured(folder: Path) -> int:
    """Bytes of all files below a directory."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
