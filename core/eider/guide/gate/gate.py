"""The gate before injection: lets a line through only when it is likely to help, and says why when none is.

A line's probability is a product of two: that the prompt is about someone's own world at all, and that this
line helps with it. So a general question is not answered by a line that shares its words, and no line is
forced on a prompt about something else. Silence is broken only by a line that is good enough by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eider.guide.gate.prompt_reading import Line, Reading
from eider.guide.gate.signals import NAMES, OF_PROMPT, WordBook, signals
from eider.guide.gate.weights import WEIGHTS, GateWeights

MOST: Final = 5
"""Lines injected at most."""
BESIDE: Final = 0.6
"""Share of the asked probability at which a line may follow one that passed: a prompt that is worth one line is often
worth two. On both development sets, against 1: 3 points more prompts get a line that helps (.43 to .46), precision falls
by 11 (.64 to .53); at 0.4 by another 10 for 2. Prompts that several lines help with gain most (.29 to .34 of the lines)."""
LOOKED_AT: Final = 12
"""Candidates judged: the ranker has 99 % of the memories that help among its first twelve, and 95 % of the utterances."""
READ: Final = 2_000
"""Characters of a line, and of a prompt's beginning and end, that are judged: a pasted file says little of what is
wanted, and would take time. A guess."""
_UNLIKELY: Final = 0.5
"""Probability of being about someone's own world below which that is the reason given."""
_WANTED: Final = {
    "money": "an amount of money", "clock": "a time of day", "span": "a length of time", "length": "a measure",
    "often": "how often", "colour": "a colour", "warmth": "a temperature", "age": "an age", "when": "a date", "number": "a number", "who": "a person", "named": "a name",
}  # fmt: skip
_PROMPT: Final = np.array([name in OF_PROMPT for name in NAMES], np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which lines may be injected, and why these or none."""

    chosen: tuple[int, ...]
    """Places of the lines, most likely first."""
    odds: tuple[float, ...]
    """Probability of each line looked at that it helps, in [0, 1]."""
    why: str


def admit(lines: Sequence[Line], prompt: str, book: WordBook, *, weights: GateWeights = WEIGHTS) -> Verdict:
    """Judge candidates, best first; only the first `LOOKED_AT` are looked at."""
    lines = [replace(one, text=one.text[:READ]) if len(one.text) > READ else one for one in lines[:LOOKED_AT]]
    if len(prompt) > READ:
        prompt = f"{prompt[: READ // 2]} {prompt[-READ // 2 :]}"
    if not lines:
        return Verdict(chosen=(), odds=(), why="silent: nothing is remembered that may be shown here")
    x, reading = signals(prompt, lines, book)
    if reading.empty:
        return Verdict(chosen=(), odds=(0.0,) * len(lines), why=f"silent: {reading.empty}")
    world, odds = judged(x, weights)
    chosen = passing(odds, weights.speak)
    first = int(np.argmax(odds))
    best = float(odds[first])
    if chosen:
        why = f"{len(chosen)} line(s) likely to help; the best {best:.2f}, {weights.speak:.2f} is asked"
    else:
        missing = _missing(x[first], reading, world, weights)
        why = f"silent: {missing} (the best line {best:.2f}, {weights.speak:.2f} is asked)"
    return Verdict(chosen=chosen, odds=tuple(odds.tolist()), why=why)


def passing(odds: NDArray[np.float64], speak: float) -> tuple[int, ...]:
    """Places of the lines to inject, most likely first; none unless the best reaches `speak`."""
    order = [int(i) for i in np.argsort(-odds, kind="stable")[:MOST]]
    if not order or odds[order[0]] < speak:
        return ()
    return tuple(i for i in order if odds[i] >= speak * BESIDE)


def judged(x: NDArray[np.float32], weights: GateWeights = WEIGHTS) -> tuple[float, NDArray[np.float64]]:
    """Probability that the prompt is about someone's own world, and that each line helps, shape `(n,)`."""
    w = np.array([weights.by_name.get(name, 0.0) for name in NAMES])
    world = _sigmoid(np.dot(x[:, _PROMPT], w[_PROMPT]) + weights.world)
    line = _sigmoid(np.dot(x[:, ~_PROMPT], w[~_PROMPT]) + weights.line)
    return float(world.max(initial=0.0)), world * line


def _sigmoid(value: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-value)), np.float64)


def _missing(row: NDArray[np.float32], reading: Reading, world: float, weights: GateWeights) -> str:
    """What kept the best line out, the weightiest first."""
    signal = dict(zip(NAMES, row.tolist(), strict=True))
    cost = {name: -signal[name] * weights.by_name.get(name, 0.0) for name in NAMES}
    if world < _UNLIKELY and max(cost["general"], cost["indefinite"]) > 0:
        return "a general question"
    if cost["foreign_name"] > 0 and reading.names:
        return f"names {_quoted(reading.names)}, which the lines here do not"
    if cost["name_miss"] > 0:
        return f"names {_quoted(reading.names)}, which the best line does not"
    said = {
        "type_miss": f"asks for {_WANTED.get(reading.wants, 'something')}; the best line has none",
        "unit_miss": f"asks how many {reading.counted}; the best line counts none",
        "gap": "the best line is about the same thing, but not about what is asked of it",
    }
    worst = max(said, key=lambda name: cost[name])
    if world < _UNLIKELY and cost[worst] <= 1:
        return "nothing in it points at this user's own affairs"
    return said[worst] if cost[worst] > 0 else "no line is near enough"


def _quoted(names: frozenset[str]) -> str:
    return " and ".join(repr(name) for name in sorted(names))
