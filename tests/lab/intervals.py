"""Means of figures over questions, and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_RESAMPLES: Final = 2_000
_SEED: Final = 7
"""Resamples and seed as in the evaluation these figures are compared with."""


def mean(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> dict[str, float]:
    """Means in per cent; nan for no rows."""
    return {n: 100 * float(np.mean([row[n] for row in rows])) if rows else math.nan for n in names}


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a mean, in per cent, resampling questions."""
    dice = np.random.default_rng(_SEED)
    means = values[dice.integers(0, len(values), (_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return 100 * float(low), 100 * float(high)
