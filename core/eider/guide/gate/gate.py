"""The gate before injection: lets a line through only when it is likely to help, and says why when none is.

A line's probability comes of two: that the prompt wants something of this store at all, and that this line is what
it wants. So a general question is not answered by a line that shares its words, and no line is forced on a prompt
about something else. Silence is broken only by a line that is good enough by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eider.guide.gate import lexicon as lists
from eider.guide.gate.prompt_reading import Line, Reading
from eider.guide.gate.prompt_words import entries
from eider.guide.gate.signals import NAMES, OF_PROMPT, WordBook, signals
from eider.guide.gate.weights import GateWeights, shipped

Floats = NDArray[np.float64]

MOST: Final = 5
"""Lines injected at most."""
FITS: Final = 0.4
"""Probability of being what the prompt wants from which a line may follow one that passed: a prompt that is worth one line
is often worth two. On left-out stores, against 1: 4 points more prompts get a line that helps, and precision falls by 5."""
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
_MEANT: Final = 0.3
"""Cosine below which a line that shares no word with the prompt is about something else: good-byes brought lines of 0.07
to 0.23, what was wanted had 0.4 and more. By hand: the data has no good-byes."""
_PROMPT: Final = np.array([name in OF_PROMPT for name in NAMES], np.bool_)
_AT: Final = {name: place for place, name in enumerate(NAMES)}
_TOLD, _EXACT = 1.5, 3.0
"""Log odds that an utterance helps with what asks of a time gone by, and a line that the prompt quotes. By hand: both are
too rare in the data to be fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which lines may be injected, and why these or none."""

    chosen: tuple[int, ...]
    """Places of the lines, most likely first."""
    odds: tuple[float, ...]
    """Probability of each line looked at that it helps, in [0, 1]."""
    why: str


def admit(lines: Sequence[Line], prompt: str, book: WordBook) -> Verdict:
    """Judge candidates, best first; only the first `LOOKED_AT` are looked at."""
    weights = shipped()
    lines = [replace(one, text=one.text[:READ]) if len(one.text) > READ else one for one in lines[:LOOKED_AT]]
    if len(prompt) > READ:
        prompt = f"{prompt[: READ // 2]} {prompt[-READ // 2 :]}"
    if not lines:
        return Verdict(chosen=(), odds=(), why="silent: nothing is remembered that may be shown here")
    x, reading = signals(prompt, lines, book)
    if reading.empty:
        return Verdict(chosen=(), odds=(0.0,) * len(lines), why=f"silent: {reading.empty}")
    wants, fits, odds = judged(x, prompt, weights)
    odds[[_is_elsewhere(one, reading, prompt) for one in lines]] = 0.0
    chosen = passing(odds, fits, weights.speak)
    first = int(np.argmax(odds))
    best = float(odds[first])
    if chosen:
        why = (
            f"{len(chosen)} line(s) likely to help; the best with probability {best:.2f}, {weights.speak:.2f} is asked"
        )
    else:
        missing = _missing(x[first], reading, wants, weights)
        why = f"silent: {missing} (the best line helps with probability {best:.2f}, {weights.speak:.2f} is asked)"
    return Verdict(chosen=chosen, odds=tuple(odds.tolist()), why=why)


def _is_elsewhere(line: Line, reading: Reading, prompt: str) -> bool:
    """Whether a line has nothing in common with a prompt; what is learned may answer a question or hold for a task still."""
    open_to_it = line.kind and (reading.traits["task"] or lists.ASKS.search(prompt))
    return line.coverage <= 0 and line.cosine < _MEANT and not open_to_it


def passing(odds: Floats, fits: Floats, speak: float) -> tuple[int, ...]:
    """Places of the lines to inject, most likely first; none unless the best reaches `speak`.

    Args:
        odds: Probability of each line that it helps, shape `(n,)`.
        fits: Probability of each that it is what is wanted, if something is.
        speak: In [0, 1].
    """
    order = [int(i) for i in np.argsort(-odds, kind="stable")[:MOST]]
    if not order or odds[order[0]] < speak:
        return ()
    return (order[0], *(i for i in order[1:] if fits[i] >= FITS))


def judged(x: NDArray[np.float32], prompt: str, weights: GateWeights) -> tuple[float, Floats, Floats]:
    """Return three probabilities: that the prompt wants something of this store, that each line is it, that each helps.

    Args:
        x: Signals of the lines, shape `(n, signals)`, n >= 1.
        prompt: As typed.
        weights: As fitted.
    """
    places, values = entries(prompt)
    said = float(weights.words[places].astype(np.float32) @ values) * weights.step
    wants = said + x.max(axis=0) @ weights.highest + x.mean(axis=0) @ weights.mean + weights.prompt_bias
    fits = x @ weights.line + weights.line_bias + _EXACT * x[:, _AT["exact"]]
    told = wants + _TOLD * x[:, _AT["told"]]
    both = -np.logaddexp(0.0, -told) - np.logaddexp(0.0, -fits)
    return float(_sigmoid(wants)), _sigmoid(fits), _sigmoid(weights.slope * both + weights.offset)


def _sigmoid(value: NDArray[np.floating[Any]] | float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.asarray(value, np.float64))))


def _missing(row: NDArray[np.float32], reading: Reading, wants: float, weights: GateWeights) -> str:
    """What kept the best line out, the weightiest first."""
    signal = dict(zip(NAMES, row.tolist(), strict=True))
    counts = np.where(_PROMPT, weights.highest + weights.mean, weights.line).tolist()
    cost = {name: -signal[name] * count for name, count in zip(NAMES, counts, strict=True)}
    if wants < _UNLIKELY and max(cost["general"], cost["indefinite"]) > 0:
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
    if wants < _UNLIKELY and cost[worst] <= 1:
        return "nothing in it points at this user's own affairs"
    return said[worst] if cost[worst] > 0 else "no line is near enough"


def _quoted(names: frozenset[str]) -> str:
    return " and ".join(repr(name) for name in sorted(names))
