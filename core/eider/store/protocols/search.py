"""Protocols of the search index that is derived from the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """What the index keeps of one episode or memory."""

    id: str
    rev: int
    user: str
    text: str
    vector: bytes
    """float32; empty when the text has none."""


class Index(Protocol):
    """A derived search index over many users. It nominates; the ranker decides."""

    def apply(self, upserts: Sequence[IndexRow], deletes: Sequence[str]) -> None:
        """Bring these ids to these revisions; applying twice is harmless."""
        ...

    def nominate(self, text: str, vector: NDArray[np.float32] | None, *, user: str, limit: int = 400) -> list[str]:
        """Return ids of this user that might answer, by words and by meaning; at most `limit` of each kind.

        Raises:
            IndexDamagedError: It cannot be read; rebuild it.
        """
        ...

    def inventory(self) -> dict[str, int]:
        """Return id → revision of everything it holds.

        Raises:
            IndexDamagedError: It cannot be read, or holds an id twice.
        """
        ...

    def compact(self) -> None:
        """Merge fragments and drop old versions, so that erased text leaves the files."""
        ...

    def reset(self) -> None:
        """Throw everything away and start empty; works on a damaged one."""
        ...

    def close(self) -> None:
        """Release the files."""
        ...


class SearchIndex(Protocol):
    """The index of one open store, as it is used: kept up to date behind every commit."""

    def nominate(
        self, text: str, vector: NDArray[np.float32] | None, *, user: str, limit: int = 400
    ) -> list[str] | None:  # fmt: skip
        """Return ids of this user that might answer, by words and by meaning, at most `limit` of each kind.

        None where no index can serve: there is none, or it is damaged.
        """
        ...

    def notify(self, rows: int) -> None:
        """Say that so many rows were committed."""
        ...

    def pending(self, user: str | None = None) -> int:
        """Count rows that wait to be indexed: of one user, or all."""
        ...

    @property
    def trouble(self) -> str | None:
        """What went wrong last behind the commits; None while it works."""
        ...


class IndexUpkeep(Protocol):
    """Bringing the search index in line with the rows."""

    def drain(self) -> int:
        """Index all that waits; returns how many ids that were."""
        ...

    def compare(self) -> tuple[int, int, int]:
        """Count rows that are missing or old in the index, rows it has too many, and rows in all.

        Raises:
            IndexDamagedError: The index cannot be read.
        """
        ...

    def heal(self) -> None:
        """Index what waits, repair the differences; rebuild what cannot be read."""
        ...

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Build the index anew from the rows; returns how many. `progress` is told (rows done, rows in all)."""
        ...

    def scrub(self) -> bool:
        """Let erased text leave the index; returns whether the index was dropped and has to be built anew."""
        ...

    def exists(self) -> bool:
        """Return whether anything was indexed yet."""
        ...

    def prepare(self, embedder: str) -> None:
        """Make ready for the vectors of an embedder that is going to be in use; all rows have them by now."""
        ...

    def vectors_are(self, embedder: str, width: int) -> None:
        """Nominate by vectors of this embedder, of this length, from now on; what cannot is dropped, to be built anew."""
        ...

    def drop_vectors(self, embedder: str) -> None:
        """Drop what is indexed of vectors of all but this embedder."""
        ...
