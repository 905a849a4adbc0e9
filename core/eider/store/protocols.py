"""What a backend, an index, an embedder or a counter promises; each has contract tests in `eider.testing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eider.model.changes import ChangeSet, Committed, Erasure
from eider.model.values import Episode, Event, Memory, Metadata, Usage
from eider.store.segment.segment import SegmentRows


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """What the index keeps of one episode or memory."""

    id: str
    rev: int
    user: str
    text: str
    vector: bytes
    """float32; empty when the text has none."""


class Store(Protocol):
    """Where the truth is kept. Every question names the user; a stranger's id does not exist."""

    def commit(self, changes: ChangeSet) -> Committed:
        """Write a plan whole and durably, or not at all.

        Raises:
            StaleChangeError: A memory it read has moved on.
            ErasedError: It would bring back what was forgotten.
            StoreFullError: No room; nothing was written.
        """
        ...

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Remove rows for good, at once for every reader; returns table → rows.

        Raises:
            StaleChangeError: A memory it read has moved on.
        """
        ...

    def episodes(self, ids: Sequence[str], *, user: str) -> list[Episode]:
        """Episodes in the order asked for; unknown ids are left out."""
        ...

    def memories(self, ids: Sequence[str] | None, *, user: str, known_at: datetime | None = None) -> list[Memory]:
        """Memories (None: all) as they are, or as they were known at an instant."""
        ...

    def twin(self, memory: Memory) -> Memory | None:
        """The current memory that says the same to the same user in the same scope, of the same kind and trust."""
        ...

    def versions(self, id: str, *, user: str) -> list[Memory]:  # noqa: A002 (the word users know)
        """All versions of one memory, oldest first."""
        ...

    def replaced(self, ids: Sequence[str], *, user: str) -> list[Memory]:
        """Memories whose successor is one of these."""
        ...

    def rows(self, *, user: str, ids: Sequence[str] | None = None, known_at: datetime | None = None) -> SegmentRows:
        """A user's rows as the ranker's arrays."""
        ...

    def events(
        self, *, user: str, limit: int = 50, ids: Sequence[str] | None = None, seqs: Sequence[int] | None = None,
        since: datetime | None = None, until: datetime | None = None,
    ) -> list[Event]:  # fmt: skip
        """Events, newest first; `ids` keeps those that touched any of them."""
        ...

    def payload(self, seq: int, *, user: str) -> Metadata | None:
        """What an event said; None once it was erased or when it is another user's."""
        ...

    def usage(self, ids: Sequence[str] | None, *, user: str) -> dict[str, Usage]:
        """Usage by memory id."""
        ...

    def save_usage(self, usage: Sequence[Usage], *, user: str) -> None:
        """Write buffered counters."""
        ...

    def scopes(self, *, user: str) -> list[tuple[str, str]]:
        """Registered scopes: (agent, name), in the order they came."""
        ...

    def users(self) -> list[str]:
        """Everyone who has rows."""
        ...

    def close(self) -> None:
        """Let go of the files; closing twice is harmless."""
        ...


class Index(Protocol):
    """A derived search index over many users. It nominates; the ranker decides."""

    def apply(self, upserts: Sequence[IndexRow], deletes: Sequence[str]) -> None:
        """Bring these ids to these revisions; applying twice is harmless."""
        ...

    def nominate(self, text: str, vector: NDArray[np.float32] | None, *, user: str, limit: int = 400) -> list[str]:
        """Ids of this user that might answer, by words and by meaning; at most `limit` of each kind.

        Raises:
            IndexDamagedError: It cannot be read; rebuild it.
        """
        ...

    def inventory(self) -> dict[str, int]:
        """Id → revision of everything it holds.

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
        """Let go of the files."""
        ...
