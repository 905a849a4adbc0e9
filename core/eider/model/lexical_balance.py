"""The balance between words and meaning for one user: a bandit that never explores.

Each arm is a lexical share. A closed loop tells of all arms at once, for each can be asked where it would have put
what turned out useful; so nobody is ever shown a worse answer to find something out. The share that recall uses is
the mean of what Thompson sampling would draw: each arm counts with the probability that it is the best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ARMS: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares that are weighed against each other; between them the mean interpolates."""
NEUTRAL: Final = 0.5
"""As shipped: words and meaning count what the ranker's weights say."""
_KEPT: Final = 0.99
"""What of older evidence is left after a loop: some hundred loops count, so that a change of habit shows. A guess."""
_SAME: Final = 1e-9
_GRID: Final = (np.arange(800) + 0.5) / 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One line of an answer: its evidence as shipped, and its part of the outcome."""

    words: float
    meaning: float
    rest: float
    credit: float
    """At least 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is known of one user's arms."""

    share: float = NEUTRAL
    counts: tuple[tuple[float, float], ...] = ((1.0, 1.0),) * len(ARMS)
    """Successes and failures of each arm: a Beta distribution, at the start a flat one."""

    def state(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {"share": self.share, "counts": [list(c) for c in self.counts]}

    @classmethod
    def of(cls, state: Mapping[str, Any] | None) -> Balance:
        """From JSON; what was learned over other arms is not taken over."""
        if state is None or len(state["counts"]) != len(ARMS):
            return cls()
        return cls(share=float(state["share"]), counts=tuple((float(s), float(f)) for s, f in state["counts"]))


def scale(share: float) -> tuple[float, float]:
    """Factors of words and of meaning.

    >>> scale(0.5), scale(0.75)
    ((1.0, 1.0), (1.5, 0.5))
    """
    return 2.0 * share, 2.0 * (1.0 - share)


def taught(balance: Balance, asks: Sequence[Sequence[Candidate]], outcome: float) -> Balance:
    """The balance after one loop.

    Args:
        balance: As it was.
        asks: The answer to each recall of the loop, lines in any order.
        outcome: In [−1, 1]; what is below 0 speaks for arms that would have put the blamed lines further down.

    Returns:
        The same balance when no arm would have answered differently.
    """
    gains = np.zeros((len(ARMS), 2))
    for lines in asks:
        reward = _rewards(lines)
        if np.ptp(reward) < _SAME:
            continue
        won = reward if outcome > 0 else 1.0 - reward
        weight = abs(outcome) * min(1.0, sum(line.credit for line in lines))
        gains += weight * np.stack((won, 1.0 - won), axis=1)
    if not gains.any():
        return balance
    counts = 1.0 + (np.array(balance.counts) - 1.0) * _KEPT + gains
    kept = tuple((round(float(s), 6), round(float(f), 6)) for s, f in counts)
    return Balance(share=round(float(np.dot(ARMS, chances(kept))), 4), counts=kept)


def _rewards(lines: Sequence[Candidate]) -> NDArray[np.float64]:
    """How right each arm was about what was credited.

    One half is how high it would have put that; the other is how high words alone and meaning alone would have, in the
    arm's proportion. The second tells them apart where several arms would have answered alike.
    """
    evidence = np.array([(c.words, c.meaning, c.rest) for c in lines], np.float64).reshape(-1, 3)
    credit = np.array([c.credit for c in lines], np.float64)
    if credit.sum() <= 0:
        return np.zeros(len(ARMS))
    mixed = _heights(np.array([(*scale(share), 1.0) for share in ARMS]) @ evidence.T, credit)
    words, meaning = _heights(evidence[:, :2].T, credit)
    alone = np.array([share * words + (1.0 - share) * meaning for share in ARMS])
    return (mixed + alone) / 2


def _heights(scores: NDArray[np.float64], credit: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each row of scores the mean of 1/place of what was credited, weighed by credit."""
    above = (scores[:, None, :] > scores[:, :, None] + _SAME).sum(axis=2)
    level = (np.abs(scores[:, None, :] - scores[:, :, None]) <= _SAME).sum(axis=2) - 1
    return (1.0 / (1.0 + above + level / 2)) @ credit / credit.sum()


def chances(counts: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Probability of each arm that it is the best: what Thompson sampling would draw on average.

    >>> chances([(1.0, 1.0), (1.0, 1.0)]).round(3).tolist()
    [0.5, 0.5]
    """
    ab = np.array(counts, np.float64)
    log = (ab[:, :1] - 1) * np.log(_GRID) + (ab[:, 1:] - 1) * np.log1p(-_GRID)
    density = np.exp(log - log.max(axis=1, keepdims=True))
    density /= density.sum(axis=1, keepdims=True)
    below = np.cumsum(density, axis=1) - density / 2
    best = np.array([(density[a] * np.delete(below, a, axis=0).prod(axis=0)).sum() for a in range(len(ab))])
    return best / best.sum()
