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
STANDING: Final = {"rule": 12, "preference": 4, "decision": 2}
"""How many of each kind are said in a context they do not bear on, beside what does; decisions seldom. A guess."""
_FIRST: Final = {"rule": 0.5, "preference": 0.25}
"""What comes first where the budget is short."""
_BEARS: Final = 0.4
"""Share of the best score from which a fact bears on a context. A guess."""
_AFTER: Final = 100.0
"""More than any worth, so that a row comes after all others."""
NO_BEARING: Final = "it does not bear on the context"
_GUIDES: Final = [KIND_CODE[k] for k in ("rule", "preference", "decision")]
_DAY: Final = 86_400_000_000


def pick_rows(
    segment: Segment, rows: NDArray[np.intp], related: Mapping[int, tuple[float, bool]] | None, midnight: int
) -> tuple[list[int], dict[int, str]]:
    """Return the rows that are said, best first, and why others are not; of equal worth by id, so that nothing flickers.

    Args:
        segment: The user's rows.
        rows: Those that may guide at all.
        related: Row → its score for the context, in [0, 1], and whether it clearly bears on it; None without a context.
        midnight: The day's beginning in microseconds: what a memory is worth changes from day to day only.
    """
    pinned, kind = segment.pinned[rows].astype(np.bool_), segment.kind[rows]
    score, bears = np.zeros(len(rows), np.float64), np.zeros(len(rows), np.bool_)
    if related:
        place = np.searchsorted(rows, list(related))
        bears[place] = [bearing for _, bearing in related.values()]
        score[place] = [each for each, _ in related.values()]
    narrow = np.zeros(max(segment.scopes.values(), default=0) + 1, np.float64)
    narrow[list(segment.scopes.values())] = [specificity(name) for name in segment.scopes]
    idle = np.maximum(0.0, (midnight - segment.last_used[rows]) / _DAY)
    alive = retrievability(idle, np.maximum(segment.stability[rows], 0.1).astype(np.float64))
    standing = 0.5 * segment.importance[rows] / 5 + 0.5 * alive
    worth = 2.0 * pinned + score * bears + standing + 0.1 * narrow[segment.scope[rows]]
    for name, more in _FIRST.items():
        worth += more * (kind == KIND_CODE[name])
    worth = np.round(worth, 4)
    guides = np.isin(kind, _GUIDES)
    free = ~pinned & (bears & (guides | (score >= _BEARS)) if related is not None else True)
    chosen = [*np.flatnonzero(pinned).tolist(), *_best(segment, rows, worth, np.flatnonzero(free), MOST)]
    if related is not None:
        for name, most in STANDING.items():
            others = np.flatnonzero(~pinned & ~free & (kind == KIND_CODE[name]))
            chosen += _best(segment, rows, worth, others, most)
    left = np.ones(len(rows), np.bool_)
    left[chosen] = False
    if related is not None:  # rules are for all work: the others follow what bears, as far as the budget goes
        further = _best(segment, rows, worth, np.flatnonzero(left & (kind == KIND_CODE["rule"])), MOST)
        worth[further] -= _AFTER
        left[further] = False
        chosen += further
    passed = sorted(
        _best(segment, rows, worth, np.flatnonzero(left), MOST), key=lambda i: (-worth[i], segment.ids[rows[i]])
    )
    why = {int(rows[i]): "others are worth more" if free[i] else NO_BEARING for i in passed}
    return [int(rows[i]) for i in sorted(chosen, key=lambda i: (-worth[i], segment.ids[rows[i]]))], why


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
