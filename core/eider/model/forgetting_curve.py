"""Forgetting: how likely a memory is still wanted, and what a use does to it.

The curve and the growth are those of FSRS-4.5, made for flash cards and fitted on hundreds of millions
of reviews. A memory is not a card: the shape is taken over, the starting values are guesses, and
nothing is deleted by it; ranking and `consolidate` only read the probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from eider.model.errors import InputError
from eider.model.values import KINDS, MemoryKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Days = float
"""A length of time, or an age, in days."""

DECAY: Final = -0.5
FACTOR: Final = 19 / 81
"""Makes retrievability 0.9 at an age of one stability: (1 + 19/81)^-0.5 = 0.9. Source: FSRS-4.5."""
GAIN, SATURATION, SPACING = 1.6474, 0.1367, 1.0461
"""Growth at a successful review, its loss with stability, its gain with forgetting. Source: FSRS-4.5 defaults w8–w10."""

LAPSE, HARDNESS, LASTING, LATE = 2.1072, 0.0793, 0.3246, 1.587
"""What is left after a failed review: its size, its loss with difficulty, its growth with stability and with
forgetting. Source: FSRS-4.5 defaults w11–w14."""

MIN_STABILITY: Final = 0.1
"""Days; FSRS's own floor for a card just failed."""
MAX_STABILITY: Final = 36_500.0
"""Days, a hundred years; FSRS's longest interval."""
STABILITY_OF_IMPORTANCE: Final[Mapping[int, Days]] = {1: 7.0, 2: 14.0, 3: 30.0, 4: 90.0, 5: 365.0}
"""Days at the start. A guess: unused, a trivial fact falls under 0.5 after 3 months, an ordinary one after 13."""
FACTOR_OF_KIND: Final[Mapping[MemoryKind, float]] = {
    "context": 0.5, "fact": 1.0, "insight": 1.0, "decision": 1.5, "preference": 2.0, "rule": 3.0,
}  # fmt: skip
"""A guess: what someone is doing passes, how they want things done stays."""
DIFFICULTY_OF_IMPORTANCE: Final[Mapping[int, float]] = {1: 7.0, 2: 6.0, 3: 5.0, 4: 4.0, 5: 3.0}
"""FSRS difficulty, 1 to 10; its default for a card answered "good" is 5.2. A guess that what matters settles faster."""


@overload
def retrievability(age: float, stability: float) -> float: ...
@overload
def retrievability(age: NDArray[Any], stability: NDArray[Any] | float) -> NDArray[np.float64]: ...
def retrievability(age: NDArray[Any] | float, stability: NDArray[Any] | float) -> NDArray[np.float64] | float:
    """Probability that memories of this age are still worth recalling.

    Args:
        age: Days since last use, shape `(n,)` or a number; below 0, from a clock set back, counts as 0.
        stability: Days after which retrievability is 0.9, shape `(n,)` or a number, held within the bounds.

    Returns:
        In (0, 1], of the broadcast shape; a float for two numbers.

    Source: FSRS-4.5 forgetting curve, R = (1 + 19/81 · t/S)^-0.5.

    >>> retrievability(np.array([0.0, 30.0]), np.array([30.0, 30.0])).round(3).tolist()
    [1.0, 0.9]
    >>> round(retrievability(60.0, 30.0), 3)
    0.825
    """
    days = np.maximum(np.asarray(age, np.float64), 0.0)
    return _like(np.power(1.0 + FACTOR * days / _bounded(stability), DECAY))


@overload
def days_until(threshold: float, stability: float) -> float: ...
@overload
def days_until(threshold: float, stability: NDArray[Any]) -> NDArray[np.float64]: ...
def days_until(threshold: float, stability: NDArray[Any] | float) -> NDArray[np.float64] | float:
    """Days after its last use at which a memory's retrievability falls to a threshold.

    Args:
        threshold: In (0, 1].
        stability: Days, shape `(n,)` or a number.

    Raises:
        InputError: The threshold is not a probability above 0.

    Source: the forgetting curve solved for t.

    >>> round(days_until(0.9, 30.0), 6), round(days_until(0.5, 30.0))
    (30.0, 384)
    """
    if not 0.0 < threshold <= 1.0:
        raise InputError(f"threshold='{threshold}' is not within 0 (excluded) and 1; use for example 0.5.")
    return _like(_bounded(stability) * (threshold ** (1 / DECAY) - 1.0) / FACTOR)


@overload
def due(age: float, stability: float, *, threshold: float = 0.5) -> bool: ...
@overload
def due(age: NDArray[Any], stability: NDArray[Any] | float, *, threshold: float = 0.5) -> NDArray[np.bool_]: ...
def due(
    age: NDArray[Any] | float, stability: NDArray[Any] | float, *, threshold: float = 0.5
) -> NDArray[np.bool_] | bool:
    """Whether memories have decayed below a threshold, so that `consolidate` may close them.

    Args:
        age: Days since last use, shape `(n,)` or a number.
        stability: Days, likewise.
        threshold: Retrievability in [0, 1]; 0 closes nothing. The default is a guess.

    >>> due(np.array([10.0, 500.0]), np.array([30.0, 30.0])).tolist()
    [False, True]
    """
    below = np.asarray(retrievability(np.asarray(age, np.float64), stability) < threshold)
    return bool(below) if below.ndim == 0 else below


@overload
def grow(stability: float, retrievability_at_use: float, importance: int = 3) -> float: ...
@overload
def grow(
    stability: NDArray[Any], retrievability_at_use: NDArray[Any] | float, importance: int = 3
) -> NDArray[np.float64]: ...
def grow(
    stability: NDArray[Any] | float, retrievability_at_use: NDArray[Any] | float, importance: int = 3
) -> NDArray[np.float64] | float:
    """Stability after a use: a credited loop, `reinforce`, or a restatement by the user.

    A use when the memory was nearly forgotten teaches most; one right after another teaches nothing.

    Args:
        stability: Days before the use, shape `(n,)` or a number.
        retrievability_at_use: In [0, 1], likewise.
        importance: 1 to 5, of all of them.

    Returns:
        Days, never less than before, at most `MAX_STABILITY`.

    Raises:
        InputError: The importance is not 1 to 5.

    Source: FSRS-4.5 stability after recall without the ratings hard and easy,
    S' = S · (1 + e^w8 · (11 - D) · S^-w9 · (e^(w10 · (1 - R)) - 1)), with D taken from importance.

    >>> round(grow(30.0, 0.9), 1), grow(30.0, 1.0)
    (94.8, 30.0)
    """
    before = _bounded(stability)
    forgotten = 1.0 - np.clip(np.asarray(retrievability_at_use, np.float64), 0.0, 1.0)
    ease = 11.0 - _of_importance(DIFFICULTY_OF_IMPORTANCE, importance)
    growth = np.exp(GAIN) * ease * np.power(before, -SATURATION) * np.expm1(SPACING * forgotten)
    return _like(np.minimum(before * (1.0 + growth), MAX_STABILITY))


def shrink(stability: float, retrievability_at_use: float, importance: int = 3) -> Days:
    """Stability after a memory was used and did harm: what a failed review leaves of it.

    Args:
        stability: Days before.
        retrievability_at_use: In [0, 1].
        importance: 1 to 5.

    Returns:
        Days, never more than before.

    Raises:
        InputError: The importance is not 1 to 5.

    Source: FSRS-4.5 stability after forgetting, S' = w11 · D^-w12 · ((S + 1)^w13 - 1) · e^(w14 · (1 - R)).

    >>> round(shrink(30.0, 0.9), 1), shrink(0.1, 0.9)
    (4.5, 0.1)
    """
    before = float(_bounded(stability))
    forgotten = 1.0 - min(1.0, max(0.0, retrievability_at_use))
    hardness = _of_importance(DIFFICULTY_OF_IMPORTANCE, importance) ** -HARDNESS
    left = LAPSE * hardness * ((before + 1.0) ** LASTING - 1.0) * float(np.exp(LATE * forgotten))
    return max(MIN_STABILITY, min(before, left))


def initial_stability(importance: int = 3, kind: MemoryKind = "fact") -> Days:
    """Days a new memory starts with.

    Raises:
        InputError: The importance is not 1 to 5, or the kind is unknown.

    >>> initial_stability(3), initial_stability(5, "rule"), initial_stability(1, "context")
    (30.0, 1095.0, 3.5)
    """
    if kind not in FACTOR_OF_KIND:
        raise InputError(f"kind {kind!r} is unknown; use one of {', '.join(KINDS)}.")
    return _of_importance(STABILITY_OF_IMPORTANCE, importance) * FACTOR_OF_KIND[kind]


def _of_importance(table: Mapping[int, float], importance: int) -> float:
    if importance not in table:
        raise InputError(f"importance='{importance}' is not 1 (trivial) to 5 (vital); 3 is ordinary.")
    return table[importance]


def _bounded(stability: NDArray[Any] | float) -> NDArray[np.float64]:
    return np.clip(np.asarray(stability, np.float64), MIN_STABILITY, MAX_STABILITY)


def _like(values: NDArray[np.float64]) -> NDArray[np.float64] | float:
    return float(values) if np.ndim(values) == 0 else values
