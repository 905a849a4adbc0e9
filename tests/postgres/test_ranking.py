"""One ranker over both backends: the same rows give the same lines, loaded or nominated."""

from __future__ import annotations

import random
from pathlib import Path

import eider
from eider.providers.embedders.hashing import HashEmbedder

_WORDS = (
    "ferry quay lighthouse keeper heron harbour tide rope mast sail gull storm lamp bridge market bread stone".split()
)


def _rows() -> list[dict[str, str]]:
    chance = random.Random(7)
    return [
        {"text": f"The {' '.join(chance.sample(_WORDS, 4))} of day {n}.", "speaker": "ada", "session": f"s{n // 20}",
         "at": f"2026-05-{1 + n // 60:02}T10:{n % 60:02}:00Z"}
        for n in range(600)
    ]  # fmt: skip


def test_recall_says_the_same_as_from_files(address: str, tmp_path: Path) -> None:
    """Lines and scores of each question, and what policy and search make of the same rows."""
    clock = eider.FixedClock("2026-06-15T09:00:00+00:00")
    with (
        eider.open(tmp_path / "m.eider", user="ada", clock=clock, embedder=HashEmbedder()) as here,
        eider.open(address, user="ada", clock=clock, embedder=HashEmbedder()) as there,
    ):
        for memory in (here, there):
            memory.record_many(_rows())
            memory.observe(user_reply="Always answer in English.", agent_output="Hello.")
        chance = random.Random(8)
        nominated = 0
        for _ in range(25):
            question = " ".join(chance.sample(_WORDS, 3))
            first, second = ([(r.text, round(r.score, 6)) for r in m.recall(question, limit=10)] for m in (here, there))
            assert first == second
            there._engine.large.rows = 100  # as a user too large to load
            third = {r.text for r in there.recall(question, limit=10)}
            there._engine.large.rows = 50_000
            nominated += len(third & {text for text, _ in first})
        assert nominated >= 0.95 * 250
        assert here.policy().text == there.policy().text
