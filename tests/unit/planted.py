"""A world in which words or meaning are right as a test says, and a user who lives in it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

import eider
from eider.model.clock import FixedClock

THEMES = 40
START = datetime(2026, 5, 1, tzinfo=UTC)
WIDTH = 440


class PlantedEmbedder:
    """Likeness as a test plants it: text → theme, and its cosine with other texts of the theme; others have none."""

    fingerprint = "planted"
    width = WIDTH
    planted: ClassVar[dict[str, tuple[int, float]]] = {}
    order: ClassVar[dict[str, int]] = {}

    def embed(self, texts: Sequence[str], purpose: str) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in zip(rows, texts, strict=True):
            if text in self.planted:
                theme, cosine = self.planted[text]
                row[theme] = cosine
                row[THEMES + self.order[text]] = (1 - cosine**2) ** 0.5
        return rows


def library(memory: eider.Eider) -> list[tuple[str, str, str]]:
    """Questions with the memory that has their words, and the one that is most like them in meaning.

    Around each stand eight that are alike in meaning, in words of their own: more or less, from theme to theme.
    """
    draw = random.Random(7)
    questions: list[tuple[str, str, str]] = []
    items: list[str] = []
    for n in range(THEMES):
        question, lexical = f"Where is the zarquon{n}?", f"The zarquon{n} belongs in drawer {n}."
        dense = [f"Neighbour {n}{k} keeps blivet{n}{k} tidy." for k in range(8)]
        strength = draw.uniform(0.4, 0.9)
        PlantedEmbedder.planted |= {question: (n, 1.0), lexical: (n, 0.2)}
        PlantedEmbedder.planted |= {text: (n, strength + 0.01 * (8 - k)) for k, text in enumerate(dense)}
        items += [lexical, *dense]
        questions.append((question, lexical, dense[0]))
    PlantedEmbedder.order |= {text: place % (WIDTH - THEMES) for place, text in enumerate(PlantedEmbedder.planted)}
    kept = {m.text: m.id for m in memory.remember_many(items)}
    return [(q, kept[lexical], kept[dense]) for q, lexical, dense in questions]


def live(
    memory: eider.Eider, clock: FixedClock, asked: Sequence[tuple[str, str, str]], lexical: float, turns: int = 12
) -> None:
    """Turns of a user for whom the memory with the words is the right one in this share of them."""
    draw = random.Random(11)
    for _ in range(turns):
        clock.advance(timedelta(minutes=10))
        question = asked[draw.randrange(THEMES // 2)]
        right = question[1 if draw.random() < lexical else 2]
        loop = memory.open_loop()
        found = {h.id: h.text for h in memory.recall(question[0], limit=12, loop=loop.id)}
        answer, outcome = found.get(right, "I do not know."), 1.0 if right in found else -1.0
        memory.close_loop(loop.id, agent_output=answer, outcome=outcome)
