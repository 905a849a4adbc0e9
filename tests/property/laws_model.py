"""A model of the store that knows nothing of how it is built; the laws are in `test_store_laws`."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis.stateful import RuleBasedStateMachine

from eider.api import job_handlers as _  # noqa: F401 (with it come the kinds of jobs)
from eider.api.embedded_backend import EmbeddedBackend
from eider.api.facade import Eider
from eider.model.clock import FixedClock
from eider.model.errors import ClosedMemoryError, ErasedError, RefusedError, UnknownIdError
from eider.model.usage import fresh
from eider.model.values import Memory, Usage
from eider.providers.embedders.hashing import HashEmbedder
from eider.providers.token_budget import HeuristicCounter
from eider.store.engine import Engine
from eider.store.open import open_folder
from eider.store.segment.segment import Segment

START = datetime(2026, 1, 1, tzinfo=UTC)
USERS = ("ada", "bob", "eve")
TEXTS = ("The heron nests by the weir.", "Tea is taken at four.", "The kettle is blue.", "Reports go out on Friday.")
CORRECTED = (
    "Elm benches were painted white.",
    "A drummer practises upstairs.",
    "Soap costs little.",
    "Otters swim upstream.",
)
LEARNED = (
    "Maps hang in the hall.",
    "Violins are tuned first.",
    "Ferries carry bicycles.",
    "Nobody mows under the pear tree.",
)
"""None of these says anything about another: what a statement does to those near it has tests of its own."""
EMBEDDER = HashEmbedder(width=16)


@dataclass(frozen=True)
class Was:
    """One version of a memory, as the model sees it."""

    seq: int
    recorded: datetime
    text: str
    valid_from: datetime
    valid_to: datetime | None = None
    successor: str | None = None
    pinned: bool = False
    evidence: tuple[str, ...] = ()
    erased: bool = False

    def holds(self, at: datetime) -> bool:
        return not self.erased and self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def open(self, now: datetime) -> bool:
        return not self.erased and self.successor is None and (self.valid_to is None or self.valid_to > now)


@dataclass
class Kept:
    """One memory: what never changes, and its versions."""

    id: str
    kind: str
    scope: str
    versions: list[Was]
    merged_from: tuple[str, ...] = ()
    usage: Usage | None = None

    @property
    def now(self) -> Was:
        return self.versions[-1]


@dataclass
class Happened:
    """One event: what it replaced, so that undo can be foretold."""

    seq: int
    op: str
    ids: frozenset[str]
    before: dict[str, int | None] = field(default_factory=dict)
    usage: Usage | None = None
    erased: bool = False


@dataclass
class Person:
    """Everything of one user."""

    memories: dict[str, Kept] = field(default_factory=dict)
    episodes: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    events: dict[int, Happened] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    """Ids that were erased without a trace."""


def opened_at(folder: Path, clock: FixedClock) -> Eider:
    """An embedded store that nobody indexes in the background."""
    opened = open_folder(folder, EMBEDDER, follow=False)
    return Eider(EmbeddedBackend(Engine(store=opened, clock=clock, embedder=EMBEDDER, counter=HeuristicCounter())))


class Laws(RuleBasedStateMachine):
    """The store and its model side by side, and what both have to agree on when a verb is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.folder = Path(self.place.name) / "laws.eider"
        self.clock = FixedClock(START)
        self.memory = opened_at(self.folder, self.clock)
        self.people = {user: Person() for user in USERS}
        self.instants = [START]
        self.random = random.Random(7)
        self.keys = 0

    def teardown(self) -> None:
        self.memory.close()
        self.place.cleanup()

    # ------------------------------------------------------------------ helpers

    @property
    def engine(self) -> Engine:
        return self.memory._engine

    def happened(self, user: str, before: dict[str, int | None] | None = None, usage: Usage | None = None) -> Happened:
        """Take over the newest event; the model trusts the store about its number and time only."""
        event = self.memory.events(user=user, limit=1)[0]
        assert event.seq not in self.people[user].events
        made = Happened(event.seq, event.op, frozenset(event.ids), before or {}, usage)
        self.people[user].events[event.seq] = made
        self.instants.append(event.at)
        return made

    def pick(self, user: str, n: int, *, among: Sequence[str] | None = None) -> str | None:
        ids = sorted(self.people[user].memories) if among is None else sorted(among)
        return ids[n % len(ids)] if ids else None

    def current_ids(self, user: str) -> list[str]:
        now = self.engine.now()
        return [k.id for k in self.people[user].memories.values() if k.now.open(now)]

    def add(self, user: str, memory: Memory, event: Happened) -> None:
        evidence = tuple(span.episode for span in memory.evidence)
        was = Was(event.seq, memory.recorded_at, memory.text, memory.valid_from, memory.valid_to, evidence=evidence,
                  pinned=memory.pinned)  # fmt: skip
        kept = Kept(memory.id, memory.kind, memory.scope, [was], memory.merged_from)
        kept.usage = fresh(memory)
        self.people[user].memories[memory.id] = kept

    def change(self, user: str, id_: str, event: Happened, **changed: Any) -> None:
        kept = self.people[user].memories[id_]
        kept.versions.append(replace(kept.now, seq=event.seq, recorded=self.instants[-1], **changed))

    def refused(self, user: str, id_: str) -> type[RefusedError | UnknownIdError] | None:
        """What a change of this memory has to raise."""
        kept = self.people[user].memories.get(id_)
        if kept is None:
            return UnknownIdError
        if kept.now.erased:
            return ErasedError
        return None if kept.now.open(self.engine.now()) else ClosedMemoryError

    def successor(self, user: str, id_: str) -> str | None:
        memories, last = self.people[user].memories, id_
        while memories[last].now.successor in memories:
            last = str(memories[last].now.successor)
        return last if last != id_ and memories[last].now.open(self.engine.now()) else None

    def erased(self, user: str, named: set[str], episodes: set[str], at: datetime) -> None:
        """What an erasure of these has to take along, to trim and to free."""
        person, now = self.people[user], at
        memories = person.memories
        gone = named | {i for i, k in memories.items() if k.now.evidence and set(k.now.evidence) <= episodes}
        while more := {i for i, k in memories.items() if not k.now.erased and gone & set(k.merged_from)} - gone:
            gone |= more
        freed = {i for i in memories if i not in gone and self.is_freed(memories, i, gone, now)}
        trimmed = {
            i for i, k in memories.items() if i not in gone and not k.now.erased and set(k.now.evidence) & episodes
        }
        for event in person.events.values():
            event.erased |= bool(event.ids & (gone | episodes))
        event = self.happened(user)
        assert event.ids == gone | episodes | freed | trimmed
        followed = {k.now.successor for k in memories.values()}
        for i in freed | trimmed:
            left = tuple(e for e in memories[i].now.evidence if e not in episodes)
            before = [v for v in memories[i].versions if v.successor is None]
            opened = {"successor": None, "valid_to": before[-1].valid_to if before else None} if i in freed else {}
            self.change(user, i, event, evidence=left, **opened)
        for i in gone:
            if memories[i].now.successor is not None or i in followed:
                grave = Was(memories[i].now.seq, at, "", at, at, memories[i].now.successor, erased=True)
                memories[i] = Kept(i, memories[i].kind, "", [grave])
            else:
                del memories[i]
                person.gone.append(i)
        for i in episodes:
            del person.episodes[i]
            person.gone.append(i)

    @staticmethod
    def is_freed(memories: dict[str, Kept], id_: str, gone: set[str], now: datetime) -> bool:
        """Whether it went into erased merges, the last of which still held."""
        top = id_
        while (
            (after := memories[top].now.successor) in gone and after in memories and top in memories[after].merged_from
        ):
            top = after
        return top != id_ and memories[top].now.open(now)

    def expect_refusal(self, user: str, id_: str, verb: Any) -> bool:
        wanted = self.refused(user, id_)
        if wanted is None:
            return False
        head = self.engine.store.events.head
        with pytest.raises(wanted) as caught:
            verb()
        assert type(caught.value) is wanted
        assert id_ in str(caught.value)
        assert self.engine.store.events.head == head
        if isinstance(caught.value, ClosedMemoryError):
            assert caught.value.current == self.successor(user, id_)
        return True


def seen(m: Memory) -> tuple[object, ...]:
    evidence = tuple(s.episode for s in m.evidence)
    return m.text, m.valid_from, m.valid_to, m.superseded_by, m.pinned, evidence, m.state == "erased", m.recorded_at


def expected(v: Was) -> tuple[object, ...]:
    return v.text, v.valid_from, v.valid_to, v.successor, v.pinned, v.evidence, v.erased, v.recorded


def contents(segment: Segment) -> dict[str, tuple[object, ...]]:
    """What a segment says of each id, whatever its row numbers and codes."""
    names = [
        {code: name for name, code in known.items()} for known in (segment.sessions, segment.speakers, segment.scopes)
    ]
    plain = ("is_memory", "seq", "at", "day", "role", "kind", "valid_from", "valid_to", "trust", "state", "importance",
             "pinned", "stability", "last_used", "fingerprint", "length", "place")  # fmt: skip
    told: dict[str, tuple[object, ...]] = {}
    for row in np.flatnonzero(segment.alive).tolist():
        coded = [
            known.get(int(getattr(segment, n)[row]), "")
            for known, n in zip(names, ("session", "speaker", "scope"), strict=True)
        ]
        near = [segment.ids[i] if (i := int(getattr(segment, n)[row])) >= 0 else None for n in ("before", "after")]
        told[segment.ids[row]] = (
            *coded, *near, *(getattr(segment, n)[row].item() for n in plain), tuple(sorted(segment.evidence.get(row, ())))
        )  # fmt: skip
    return told
