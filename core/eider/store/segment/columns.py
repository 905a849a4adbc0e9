"""Rows on their way into a segment: the columns a store hands over, and the reading of stored analyses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from eider.language.analysis import ANALYZER, HEADER, MAX_WINDOWS, READABLE, TRAITS
from eider.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

FOREVER: Final = np.iinfo(np.int64).max
"""`valid_to` of what has not ended."""

Array = NDArray[Any]


@dataclass(slots=True, kw_only=True, eq=False)
class SegmentRows:
    """Rows to add to a segment, one entry per row in each field."""

    ids: Sequence[str]
    is_memory: NDArray[np.bool_]
    analysis: Sequence[bytes]
    """`Analysis.to_bytes()` of each text."""
    vectors: NDArray[np.float32]
    """Shape `(n, width)`, rows of length 1 or zero for none."""
    session: Sequence[str]
    """Empty for memories."""
    seq: NDArray[np.int64]
    at: NDArray[np.int64]
    """Microseconds since 1970, UTC: when it was said; for a memory when it was learned."""
    local_day: NDArray[np.int32]
    """The speaker's local date as a proleptic ordinal."""
    speaker: Sequence[str]
    role: NDArray[np.int8]
    """0 user, 1 agent, 2 other."""
    kind: NDArray[np.int8]
    """Code of the memory kind, -1 for an episode."""
    scope: Sequence[str]
    valid_from: NDArray[np.int64]
    valid_to: NDArray[np.int64]
    """`FOREVER` while it holds."""
    trust: NDArray[np.int8]
    state: NDArray[np.int8]
    """0 active."""
    importance: NDArray[np.int8]
    pinned: NDArray[np.bool_]
    stability: NDArray[np.float32]
    """Days."""
    last_used: NDArray[np.int64]
    """Microseconds since 1970, UTC."""
    evidence: Sequence[tuple[str, ...]]
    """Ids of the episodes a memory rests on."""
    successor: Sequence[str]
    """Id of the memory that replaced it; empty for none."""
    origin: NDArray[np.int8] | None = None
    """Code of the origin; 0 where it does not matter."""


@dataclass(slots=True, eq=False)
class Terms:
    """Term hashes of rows one after the other."""

    flat: NDArray[np.uint64]
    lengths: NDArray[np.int64]
    ends: NDArray[np.int64]

    def of(self, i: int) -> NDArray[np.uint64]:
        """Terms of one row."""
        return self.flat[int(self.ends[i] - self.lengths[i]) : int(self.ends[i])]

    def pick(self, chosen: list[int]) -> Terms:
        """Terms of some rows."""
        lengths = self.lengths[chosen]
        return Terms(np.concatenate([self.of(i) for i in chosen]), lengths, np.cumsum(lengths))


def codes(names: Sequence[str], known: dict[str, int]) -> NDArray[np.int32]:
    """Numbers of names, -1 for the empty one; new names are added."""
    for name in dict.fromkeys(names):
        if name and name not in known:
            known[name] = len(known)
    return np.fromiter(map({**known, "": -1}.__getitem__, names), np.int32, len(names))


def parse(blobs: Sequence[bytes]) -> tuple[Terms, dict[str, Array]]:
    """Read many stored analyses at once."""
    count = len(blobs)
    if not count:
        none = np.zeros(0, np.int64)
        return Terms(none.astype(np.uint64), none, none), {}
    lengths = np.fromiter(map(len, blobs), np.int64, count)
    if (lengths % 8).any() or lengths.min() < HEADER.size:
        raise InputError("a row has no readable text analysis; run eider rebuild.")
    data = np.frombuffer(b"".join(blobs), "<u8")
    base = (np.cumsum(lengths) - lengths) // 8
    head = data[base]
    version, windows = head & 0xFFFF, (head >> 16 & 0xFF).astype(np.int64)
    heading, terms, wish = head >> 24 & 0xFF, (head >> 32 & 0xFFFF).astype(np.int64), head >> 48 > 0
    if not np.isin(version, list(READABLE)).all() or (lengths != HEADER.size + 8 * (windows + terms)).any():
        raise InputError(f"a text analysis is not of version '{ANALYZER}'; run eider rebuild.")
    traits = data[base[:, None] + 2 + np.arange(len(TRAITS) // 2)].view("<f4")
    days = np.zeros((count, MAX_WINDOWS, 2), np.int32)
    first = base + HEADER.size // 8
    for i in range(MAX_WINDOWS):
        has = windows > i
        days[has, i] = data[first[has] + i].view("<i4").reshape(-1, 2)
    start = first + windows
    ends = np.cumsum(terms)
    index = np.arange(int(ends[-1])) + np.repeat(start - (ends - terms), terms)
    more = {
        "fingerprint": data[base + 1], "traits": traits, "windows": days, "length": terms.astype(np.int32),
        "heading": heading.astype(np.uint8), "wish": wish,
    }  # fmt: skip
    return Terms(data[index], terms, ends), more
