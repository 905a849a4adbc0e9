"""Whom an outcome belongs to: which of the recalled lines the agent's answer made use of, by likeness alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

FLOOR: Final = 0.3
"""Cosine up to which two texts have nothing in common; `recall` draws the line for people there as well."""
LEAST: Final = 0.2
"""Likeness below which a line was shown and not used. A guess: one in five of its telling words."""

HALF: Final = 0.5
"""A line that is this much less in the answer than the best one has no part. A guess: it shares a topic, no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A text as attribution sees it."""

    terms: frozenset[int]
    """Its words as `eider.language.analysis.terms` tells them: stemmed, without function words."""
    vector: NDArray[np.float32]
    """Unit length, or zeros where the text has none."""


def attributed(answer: Line, recalled: Sequence[Line], asked: frozenset[int] = frozenset()) -> tuple[float, ...]:
    """How much of each recalled line is in an answer.

    Words that many of the lines share tell little about which one was used.

    Args:
        answer: What the agent said.
        recalled: What it had been shown.
        asked: Words of the question, which an answer repeats whatever it was shown.

    Returns:
        One number in [0, 1] per line, the largest 1; all 0 when the answer made use of none.
    """
    likeness = [_likeness(answer, line, recalled, asked) for line in recalled]
    best = max(likeness, default=0.0)
    if best < LEAST:
        return (0.0,) * len(recalled)
    return tuple(round(max(0.0, one / best - HALF) / (1.0 - HALF), 4) if one >= LEAST else 0.0 for one in likeness)


def _likeness(answer: Line, line: Line, among: Sequence[Line], asked: frozenset[int]) -> float:
    """Mean of the share of a line's telling words that the answer repeats, and of how close the two are in meaning."""
    weights = {t: log1p(len(among) / sum(t in other.terms for other in among)) for t in line.terms - asked}
    total = sum(weights.values())
    repeated = sum(w for t, w in weights.items() if t in answer.terms) / total if total else 0.0
    if not (answer.vector.any() and line.vector.any()):
        return repeated
    cosine = float(answer.vector @ line.vector)
    return (repeated + max(0.0, cosine - FLOOR) / (1.0 - FLOOR)) / 2


def even(count: int) -> tuple[float, ...]:
    """Where nobody knows what was used, each line has its part and no more.

    >>> even(4)
    (0.25, 0.25, 0.25, 0.25)
    """
    return (1.0 / count,) * count if count else ()
