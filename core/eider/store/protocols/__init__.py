"""What a backend promises: narrow protocols, each for one purpose, and `Store`, which bundles one open store's.

The engine and everything above it know only these. DuckDB keeps them in `eider.store.duck`; another backend
writes its own classes and an opener that returns a `Store`. Every question names the user; a stranger's id does
not exist. Each protocol has contract tests in `eider.testing`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from eider.model.errors import InputError, ReadOnlyStoreError
from eider.store.protocols.foreign import ForeignChange, Others
from eider.store.protocols.jobs import JobList, JobQueue, JobResults
from eider.store.protocols.rows import Candidates, Commits, EventLog, Reads, Segments, Statements
from eider.store.protocols.runs import RunStore, StepStore
from eider.store.protocols.search import Index, IndexRow, IndexUpkeep, SearchIndex
from eider.store.protocols.state import Documents, LearnedDocument, LearnedStore, LoopStore, ScopeStore, UsageStore
from eider.store.protocols.transfer import Intake, IntakeTally, MakesMaterial, Snapshot, Tables, Transfer
from eider.store.protocols.upkeep import (
    Census,
    Copies,
    ErasureChecks,
    Inspection,
    SampleRow,
    SearchMaterial,
    Tombstones,
    Totals,
)

__all__ = [
    "Candidates",
    "Census",
    "Commits",
    "Connection",
    "Copies",
    "Documents",
    "ErasureChecks",
    "EventLog",
    "ForeignChange",
    "Index",
    "IndexRow",
    "IndexUpkeep",
    "Inspection",
    "Intake",
    "IntakeTally",
    "JobList",
    "JobQueue",
    "JobResults",
    "LearnedDocument",
    "LearnedStore",
    "LoopStore",
    "MakesMaterial",
    "Others",
    "Reads",
    "RunStore",
    "SampleRow",
    "ScopeStore",
    "SearchIndex",
    "SearchMaterial",
    "Segments",
    "Snapshot",
    "Statements",
    "StepStore",
    "Store",
    "StorePlace",
    "Tables",
    "Tombstones",
    "Totals",
    "Transfer",
    "UsageStore",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePlace:
    """Where a store is, and what may be done there."""

    name: str
    folder: Path | None
    """Its directory; None where it is not kept in one."""
    schema: int
    """Number of its schema."""
    embedder: str
    """Fingerprint of what made its vectors; empty where none was noted."""
    read_only: bool
    read_only_reason: str = ""
    unclean: bool = False
    """The last owner did not close it."""
    address: str = ""
    """Of a store in a database server: where that is, without a password."""

    def check_writable(self) -> None:
        """Refuse early where nothing can be written.

        Raises:
            ReadOnlyStoreError: The files are not writable, or are a published snapshot.
        """
        if self.read_only:
            raise ReadOnlyStoreError(self.folder or Path(self.name), self.read_only_reason)

    def on_disk(self, what: str) -> Path:
        """Return the directory of a store that has one.

        Raises:
            InputError: It is in memory, which cannot have `what`.
        """
        if self.address:
            raise InputError(
                f"{self.address!r} is in a database server, whose own tools are for {what}; or use export()."
            )
        if self.folder is None:
            raise InputError(
                f"{self.name!r} is in memory and cannot have {what}; open a store on disk by name or path."
            )
        return self.folder

    def __str__(self) -> str:
        return self.address or (self.name if self.folder is None else str(self.folder))


class Connection(Protocol):
    """The open files or sockets behind a store."""

    @property
    def forked(self) -> bool:
        """Whether it was opened by the parent of this process, which alone may go on with it."""
        ...

    def check(self) -> None:
        """Refuse a handle that was closed, or opened before a fork.

        Raises:
            ForkedError: It is the parent's.
            StoreError: It was closed.
        """
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Hold the writer's place, for several calls that nobody may write between."""
        ...

    def close(self) -> None:
        """Stop what works behind the store and release it; closing twice is harmless."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class Store:
    """One open store: where it is, and an object per purpose."""

    place: StorePlace
    commits: Commits
    reads: Reads
    statements: Statements
    segments: Segments
    candidates: Candidates
    events: EventLog
    usage: UsageStore
    scopes: ScopeStore
    loops: LoopStore
    runs: RunStore
    steps: StepStore
    learned: LearnedStore
    documents: Documents
    job_queue: JobQueue
    job_results: JobResults
    job_list: JobList
    index: SearchIndex
    index_upkeep: IndexUpkeep
    material: SearchMaterial
    inspection: Inspection
    erasure_checks: ErasureChecks
    tombstones: Tombstones
    census: Census
    copies: Copies
    transfer: Transfer
    tables: Tables
    connection: Connection
    others: Others | None = None
    """Tells what other processes wrote; None where this one alone writes."""
    loads: int = 150_000
    """Rows of one user up to which they are loaded; the index nominates beyond. By default what takes 200 MB and a second."""
    needs_material: bool = False
    """Vectors or analyses are another version's and have to be made anew."""

    def vectors_are(self, embedder: str, width: int) -> None:
        """Read and write vectors of this embedder from now on; its fingerprint, and their length."""
        self.place = replace(self.place, embedder=embedder)
        self.commits.embedder = embedder
        self.segments.embedder, self.segments.width = embedder, width
        self.index_upkeep.vectors_are(embedder, width)
