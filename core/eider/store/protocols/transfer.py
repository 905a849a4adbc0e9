"""Protocols of rows that travel: export and import of one user, and whole tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from eider.model.changes import Indexing
from eider.model.runs import Content, Run
from eider.model.values import Edge, Episode, Memory, Usage
from eider.store.transfer_rows import Batch as RowBatch
from eider.store.transfer_rows import Happened

if TYPE_CHECKING:
    import pyarrow as pa


class Snapshot(Protocol):
    """One user's rows as they were when it was taken; each stream is read to its end before the next."""

    def events(self) -> Iterator[Happened]:
        """Yield what changed, oldest first."""
        ...

    def episodes(self) -> Iterator[tuple[Episode, int]]:
        """Yield utterances in the order they were recorded, with the event that did."""
        ...

    def utterances(self) -> Iterator[Episode]:
        """Yield utterances session by session."""
        ...

    def memories(self) -> Iterator[Memory]:
        """Yield all versions, those of one memory together and in order; tombstones as well."""
        ...

    def edges(self) -> Iterator[tuple[Edge, int]]:
        """Yield links between memories, each with the event that wrote it."""
        ...

    def usage(self) -> Iterator[Usage]:
        """Yield counters by memory."""
        ...

    def contents(self) -> Iterator[tuple[str, Content]]:
        """Yield what runs with history were given and what their steps gave, each under its digest."""
        ...

    def runs(self) -> Iterator[Run]:
        """Yield runs with history, each with its steps, a run before its sub-runs."""
        ...


class Intake(Protocol):
    """One import into one user's rows: what is here is skipped, what was forgotten stays forgotten."""

    def look(self, batch: RowBatch, at: datetime) -> None:
        """Count what a batch would bring, and write nothing."""
        ...

    def take(self, batch: RowBatch, at: datetime) -> int:
        """Write a batch whole or not at all; returns the rows the search index has to follow."""
        ...

    def refuse(self, place: str, reason: str) -> None:
        """Note what cannot be taken."""
        ...

    @property
    def tally(self) -> IntakeTally:
        """What was taken so far."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeTally:
    """What an import took, skipped and refused."""

    episodes: int
    memories: int
    events: int
    runs: int
    skipped: int
    refused: tuple[str, ...]


MakesMaterial = Callable[[Sequence[Episode], Sequence[Memory]], Mapping[str, Indexing]]
"""Episodes and memories → their search material."""


class Tables(Protocol):
    """Whole tables, for moving a store; a unit is a table and a user, None for a table that is nobody's."""

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """Table → its columns, of all tables that are moved."""
        ...

    def units(self) -> list[tuple[str, str | None]]:
        """Return all units that have rows, sorted."""
        ...

    def rows(self, unit: tuple[str, str | None]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a unit in pages, columns in the order of `columns`."""
        ...

    def tally(self, unit: tuple[str, str | None]) -> tuple[int, str]:
        """Return how many rows a unit has, and a hash over them that does not depend on their order."""
        ...

    def put(self, unit: tuple[str, str | None], pages: Iterator[list[tuple[Any, ...]]]) -> None:
        """Replace the rows of a unit, whole or not at all."""
        ...

    def remove(self, unit: tuple[str, str | None]) -> None:
        """Remove the rows of a unit."""
        ...

    def documents(self) -> dict[str, str]:
        """Return the documents of the store that are moved, its secret among them."""
        ...

    def finish(self, documents: Mapping[str, str], note: str) -> None:
        """In one transaction: take over documents, move the end of the chain to the last event, and note that it is done."""
        ...


class Transfer(Protocol):
    """Rows of one user on their way out and in."""

    def snapshot(self, user: str) -> AbstractContextManager[Snapshot]:
        """Read one user's rows at one moment: what is written meanwhile is not half in it."""
        ...

    def intake(
        self, *, user: str, actor: str, embedder: str, index: MakesMaterial, person: bool, own: bool = True
    ) -> Intake:  # fmt: skip
        """Begin an import.

        Args:
            user: Whose the rows become.
            actor: Channel that asked; noted with rows that bring no event of their own.
            embedder: Fingerprint of what `index` embeds with.
            index: Makes search material for new rows.
            person: A person brings their own rows: what they had confirmed stays confirmed. Else a statement is
                trusted no more than what it quotes.
            own: They are known to come unchanged from an export of this user. Else they add rows and change none.
        """
        ...

    def tables(self, user: str, now: datetime) -> dict[str, pa.Table]:
        """Return a user's rows as Arrow tables, by the names a query may use."""
        ...
