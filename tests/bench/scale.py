"""One million episodes of a thousand users in one store: minutes and gigabytes, so it runs only when asked for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import corpus
import measure

import eider

_OPEN = """
import sys, time
start = time.perf_counter()
import eider
with eider.open(sys.argv[1], user="user-7") as memory:
    opened = time.perf_counter() - start
    start = time.perf_counter()
    memory.recall("what about the plan?")
    first = time.perf_counter() - start
    import psutil
    one = psutil.Process().memory_info().rss
    for number in range(0, int(sys.argv[2]), max(1, int(sys.argv[2]) // 200)):
        memory.recall("what about the plan?", user=f"user-{number}")
    print(opened, first, one / 1e6, psutil.Process().memory_info().rss / 1e6)
"""


def rows(users: int = 1_000, each: int = 1_000) -> Iterator[list[str]]:
    """Warm recall within a large store beside a store of its own; open time, memory, disk."""
    asked = corpus.questions(100)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.eider"
        started = time.perf_counter()
        with eider.open(path) as memory:
            for number in range(users):
                memory.record_many(list(corpus.episodes(each, seed=number)), user=f"user-{number}")
                if number % 50 == 49:
                    done = time.perf_counter() - started
                    print(f"  {number + 1:,} of {users:,} users, {done:.0f} s", file=sys.stderr, flush=True)
        filled = time.perf_counter() - started
        with eider.open(path) as memory:
            cold = measure.each(lambda u: memory.recall(asked[0], user=f"user-{u}"), range(300, 340))
            warm = measure.each(lambda q: memory.recall(str(q), user="user-7"), asked)
            following = measure.once(memory.drain)
        command = [sys.executable, "-c", _OPEN, str(path), str(users)]
        opened, first, one_mb, many_mb = subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.split()
        size = measure.size_mb(path)
    with tempfile.TemporaryDirectory() as folder, eider.open(Path(folder) / "memory.eider", user="user-7") as alone:
        alone.record_many(list(corpus.episodes(each, seed=7)))
        alone.recall(asked[0])
        own = measure.each(lambda q: alone.recall(str(q)), asked)
    yield ["filling it", f"{filled / 60:.1f} minutes, {users * each / filled:,.0f} episodes/s, {size:,.0f} MB on disk"]
    yield ["the search index catches up", f"{following:.0f} s after the last write"]
    yield ["warm recall there / in a store of its own", f"{warm} ms / {own} ms: {warm.p50 / own.p50:.2f} times"]
    yield ["first recall of a user", f"{cold} ms"]
    yield ["open, fresh process", f"{float(opened):.2f} s (import included), first recall {float(first) * 1e3:.0f} ms"]
    yield [
        "resident memory",
        f"a fresh process, index up to date: {float(one_mb):.0f} MB after one user, {float(many_mb):.0f} MB after 200",
    ]
