"""How fast the verbs are, by the number of a user's rows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import corpus
import measure

import eider
from eider.api.facade import Eider

SIZES = (1_000, 10_000, 100_000)
_COLD = """
import sys, time
import eider, duckdb, numpy
from eider.providers.embedders import default_embedder
import eider.api.local, eider.retrieve.recall
embedder = default_embedder(); embedder.embed(["warm"], "query")
start = time.perf_counter()
with eider.open(sys.argv[1], user="ada", embedder=embedder) as memory:
    opened = time.perf_counter()
    memory.recall(sys.argv[2])
    print((opened - start) * 1e3, (time.perf_counter() - opened) * 1e3)
"""


@contextmanager
def filled(count: int, user: str = "ada") -> Iterator[tuple[Eider, Path]]:
    """An open store with so many episodes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.eider"
        with eider.open(path, user=user) as memory:
            memory.record_many(list(corpus.episodes(count)))
            yield memory, path


def recall_rows() -> Iterator[list[str]]:
    """Warm and cold recall, and whether the exact text of a row comes first."""
    for size in SIZES:
        with filled(size) as (memory, path):
            asked = corpus.questions(200)
            memory.drain()
            memory.recall(asked[0])
            times = measure.each(lambda q: memory.recall(str(q)), asked)
            texts = [str(e["text"]) for i, e in enumerate(corpus.episodes(size)) if i % (size // 100) == 0]
            first = sum(memory.recall(t, limit=1)[0].text == t for t in texts) / len(texts)
            inject = measure.each(lambda q: memory.inject(str(q)), asked[:50])
            memory.close()
            runs = [subprocess.run([sys.executable, "-c", _COLD, str(path), asked[1]], check=True, capture_output=True,
                                   text=True).stdout.split() for _ in range(5)]  # fmt: skip
            opened, cold = (sorted(float(run[i]) for run in runs)[2] for i in (0, 1))
            yield [f"{size:,}", str(times), f"{cold:.0f}", f"{opened:.0f}", f"{first:.0%}", str(inject)]


def write_rows() -> Iterator[list[str]]:
    """Single and bulk writes."""
    with filled(1_000) as (memory, _):
        memory.recall("warm")
        said = [str(e["text"]) for e in corpus.episodes(300, seed=9)]
        yield ["`record`, one at a time", str(measure.each(lambda t: memory.record(str(t)), said)), ""]
        stated = corpus.statements(300)
        yield ["`remember`, one at a time", str(measure.each(lambda t: memory.remember(str(t)), stated)), ""]
        items = list(corpus.episodes(20_000, seed=11))
        seconds = measure.once(lambda: memory.record_many(items))
        yield ["`record_many`, 20,000", "", f"{len(items) / seconds:,.0f} / s"]
        many = corpus.statements(5_000, seed=12)
        seconds = measure.once(lambda: memory.remember_many(many))
        yield ["`remember_many`, 5,000", "", f"{len(many) / seconds:,.0f} / s"]


def neighbour_rows() -> Iterator[list[str]]:
    """The cost of growth: one's own rows, and others'."""
    for own, others in ((1_000, 0), (1_000, 5_000), (1_000, 20_000), (5_000, 0), (20_000, 0)):
        with filled(own) as (memory, _):
            if others:
                memory.record_many(list(corpus.episodes(others, seed=5)), user="someone else")
            memory.recall("warm")
            asked = corpus.questions(60)
            recall = measure.each(lambda q: memory.recall(str(q)), asked)
            record = measure.each(lambda t: memory.record(str(t)), corpus.statements(60))
            remember = measure.each(lambda t: memory.remember(str(t)), corpus.statements(60, seed=8))
            kept = [r.id for r in memory.search(kinds=["fact"], limit=30).items]
            correct = measure.each(lambda i: memory.correct(str(i), f"corrected {i}"), kept)
            yield [f"{own:,}", f"{others:,}", str(recall), str(record), str(remember), str(correct)]


def disk_row() -> list[str]:
    """Bytes per 1,000 short memories, after compaction, with the search index."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.eider"
        with eider.open(path, user="ada") as memory:
            memory.remember_many(corpus.statements(10_000))
            memory.drain()
            memory._engine.scrub()
        truth = sum(p.stat().st_size for p in path.glob("truth-*")) / 1e6
        return [f"{measure.size_mb(path) / 10:.2f}", f"{truth / 10:.2f}", f"{measure.size_mb(path / 'index') / 10:.2f}"]


def erase_row() -> list[str]:
    """A forget in a store of about 100 MB, and the longest pause of a recall meanwhile."""
    with filled(60_000) as (memory, path):
        memory.drain()
        target = memory.recall(corpus.questions(1)[0], limit=1)[0].id
        pauses: list[float] = []
        stop = threading.Event()

        def ask() -> None:
            questions = corpus.questions(50)
            i = 0
            while not stop.is_set():
                pauses.append(measure.once(lambda: memory.recall(questions[i % 50])) * 1e3)  # noqa: B023
                i += 1
                time.sleep(0.005)

        memory.recall("warm")
        asker = threading.Thread(target=ask)
        asker.start()
        time.sleep(1.0)
        before = list(pauses)
        seconds = measure.once(lambda: memory.forget(target))
        stop.set()
        asker.join()
        during = pauses[len(before) :]
        return [
            f"{measure.size_mb(path):.0f}",
            f"{seconds:.2f}",
            f"{max(before):.0f}",
            f"{max(during):.0f}",
            str(len(during)),
        ]
