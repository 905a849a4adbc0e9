"""Figures about ranked lists: fractions of 1, over questions with a known set of wanted rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

DEPTHS: Final = (1, 5, 10, 20, 50)
DEEPEST: Final = max(DEPTHS)
GAIN_DEPTH: Final = 10


def list_metrics(ranked: Sequence[str], wanted: Collection[str]) -> dict[str, float]:
    """Recall, any-hit and all-hit, discounted gain and reciprocal rank of one list.

    Args:
        ranked: Ids, best first; one that comes twice counts at its first place.
        wanted: Ids that answer; not empty.

    >>> found = list_metrics(["a", "x", "b"], {"a", "b"})
    >>> found["R@1"], found["R@5"], found["MRR"], round(found["NDCG@10"], 3)
    (0.5, 1.0, 1.0, 0.92)
    """
    once = list(dict.fromkeys(ranked))[:DEEPEST]
    right = set(wanted)
    places = [place for place, id_ in enumerate(once) if id_ in right]
    found = {k: sum(place < k for place in places) for k in DEPTHS}
    gained = sum(1 / math.log2(place + 2) for place in places if place < GAIN_DEPTH)
    best = sum(1 / math.log2(place + 2) for place in range(min(GAIN_DEPTH, len(right))))
    row = {f"R@{k}": found[k] / len(right) for k in DEPTHS}
    row |= {f"hit@{k}": float(found[k] > 0) for k in DEPTHS}
    row["all@10"] = float(found[10] == len(right))
    row["NDCG@10"] = gained / best
    row["MRR"] = 1 / (places[0] + 1) if places else 0.0
    return row


def share(hits: Sequence[bool | float]) -> float:
    """Mean of outcomes; nan for none."""
    return float(np.mean(hits)) if hits else math.nan


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and the longest, in milliseconds."""
    if not milliseconds:
        return {"p50": math.nan, "p95": math.nan, "max": math.nan}
    times = np.array(milliseconds)
    return {"p50": float(np.percentile(times, 50)), "p95": float(np.percentile(times, 95)), "max": float(times.max())}
