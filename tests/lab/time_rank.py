"""Processor time of `rank` warm and `Segment.build` cold on made-up talk of 1k, 10k and 100k rows.

python tests/lab/time_rank.py [rows ...]
"""

from __future__ import annotations

import sys
import time
from datetime import date, timedelta

import numpy as np

from eider.language.analysis import HEADER, Analysis  # noqa: F401
from eider.retrieve.query import Question
from eider.retrieve.rank import rank
from eider.store.segment.segment import FOREVER, Segment, SegmentRows

START = date(2024, 1, 1)


def talk(count: int, width: int = 256, seed: int = 1) -> tuple[SegmentRows, list[str]]:
    """Rows whose words follow Zipf's law over 30,000 invented words."""
    from eider.language.analysis import analyse

    rng = np.random.default_rng(seed)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    vocabulary = ["".join(rng.choice(syllables, 3)) for _ in range(30_000)]
    lengths = rng.integers(4, 22, count)
    words = np.minimum(rng.zipf(1.25, int(lengths.sum())), len(vocabulary)) - 1
    ends = np.cumsum(lengths)
    texts = [
        " ".join(vocabulary[w] for w in words[e - n : e]) for e, n in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]
    day = [START + timedelta(days=i // 60) for i in range(count)]
    centre = rng.normal(size=width) * 0.7
    vectors = (rng.normal(size=(count, width)) + centre).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    at = np.arange(count, dtype=np.int64) * 60_000_000
    return SegmentRows(
        ids=[f"{i:032x}" for i in range(count)], is_memory=np.zeros(count, np.bool_),
        analysis=[analyse(t, said_on=d).to_bytes() for t, d in zip(texts, day, strict=True)], vectors=vectors,
        session=[f"s{i // 30}" for i in range(count)], seq=np.arange(count) % 30, at=at,
        local_day=np.array([d.toordinal() for d in day], np.int32), speaker=["Ada" if i % 2 else "Ben" for i in range(count)],
        role=(np.arange(count) % 2).astype(np.int8), kind=np.full(count, -1, np.int8), scope=["global"] * count,
        valid_from=at, valid_to=np.full(count, FOREVER), trust=np.full(count, 2, np.int8), state=np.zeros(count, np.int8),
        importance=np.full(count, 3, np.int8), pinned=np.zeros(count, np.bool_), stability=np.full(count, 30, np.float32),
        last_used=at, evidence=[()] * count, successor=[""] * count,
    ), texts  # fmt: skip


def main() -> None:
    for count in [int(a) for a in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        rows, texts = talk(count)
        builds = []
        for _ in range(3):
            started = time.process_time()
            segment = Segment.build(rows)
            builds.append(time.process_time() - started)
        rng = np.random.default_rng(2)
        asked, read = [], []
        for i in range(120):
            base = texts[int(rng.integers(count))].split()
            text = "What did Ada say about " + " ".join(base[:6]) + (" in March 2024?" if i % 3 == 0 else "?")
            vector = rows.vectors[int(rng.integers(count))]
            started = time.process_time()
            question = Question.read(text, segment, today=START, now=int(rows.at[-1]), embed=lambda _, v=vector: v)
            read.append(time.process_time() - started)
            started = time.process_time()
            rank(segment, question, segment.alive, limit=10)
            asked.append(time.process_time() - started)
        ms = lambda v, q: 1000 * sorted(v)[int(q * len(v))]  # noqa: E731
        print(
            f"{count:7d} rows: build {min(builds) * 1000:7.1f} ms, {segment.nbytes / count:6.0f} B/row, read p50 {ms(read, 0.5):.2f} ms,"
            f" rank p50 {ms(asked, 0.5):.2f} p95 {ms(asked, 0.95):.2f} ms",
            flush=True,
        )


if __name__ == "__main__":
    main()
