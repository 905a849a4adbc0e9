"""Candidates among their neighbours: what a first pass over all rows found, and the rows around each candidate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from eider.store.segment.segment import Segment

REACH: Final = 5
"""Rows looked at on either side."""

Floats = NDArray[np.float32]


@dataclass(slots=True, eq=False)
class Scan:
    """What one pass over all rows found, shared by nomination and features."""

    hits: list[tuple[NDArray[np.int32], Floats]]
    """Rows and counts of each distinct term, dead rows included."""
    visible: NDArray[np.bool_]
    words: Floats
    """BM25 of each row's own text, zero where not visible."""
    likeness: Floats
    """Cosine of each row, or its estimate; zero where not visible."""
    exact: bool
    """Whether `likeness` is the cosine."""


@dataclass(slots=True, eq=False)
class Near:
    """Candidates with the rows around them."""

    rows: NDArray[np.intp]
    slots: NDArray[np.int32]
    """Shape `(c, 11)`: place in `used` of each row of the window, `len(used)` where there is none."""
    used: NDArray[np.intp]
    counts: Floats
    """Shape `(c, 11, terms)`: how often each term occurs in each row of the window."""
    linked: NDArray[np.bool_]
    """Whether a candidate has a neighbour at all."""
    traits: Floats
    window: NDArray[np.intp]
    """Shape `(c, 11)`: row numbers, -1 where there is none."""

    @classmethod
    def of(cls, segment: Segment, scan: Scan, rows: NDArray[np.intp]) -> Near:
        """Follow the links from each candidate; rows that may not be seen count as missing."""
        window = np.full((len(rows), 2 * REACH + 1), -1, np.intp)
        window[:, REACH] = rows
        for name, sign in (("before", -1), ("after", 1)):
            step = np.append(getattr(segment, name), np.int32(-1))
            reached = rows
            for distance in range(1, REACH + 1):
                reached = step[reached]
                window[:, REACH + sign * distance] = reached
        visible = np.append(scan.visible, np.False_)
        window[~visible[window]] = -1
        marked = np.zeros(segment.rows + 1, np.bool_)
        marked[window] = True
        marked[-1] = False
        used = np.flatnonzero(marked)
        slot = np.full(segment.rows + 1, len(used), np.int32)
        slot[used] = np.arange(len(used), dtype=np.int32)
        found = np.zeros((len(used) + 1, len(scan.hits)), np.float32)
        for t, (holders, times) in enumerate(scan.hits):
            at = slot[holders]
            keep = at < len(used)
            found[at[keep], t] = times[keep]
        slots = slot[window]
        linked = (window[:, REACH - 1] >= 0) | (window[:, REACH + 1] >= 0)
        return cls(rows, slots, used, found[slots], linked, segment.traits[rows], window)

    def around(self, values: Floats, default: float = 0.0) -> Floats:
        """Values of the rows used, spread over the windows, shape `(c, 11)`."""
        return np.append(values, np.float32(default))[self.slots]
