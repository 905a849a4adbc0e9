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

    def lacking_vectors(self, embedder: str, *, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
        """Return (user, id) of rows that have no vector of this embedder, in order, at most `limit`.

        `after` is the last one that was returned before; `("", "")` begins.
        """
        ...

    def count_vectors(self, embedder: str) -> tuple[int, int]:
        """Count rows that have a vector of this embedder, and all rows."""
        ...

    def put_vectors(
        self, vectors: Mapping[str, bytes], texts: Mapping[str, str], *, user: str, embedder: str, in_use: str
    ) -> None:  # fmt: skip
        """Write vectors of an embedder that is not in use beside those of the one that is.

        Args:
            vectors: Id → vector.
            texts: Id → the text it was made of; a row that says something else by now is left as it is.
            user: Whose rows they are.
            embedder: Fingerprint of what made them.
            in_use: Fingerprint of the embedder in use.
        """
        ...

    def pairs(self, in_use: str, other: str, *, user: str, limit: int) -> list[tuple[str, bytes, bytes]]:
        """Return (id, vector of the embedder in use, of the other) of a user's rows that have both, at most `limit`."""
        ...

    def exchange(
        self, embedder: str, documents: Mapping[str, str], *, known: Mapping[str, str], since: int | None
    ) -> list[tuple[str, str]]:  # fmt: skip
        """Let the vectors of another embedder be the ones in use, in one transaction with documents; rows are not touched.

        Args:
            embedder: Fingerprint of what is in use afterwards. A row without its vector has none until it is made.
            documents: Name → content: what is to be true from the same moment on.
            known: Name → content of documents that must not have changed.
            since: No row lacked a vector when this was the last event; None not to look at those of later events.

        Returns:
            (user, id) of rows of later events that lack a vector; where there are some, nothing was exchanged.

        Raises:
            RefusedError: Another process changed one of the documents.
        """
        ...

    def drop_vectors(self, in_use: str) -> None:
        """Let go of all vectors but those of the embedder in use."""
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

    def unreached(self) -> tuple[str, ...]:
        """Say where the database itself may keep erased bytes although its rows were written anew."""
        ...

    def rewrite(self) -> None:
        """Write the rows into new files, so that erased bytes leave the disk; clears what waits for that."""
        ...
