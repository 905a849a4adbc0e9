"""A planned write: everything one commit adds, and the revisions the plan was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from eider.model.outcomes import Loop
from eider.model.values import Edge, Episode, Event, Memory, MemoryId, Metadata, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """What the ranker needs of one text, made once and kept beside it."""

    vector: bytes
    """float32, one row of the embedder's width; empty when the text has no vector."""
    analysis: bytes
    """`eider.language.analysis.Analysis` as bytes."""
    pending: bool = False
    """The embedder could not be asked: the row is kept with an empty `embedder`, and its vector made later."""
    embedder: str = ""
    """Fingerprint of what made the vector; empty: the embedder in use."""
    spare: bytes | None = None
    """While embedders are being exchanged: the vector of the one that is not in use; None where there is none."""
    spare_embedder: str = ""
    """Fingerprint of what made `spare`."""

    def placed(self, in_use: str) -> Indexing:
        """Return it with the vector of the embedder in use in its place, though it was made before an exchange."""
        if self.embedder in ("", in_use):
            return self
        aside = (None, "") if self.pending else (self.vector, self.embedder)
        if self.spare is not None and self.spare_embedder == in_use:
            return replace(
                self, vector=self.spare, embedder=in_use, pending=False, spare=aside[0], spare_embedder=aside[1]
            )
        return replace(self, vector=b"", embedder=in_use, pending=True, spare=aside[0], spare_embedder=aside[1])


ScopeName = tuple[str, str]
"""An agent, and the name of a scope that it may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """One planned write for one user.

    The store commits it whole or not at all. A memory whose id exists becomes a new version of it;
    `reads` holds the revisions the plan was made from, and the commit refuses a plan that is stale.
    """

    user: str
    op: str
    actor: str
    at: datetime
    reason: str = ""
    episodes: tuple[Episode, ...] = ()
    """Their `seq` is given by the store when it is negative."""
    memories: tuple[Memory, ...] = ()
    """New versions; the store numbers them."""
    reads: Mapping[MemoryId, int] = field(default_factory=dict[str, int])
    """Memory id → revision read."""
    usage: tuple[Usage, ...] = ()
    edges: tuple[Edge, ...] = ()
    unlinks: tuple[Edge, ...] = ()
    """Links to take away."""
    indexing: Mapping[str, Indexing] = field(default_factory=dict[str, Indexing])
    """Id → its search material; for new texts only."""
    registers: tuple[ScopeName, ...] = ()
    """Names of scopes to note; those that are there stay."""
    unregisters: tuple[ScopeName, ...] = ()
    key: str | None = None
    """Idempotency key; a second commit with the same one answers like the first."""
    detail: Metadata = field(default_factory=dict)
    """What `why` and `undo` need beyond the revisions."""
    loops: tuple[Loop, ...] = ()
    """Loops that end with this change, as they are afterwards."""
    learned: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict[str, "Mapping[str, Any] | None"])
    """What outcomes have taught, by name, as it is afterwards; numbers only. None: nothing."""
    unlearned: tuple[Usage, ...] | None = ()
    """Usage before the first outcome changed it; None lets go of what was kept."""

    def __bool__(self) -> bool:
        named = self.registers or self.unregisters
        return bool(self.episodes or self.memories or self.usage or self.edges or self.unlinks or self.learned or named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit wrote."""

    event: Event
    repeated: bool = False
    """The idempotency key had been used: nothing was written, the ids are those of the first time."""
    episodes: tuple[Episode, ...] = ()
    memories: tuple[Memory, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A planned forget: closed over everything derived from what is named."""

    user: str
    actor: str
    at: datetime
    episodes: frozenset[str] = frozenset()
    memories: frozenset[str] = frozenset()
    """Their rows go; those within a chain leave a contentless tombstone."""
    trimmed: tuple[Memory, ...] = ()
    """Memories that keep other support: new versions less the erased evidence."""
    blanked: tuple[Episode, ...] = ()
    """Utterances of which only a part goes, as they are without it."""
    indexing: Mapping[str, Indexing] = field(default_factory=dict[str, Indexing])
    """Id → search material of the utterances of which a part goes."""
    runs: frozenset[str] = frozenset()
    """Runs of workflows, with all that their steps gave."""
    everything: bool = False
    """Forget the whole user."""
    reads: Mapping[MemoryId, int] = field(default_factory=dict[str, int])
