"""Protocols of upkeep: search material, checks, tombstones, copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from eider.model.changes import Indexing


class SearchMaterial(Protocol):
    """Vectors and analyses beside the rows."""

    def lacking(self) -> list[tuple[str, str]]:
        """Return (user, id) of rows without search material."""
        ...

    def outdated(self, embedder: str, analyzer: str) -> list[tuple[str, str]]:
        """Return (user, id) of material that another embedder or analyzer made."""
        ...

    def replace(self, made: Mapping[str, Indexing], *, user: str, embedder: str, analyzer: str) -> None:
        """Write material, new or in place of what is there."""
        ...

    def lacking_spares(self, embedder: str, *, limit: int) -> list[tuple[str, str]]:
        """Return (user, id) of rows that have no spare vector of this embedder, at most `limit`."""
        ...

    def count_spares(self, embedder: str) -> tuple[int, int]:
        """Count rows that have a spare vector of this embedder, and all rows."""
        ...

    def put_spares(self, vectors: Mapping[str, bytes], *, user: str, embedder: str) -> None:
        """Write vectors of the embedder that is not in use."""
        ...

    def pairs(self, embedder: str, *, user: str, limit: int) -> list[tuple[str, bytes, bytes]]:
        """Return (id, vector, spare vector) of a user's rows that have both, at most `limit`."""
        ...

    def exchange(self, embedder: str, documents: Mapping[str, str | None]) -> None:
        """Let the spare vectors of this embedder and the vectors in use change places, in one transaction with documents.

        Args:
            embedder: Fingerprint of what is in use afterwards. A row without its vector has none until it is made.
            documents: Name → content, None to remove it: what is to be true from the same moment on.
        """
        ...

    def drop_spares(self) -> None:
        """Let go of all vectors of an embedder that is not in use."""
        ...

    def drop_orphans(self) -> None:
        """Remove material of rows that do not exist."""
        ...

    def settle(self, embedder: str, analyzer: str) -> None:
        """Note that all material is now of these two; word statistics are counted anew."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """One row as the doctor looks at it."""

    id: str
    text: str
    kind: str
    """Kind of a memory, role of an episode."""
    scope: str
    """Scope of a memory, session of an episode."""
    at: datetime
    metadata: str | None = None
    shown: int = 0


class Inspection(Protocol):
    """Looking at what is kept without opening it as a memory."""

    def examine(self) -> tuple[list[str], dict[str, int]]:
        """Check the event chain, its payloads and the references between rows; returns findings and counts."""
        ...

    def statements(self, *, user: str, now: datetime, limit: int) -> list[SampleRow]:
        """Return a user's statements that hold now, newest first."""
        ...

    def versions(self, *, user: str, limit: int) -> list[SampleRow]:
        """Return all versions of a user's memories, newest first."""
        ...

    def episodes(self, *, user: str, limit: int) -> list[SampleRow]:
        """Return a user's utterances, newest first."""
        ...

    def totals(self) -> Totals:
        """Count users, episodes and memories."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a store holds."""

    users: int
    episodes: int
    memories: int
    """Open versions; tombstones not counted."""


class ErasureChecks(Protocol):
    """Whether what was forgotten has left every table."""

    def still_saying(self, texts: Sequence[str], *, user: str) -> list[str]:
        """Return ids of a user's own rows that contain one of these texts, letter for letter."""
        ...

    def tables_with(self, ids: Sequence[str]) -> list[str]:
        """Return tables that still hold a row of these ids, tombstones aside."""
        ...

    def columns_saying(self, texts: Sequence[str], *, user: str) -> list[str]:
        """Return columns, of the user's rows or nobody's, that contain one of these texts."""
        ...


class Tombstones(Protocol):
    """Keyed digests of what was forgotten; they say nothing without the store's own key."""

    @property
    def identity(self) -> str:
        """A digest that all copies of a store share, and no other store has."""
        ...

    def digest(self, what: str, user: str, name: str) -> str:
        """Return the keyed digest of a user's id (`what` is "id") or key."""
        ...

    def all(self) -> Mapping[str, datetime]:
        """Return digest → when it was erased."""
        ...

    def add(self, digests: Mapping[str, datetime]) -> None:
        """Take over tombstones of another copy; those that are there stay."""
        ...


class Census(Protocol):
    """Who is in a store, with what."""

    def users(self) -> list[str]:
        """Return everybody who has a row or is named by an event, sorted."""
        ...

    def counts(self) -> dict[str, dict[str, int]]:
        """Return user → kind of row → how many."""
        ...

    def ids(self) -> list[tuple[str, str]]:
        """Return (user, id) of every episode, memory and run, tombstones aside, sorted."""
        ...


class Copies(Protocol):
    """Copying the whole store."""

    def publish(self, target: Path, at: datetime) -> Path:
        """Copy the store into a new directory that nobody will write to; an older snapshot there is replaced.

        Raises:
            RefusedError: Something else is at the target.
        """
        ...

    def wasted(self) -> tuple[int, int]:
        """Return how many bytes of the files hold nothing, and of how many; 0 where that cannot be told."""
        ...

    def rewrite(self) -> None:
        """Write the rows into new files, so that erased bytes leave the disk; clears what waits for that."""
        ...
