"""Texts to measure with: sentences put together from the words of the project's own labelled data."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "own_memories.jsonl"
START = datetime(2025, 1, 6, 9, tzinfo=UTC)


def vocabulary() -> tuple[list[str], list[int]]:
    """English words and how often each occurs: a natural (Zipf-like) distribution."""
    counts: Counter[str] = Counter()
    for line in DATA.read_text(encoding="utf-8").splitlines():
        store = json.loads(line)
        if store["lang"] == "en":
            for memory in store["memories"]:
                counts.update(memory["text"].split())
    words = sorted(counts, key=lambda w: (-counts[w], w))
    return words, [counts[w] for w in words]


def episodes(count: int, *, seed: int = 1, start: datetime = START) -> Iterator[dict[str, object]]:
    """`count` utterances of 6 to 26 words in sessions of 20, two speakers, a session every three hours."""
    draw = random.Random(seed)
    words, weights = vocabulary()
    for i in range(count):
        text = " ".join(draw.choices(words, weights, k=draw.randint(6, 26)))
        yield {
            "text": f"{text} (no. {i})",
            "role": "user" if i % 2 == 0 else "agent",
            "session": f"session-{i // 20}",
            "at": start + timedelta(hours=i // 20 * 3, minutes=i % 20),
            "tz": "UTC",
        }


def questions(count: int, *, seed: int = 2) -> list[str]:
    """Questions of 4 to 8 words of the same vocabulary."""
    draw = random.Random(seed)
    words, weights = vocabulary()
    return [f"what about {' '.join(draw.choices(words, weights, k=draw.randint(4, 8)))}?" for _ in range(count)]


def statements(count: int, *, seed: int = 3) -> list[str]:
    """Short memories, one sentence each."""
    draw = random.Random(seed)
    words, weights = vocabulary()
    return [f"{' '.join(draw.choices(words, weights, k=draw.randint(6, 14)))} ({i})." for i in range(count)]
