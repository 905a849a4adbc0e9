"""Protocols of rows: writing plans, reading by id, the ranker's arrays, the event log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from eider.model.changes import ChangeSet, Committed, Erasure, Indexing
from eider.model.values import Edge, EdgeKind, Episode, Event, Memory, Metadata
from eider.store.segment.postings import Population
from eider.store.segment.segment import SegmentRows


class Commits(Protocol):
    """Writes plans, each whole and durably or not at all."""

    embedder: str
    """Fingerprint written beside each vector; it changes when embedders are exchanged."""

    def commit(self, changes: ChangeSet) -> Committed:
        """Write one plan with its event.

        Raises:
            StaleChangeError: A memory it read has moved on.
            ErasedError: It would bring back what was forgotten.
            StoreFullError: No room; nothing was written.
        """
        ...

    def commit_all(self, many: Sequence[ChangeSet]) -> list[Committed]:
        """Write several plans in one transaction, each with its event, or none of them."""
        ...

    def repeated(self, changes: ChangeSet) -> Committed | None:
        """Return what an earlier commit with the same user, verb and key wrote, if there was one.

        Raises:
            ErasedError: That was forgotten.
        """
        ...

    def repeated_all(self, many: Sequence[ChangeSet]) -> list[Committed | None]:
        """Return the same for several plans of one user, looked up together.

        Raises:
            ErasedError: Something of it was forgotten.
        """
        ...

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Remove rows for good, at once for every reader; returns table → rows.

        Raises:
            StaleChangeError: A memory it read has moved on.
        """
        ...


class Reads(Protocol):
    """Rows by id."""

    def episodes(self, ids: Sequence[str], *, user: str) -> list[Episode]:
        """Return episodes in the order asked for; unknown ids are left out."""
        ...

    def memories(self, ids: Sequence[str] | None, *, user: str, known_at: datetime | None = None) -> list[Memory]:
        """Return memories (None: all) as they are, or as they were known at an instant."""
        ...

    def versions(self, id: str, *, user: str) -> list[Memory]:  # noqa: A002 (the word users know)
        """Return all versions of one memory, oldest first."""
        ...

    def replaced(self, ids: Sequence[str], *, user: str) -> list[Memory]:
        """Return memories whose successor is one of these."""
        ...

    def doubted(self, *, user: str, by: str | None = None) -> list[Memory]:
        """Return memories that a later statement may have replaced; only by this one where it is named."""
        ...

    def links(self, id: str | None, *, user: str) -> list[Edge]:  # noqa: A002
        """Return the links from and to a row that are kept (None: all of the user)."""
        ...

    def linked(self, id: str, kind: EdgeKind, *, user: str) -> list[str]:  # noqa: A002
        """Return ids of memories that a memory points to by edges of one kind."""
        ...

    def users(self) -> list[str]:
        """Return everyone who has rows, by name."""
        ...


class Statements(Protocol):
    """Which statements are held already."""

    def twin(self, memory: Memory) -> Memory | None:
        """Return the current memory that says the same to the same user in the same scope, of the same kind and trust."""
        ...

    def identity(self, memory: Memory) -> str:
        """Return a digest of what makes two memories the same statement."""
        ...

    def twins(self, memories: Sequence[Memory]) -> list[Memory | None]:
        """Return `twin` for each of many statements, asked at once."""
        ...

    def count_new(self, *, user: str, since: datetime | None) -> int:
        """Count a user's memories whose first version was recorded after an instant (None: all)."""
        ...


class Segments(Protocol):
    """A user's rows as the ranker's arrays."""

    embedder: str
    """Fingerprint of the embedder whose vectors are read; others that a row has are not looked at."""
    width: int
    """Length of its vectors. Both change when embedders are exchanged."""

    def rows(self, *, user: str, ids: Sequence[str] | None = None, known_at: datetime | None = None) -> SegmentRows:
        """Return all rows of a user, or those of some ids; as they are, or as they were known at an instant."""
        ...

    def rows_of(
        self, episodes: Sequence[Episode], memories: Sequence[Memory], made: Mapping[str, Indexing], *, user: str
    ) -> SegmentRows:
        """Return the arrays of what was just committed; read back only where a memory's material is not at hand."""
        ...

    def count(self, *, user: str | None = None) -> int:
        """Count rows with search material; of one user, or of all."""
        ...


class Candidates(Protocol):
    """What a user too large to load is ranked by: a few rows, and the word statistics of all."""

    def unindexed(self, *, user: str, limit: int) -> list[str]:
        """Return ids of rows that the search index may not have yet, at most `limit`."""
        ...

    def neighbours(self, ids: Sequence[str], *, user: str, reach: int) -> list[str]:
        """Return ids of utterances at most `reach` places from these in their sessions."""
        ...

    def closing(self, ids: Sequence[str], *, user: str) -> list[str]:
        """Return ids of memories that say whether these utterances still hold, and of what replaced them."""
        ...

    def population(self, *, user: str) -> tuple[Population | None, int]:
        """Return the word statistics of all rows of a user, and the number of the last event they count."""
        ...

    def count_terms(self, *, user: str) -> None:
        """Count a user's terms anew and keep the result."""
        ...


class EventLog(Protocol):
    """The chain of events, newest last."""

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last event."""
        ...

    def newest(
        self, *, user: str, limit: int = 50, ids: Sequence[str] | None = None, seqs: Sequence[int] | None = None,
        since: datetime | None = None, until: datetime | None = None, without: Sequence[str] = (),
    ) -> list[Event]:  # fmt: skip
        """Return a user's events, newest first; `ids` keeps those that touched any of them, `without` leaves out ops."""
        ...

    def payload(self, seq: int, *, user: str) -> Metadata | None:
        """Return what an event said; None once it was erased or when it is another user's."""
        ...

    def count(self, *, user: str) -> int:
        """Count a user's events."""
        ...

    def last_at(self) -> datetime | None:
        """Return when the newest event happened; the clock never goes behind it."""
        ...

    def hashes(self, seqs: Sequence[int]) -> dict[int, str]:
        """Return number → hash of these events, as far as they are there."""
        ...
