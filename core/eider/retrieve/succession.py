"""What replaced what among candidates: lines that have ended stand below their successors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.store.arrays import STATE_CODE
from eider.store.segment.columns import FOREVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.store.segment.segment import Segment

_WAITS: Final = STATE_CODE["inbox"]
_CHAIN: Final = 64
"""Replacements that are followed from one memory to the next."""

ENDED: Final = 3.0
"""What a line loses that no longer holds: about as much as a matching date brings. A guess."""
_BELOW: Final = 0.01
"""How far below its successor it stands at least."""

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Ended:
    """Candidates whose statements have ended, by their places among the candidates."""

    until: dict[int, int] = field(default_factory=dict[int, int])
    """Place → when it ended, microseconds since 1970, UTC."""
    below: set[int] = field(default_factory=set[int])
    """Places that are to stand lower for it: all of them but what held in the past that is asked about."""
    successor: dict[int, int] = field(default_factory=dict[int, int])
    """Place → place of what replaced it, where that is a candidate too."""


def with_successors(segment: Segment, visible: NDArray[np.bool_], rows: Rows, ended: NDArray[np.bool_]) -> Rows:
    """Return candidate rows and what replaced those of them that have ended, in ascending order."""
    more = [
        row for one in rows[ended[rows]].tolist() if (row := successor_of(segment, one)) is not None and visible[row]
    ]
    return np.unique(np.concatenate((rows, np.array(more, np.intp)))) if more else rows


def successor_of(segment: Segment, row: int) -> int | None:
    """Return the row at the end of the chain of replacements, of words that wait their utterance; None for none."""
    following = row
    for _ in range(_CHAIN):
        memories = segment.cited.get(segment.ids[following], [following])
        named = [segment.row_of[s] for m in memories if (s := segment.successor.get(m, "")) in segment.row_of]
        if not named:
            break
        following = max(named, key=lambda r: int(segment.valid_from[r]))
    if segment.state[following] == _WAITS:
        said = [segment.row_of[e] for e in segment.evidence.get(following, ()) if e in segment.row_of]
        following = said[0] if said else row
    return following if following != row else None


def _ended_among(segment: Segment, rows: Rows, ended: NDArray[np.bool_], asked: NDArray[np.bool_] | None) -> Ended:
    """Which candidates have ended, and what replaced them.

    An utterance in the same words as something that ended has ended with it, if it was said before.

    Args:
        segment: The user's rows.
        rows: Candidates.
        ended: Mask of all rows whose statements have ended.
        asked: Mask of those that held in the past that is asked about; None where none is.
    """
    found = Ended()
    if not segment.successor and not ended.any():
        return found
    until, words, at = (getattr(segment, name) for name in ("until", "fingerprint", "at"))
    place = {row: i for i, row in enumerate(rows.tolist())}
    closed = np.flatnonzero(ended)
    closed = closed[np.isin(words[closed], words[rows])]
    last = {int(words[row]): row for row in closed[np.argsort(until[closed], kind="stable")].tolist()}
    for i, row in enumerate(rows.tolist()):
        source = row
        if not ended[row] and segment.ids[row] not in segment.cited and not segment.is_memory[row]:
            source = last.get(int(words[row]), row)
        if ended[source] and (source == row or at[row] <= until[source]):
            found.until[i] = int(until[source])
            if asked is not None and asked[source]:
                continue
            found.below.add(i)
        elif source != row or not _is_doubted(segment, row):
            continue
        after = successor_of(segment, source)
        if after is not None and place.get(after, i) != i:
            found.successor[i] = place[after]
    return found


def _is_doubted(segment: Segment, row: int) -> bool:
    """Whether a later statement may have replaced all that this row says."""
    memories, until = segment.cited.get(segment.ids[row], [row]), segment.until
    return bool(segment.successor) and all(m in segment.successor and until[m] == FOREVER for m in memories)


def demote(
    segment: Segment, rows: Rows, ended: NDArray[np.bool_], asked: NDArray[np.bool_] | None, shares: Floats, x: Floats,
    evidence: Sequence[int], penalty: int,
) -> Ended:  # fmt: skip
    """Put what has ended below its successor, which takes its place; return what has ended.

    Args:
        segment: The user's rows.
        rows: Candidates.
        ended: Mask of all rows whose statements have ended.
        asked: Mask of those that held in the past that is asked about; None where none is.
        shares: Parts of each candidate's score, shape `(n, kinds)`; changed.
        x: Signals of each candidate; changed.
        evidence: Columns of `x` that a successor takes over as well.
        penalty: Column of `shares` that says so.
    """
    found = _ended_among(segment, rows, ended, asked)
    for i, j in sorted(found.successor.items(), key=lambda pair: float(shares[pair[0]].sum())):
        if shares[i].sum() > shares[j].sum():
            shares[j] = shares[i]
            for column in evidence:
                x[j, column] = max(x[i, column], x[j, column])
    for i in {*found.below, *found.successor}:
        score, least = float(shares[i].sum()), ENDED if i in found.below else 0.0
        below = float(shares[found.successor[i]].sum()) - _BELOW - score if i in found.successor else 0.0
        shares[i, penalty] = min(-least, below)
    return found
