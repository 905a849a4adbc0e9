"""Three sentences by whose vectors an embedder is recognised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROBES: Final = (
    "The heron came back to the pond on Tuesday morning.",
    "Bitte schreib die Rechnung für März noch einmal.",
    "def retry(times=3): raise TimeoutError('port 5432')",
)
ALIKE: Final = 0.999
"""Cosine below which two vectors of one sentence are of two models: services differ from themselves by 1e-4."""


def likeness(known: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Return the least cosine of paired rows, 1 for two that are zero; -1 where their widths differ."""
    if known.shape != found.shape:
        return -1.0
    lengths = np.linalg.norm(known, axis=1) * np.linalg.norm(found, axis=1)
    nothing = np.array([not (one.any() or other.any()) for one, other in zip(known, found, strict=True)], np.float32)
    cosines = np.divide((known * found).sum(axis=1), lengths, out=nothing, where=lengths > 0)
    return float(cosines.min())
