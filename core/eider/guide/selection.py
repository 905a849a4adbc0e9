"""Which rows guide: what a memory is worth whatever the context, and how much it bears on this one."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.guide.compiler.wording import specificity
from eider.model.forgetting_curve import retrievability
from eider.store.arrays import KIND_CODE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eider.store.segment.segment import Segment

MOST: Final = 200
"""Memories that are worded at most beside the pinned ones, which all are; a page holds some eighty."""
FACTS: Final = 12
"""Facts, insights and contexts at most: only what matters to the context."""
_GUIDES: Final = [KIND_CODE[k] for k in ("rule", "preference", "decision")]
_DAY: Final = 86_400_000_000


def picked(
    segment: Segment, rows: NDArray[np.intp], related: Mapping[int, tuple[float, bool]], midnight: int
) -> list[int]:
    """The rows that may be said, best first; of equal worth by id, so that the same memories always give the same text.

    Args:
        segment: The user's rows.
        rows: Those that may guide at all.
        related: Row → its score for the context, in [0, 1], and whether it clearly bears on it; empty without one.
        midnight: The day's beginning in microseconds: what a memory is worth changes from day to day only.
    """
    pinned = segment.column("pinned")[rows].astype(np.bool_)
    score, bears = np.zeros(len(rows), np.float64), np.zeros(len(rows), np.bool_)
    if related:
        place = np.searchsorted(rows, list(related))
        bears[place] = [bearing for _, bearing in related.values()]
        score[place] = [each for each, _ in related.values()]
    narrow = np.zeros(max(segment.scopes.values(), default=0) + 1, np.float64)
    narrow[list(segment.scopes.values())] = [specificity(name) for name in segment.scopes]
    worth = 2.0 * pinned + score * bears + _standing(segment, rows, midnight)
    worth = np.round(worth + 0.1 * narrow[segment.column("scope")[rows]], 4)
    guides = pinned | np.isin(segment.column("kind")[rows], _GUIDES)
    facts = ~guides & (bears if related else True)
    chosen = [
        *np.flatnonzero(pinned).tolist(),
        *_best(segment, rows, worth, np.flatnonzero(guides & ~pinned), MOST),
        *_best(segment, rows, worth, np.flatnonzero(facts), FACTS),
    ]
    return [int(rows[i]) for i in sorted(chosen, key=lambda i: (-worth[i], segment.ids[rows[i]]))]


def _standing(segment: Segment, rows: NDArray[np.intp], midnight: int) -> NDArray[np.float64]:
    """What a memory is worth whatever the context, in [0, 1]: importance, and how likely it is still wanted."""
    idle = np.maximum(0.0, (midnight - segment.column("last_used")[rows]) / _DAY)
    alive = retrievability(idle, np.maximum(segment.column("stability")[rows], 0.1).astype(np.float64))
    return 0.5 * segment.column("importance")[rows] / 5 + 0.5 * alive


def _best(
    segment: Segment, rows: NDArray[np.intp], worth: NDArray[np.float64], among: NDArray[np.intp], most: int
) -> list[int]:
    """Places of the `most` best: of those that are worth the same as the last of them, the ones of least id."""
    if len(among) <= most:
        return among.tolist()
    least = np.partition(worth[among], -most)[-most]
    better = among[worth[among] > least].tolist()
    ties = among[worth[among] == least].tolist()
    return [*better, *nsmallest(most - len(better), ties, key=lambda i: segment.ids[rows[i]])]
