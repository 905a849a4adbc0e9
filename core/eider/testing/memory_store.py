"""A store in plain Python: for tests without files, and to read what a store has to do."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from eider.model.changes import ChangeSet, Committed, Erasure, Indexing
from eider.model.errors import ErasedError, RefusedError, StaleChangeError
from eider.model.usage import fresh
from eider.model.values import Episode, Event, Memory, Metadata, Usage
from eider.privacy.evidence import Quoted, check_owned, quoted_ids, rested
from eider.privacy.redaction_check import check_sealed
from eider.store import arrays
from eider.store.rows import event_id
from eider.store.segment.segment import SegmentRows

_Key = tuple[str, str, str]
"""User, verb, idempotency key."""


class MemoryStore:
    """`Store` over dictionaries. Nothing survives it, and its events have no chain.

    >>> MemoryStore().users()
    []
    """

    def __init__(self, *, width: int = 256) -> None:
        """Start empty.

        Args:
            width: Length of the vectors it is given.
        """
        self._width = width
        self._lock = threading.RLock()
        self._episodes: dict[str, Episode] = {}
        self._versions: dict[str, list[Memory]] = {}
        self._indexing: dict[str, Indexing] = {}
        self._usage: dict[str, tuple[str, Usage]] = {}
        self._events: list[tuple[str, Event]] = []
        self._payloads: dict[int, Metadata] = {}
        self._keys: dict[_Key, int] = {}
        self._graves: set[tuple[str, str]] = set()
        self._dead_keys: set[_Key] = set()
        self._scopes: dict[tuple[str, str, str], None] = {}

    # ------------------------------------------------------------------ writing

    def commit(self, changes: ChangeSet) -> Committed:
        """Write a plan whole, or not at all."""
        check_sealed(changes)
        check_owned(changes)
        with self._lock:
            if (first := self.repeated(changes)) is not None:
                return first
            self._refuse_erased(changes)
            before = self._before(changes)
            seq = len(self._events) + 1
            written = self._checked(changes, before, seq)
            episodes = self._numbered(changes)
            for memory in written:
                self._put(memory, changes.at)
            self._episodes |= {e.id: e for e in episodes}
            self._indexing |= changes.indexing
            self._usage |= {u.id: (changes.user, u) for u in changes.usage}
            for one in changes.unregisters:
                self._scopes.pop((changes.user, *one), None)
            for one in changes.registers:
                self._scopes.setdefault((changes.user, *one))
            event = self._note(changes, written, before, seq)
            return Committed(event=event, episodes=episodes, memories=written)

    def repeated(self, changes: ChangeSet) -> Committed | None:
        """What an earlier commit with the same key wrote, if there was one."""
        if changes.key is None:
            return None
        key = (changes.user, changes.op, str(changes.key))
        if key in self._dead_keys:
            raise ErasedError(f"what key {changes.key!r} wrote")
        if key not in self._keys:
            return None
        _, event = self._events[self._keys[key] - 1]
        return Committed(
            event=event,
            repeated=True,
            episodes=tuple(self.episodes(event.ids, user=changes.user)),
            memories=tuple(m for m in self.memories(event.ids, user=changes.user) if m.text),
        )

    def _refuse_erased(self, changes: ChangeSet) -> None:
        named = [e.id for e in changes.episodes] + [m.id for m in changes.memories if m.id not in changes.reads]
        for one in named:
            if (changes.user, one) in self._graves:
                raise ErasedError(f"{one!r}")

    def _before(self, changes: ChangeSet) -> dict[str, int]:
        wanted = [*changes.reads, *(m.id for m in changes.memories if m.rev)]
        open_ones = self.memories(wanted, user=changes.user)
        now = {m.id: m.rev for m in open_ones if m.state != "erased"}
        if stale := [i for i, rev in changes.reads.items() if now.get(i) != rev]:
            raise StaleChangeError(stale)
        taken = [e.id for e in changes.episodes if e.id in self._episodes]
        if taken := taken + [i for i in changes.indexing if i in self._indexing]:
            raise RefusedError(f"{taken[0]!r} is there already; read it again and plan anew.")
        return now

    def _checked(self, changes: ChangeSet, before: Mapping[str, int], seq: int) -> tuple[Memory, ...]:
        said = {
            e.id: e
            for e in (*self.episodes(sorted(quoted_ids(changes.memories)), user=changes.user), *changes.episodes)
        }
        quoted = {i: Quoted(length=len(e.text), origin=e.origin) for i, e in said.items()}
        return tuple(
            replace(rested(m, quoted, new=m.id not in before), rev=seq, retired_at=None) for m in changes.memories
        )

    def _numbered(self, changes: ChangeSet) -> tuple[Episode, ...]:
        last: dict[str, int] = {}
        for e in self._episodes.values():
            if e.user == changes.user:
                last[e.session] = max(e.seq, last.get(e.session, -1))
        numbered: list[Episode] = []
        for e in changes.episodes:
            seq = e.seq if e.seq >= 0 else last.get(e.session, -1) + 1
            last[e.session] = max(seq, last.get(e.session, -1))
            numbered.append(replace(e, seq=seq))
        return tuple(numbered)

    def _put(self, memory: Memory, at: datetime) -> None:
        """Add a version; the first successor freezes when a memory that was never used began to fade."""
        versions = self._versions.setdefault(memory.id, [])
        if versions:
            self._usage.setdefault(memory.id, (memory.user, fresh(versions[-1])))
            versions[-1] = replace(versions[-1], retired_at=at)
        versions.append(memory)

    def _note(self, changes: ChangeSet, memories: Sequence[Memory], before: Mapping[str, int], seq: int) -> Event:
        ids = dict.fromkeys(
            [*(e.id for e in changes.episodes), *(m.id for m in memories), *(u.id for u in changes.usage)]
        )
        event = Event(
            id=event_id(seq), seq=seq, at=changes.at, actor=changes.actor, op=changes.op, ids=tuple(ids),
            reason=changes.reason,
        )  # fmt: skip
        self._events.append((changes.user, event))
        self._payloads[seq] = {
            "user": changes.user, "reason": changes.reason, "memories": {m.id: before.get(m.id) for m in memories},
            "detail": changes.detail,
        }  # fmt: skip
        if changes.registers or changes.unregisters:
            both = {"added": [list(s) for s in changes.registers], "removed": [list(s) for s in changes.unregisters]}
            self._payloads[seq] = {**self._payloads[seq], "scopes": both}
        if changes.key is not None:
            self._keys[changes.user, changes.op, str(changes.key)] = seq
        return event

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Remove rows for good."""
        with self._lock:
            now = {m.id: m.rev for m in self.memories(list(erasure.reads), user=erasure.user)}
            if stale := [i for i, rev in erasure.reads.items() if now.get(i) != rev]:
                raise StaleChangeError(stale)
            mine = {m.id for m in self.memories(None, user=erasure.user)}
            mine |= {e.id for e in self._episodes.values() if e.user == erasure.user}
            named = frozenset(mine if erasure.everything else mine & (erasure.episodes | erasure.memories))
            counts = self._remove(named, erasure)
            seq = len(self._events) + 1
            for memory in erasure.trimmed:
                self._put(replace(memory, rev=seq), erasure.at)
            ids = tuple(sorted({*named, *(m.id for m in erasure.trimmed)}))
            event = Event(id=event_id(seq), seq=seq, at=erasure.at, actor=erasure.actor, op="forget", ids=ids)
            self._events.append(("" if erasure.everything else erasure.user, event))
            self._payloads[seq] = {"user": erasure.user, "reason": "", "memories": {}, "detail": {}}
        return counts

    def _remove(self, named: frozenset[str], erasure: Erasure) -> dict[str, int]:
        user = erasure.user
        graves = [] if erasure.everything else self._tombstones(erasure)
        self._graves |= {(user, i) for i in named}
        touched = {e.seq for whose, e in self._events if whose == user and (erasure.everything or named & set(e.ids))}
        dead = {key for key, seq in self._keys.items() if seq in touched}
        self._dead_keys |= dead
        for key in dead:
            del self._keys[key]
        counts = {"event_payloads": sum(self._payloads.pop(seq, None) is not None for seq in touched)}
        counts["episodes"] = sum(self._episodes.pop(i, None) is not None for i in named)
        scopes = {v.scope for i in named for v in self._versions.get(i, [])}
        counts["memories"] = sum(len(self._versions.pop(i, [])) for i in named)
        for i in named:
            self._indexing.pop(i, None)
            self._usage.pop(i, None)
        scopes -= {v.scope for versions in self._versions.values() for v in versions if v.user == user}
        unused = [s for s in self._scopes if s[0] == user and (erasure.everything or s[2] in scopes)]
        counts["scopes"] = len(unused)
        for one in unused:
            del self._scopes[one]
        if erasure.everything:
            self._events = [("" if whose == user else whose, e) for whose, e in self._events]
        self._versions |= {g.id: [g] for g in graves}
        return {table: n for table, n in counts.items() if n}

    def _tombstones(self, erasure: Erasure) -> list[Memory]:
        """What stays of a memory within a chain: id, place and times, no content."""
        current = self.memories(None, user=erasure.user)
        followed = {m.superseded_by for m in current if m.superseded_by}
        at = erasure.at
        return [
            replace(
                m, text="", agent="", scope="", subject="", entities=(), evidence=(), merged_from=(), key=None,
                importance=1, pinned=False, state="erased", recorded_at=at, valid_from=at, valid_to=at,
                from_precision="instant", to_precision="instant",
            )
            for m in current
            if m.id in erasure.memories and (m.superseded_by is not None or m.id in followed)
        ]  # fmt: skip

    # ------------------------------------------------------------------ reading

    def episodes(self, ids: Sequence[str], *, user: str) -> list[Episode]:
        """Episodes in the order asked for; unknown ids are left out."""
        return [self._episodes[i] for i in ids if i in self._episodes and self._episodes[i].user == user]

    def memories(self, ids: Sequence[str] | None, *, user: str, known_at: datetime | None = None) -> list[Memory]:
        """Memories (None: all) as they are, or as they were known at an instant."""
        wanted = dict.fromkeys(ids if ids is not None else self._versions)
        return [m for i in wanted for m in self._versions.get(i, ()) if m.user == user and _known(m, known_at)]

    def twin(self, memory: Memory) -> Memory | None:
        """The current memory that says the same to the same user in the same scope, of the same kind and trust."""
        for one in self.memories(None, user=memory.user):
            open_one = one.state == "active" and one.valid_to is None and one.valid_from <= memory.valid_from
            if open_one and _said(one) == _said(memory):
                return one
        return None

    def versions(self, id: str, *, user: str) -> list[Memory]:  # noqa: A002 (the word users know)
        """All versions of one memory, oldest first."""
        return [m for m in self._versions.get(id, ()) if m.user == user]

    def replaced(self, ids: Sequence[str], *, user: str) -> list[Memory]:
        """Memories whose successor is one of these."""
        return [m for m in self.memories(None, user=user) if m.superseded_by in ids]

    def rows(self, *, user: str, ids: Sequence[str] | None = None, known_at: datetime | None = None) -> SegmentRows:
        """A user's rows as the ranker's arrays."""
        made = self._indexing
        wanted = None if ids is None else set(ids)
        said = [e for e in self._episodes.values() if e.user == user and e.id in made]
        said = [e for e in said if known_at is None or e.recorded_at <= known_at]
        kept = [m for m in self.memories(None, user=user, known_at=known_at) if m.id in made and m.state != "erased"]
        said = [e for e in said if wanted is None or e.id in wanted]
        kept = [m for m in kept if wanted is None or m.id in wanted]
        memories = arrays.of_memories(kept, made, self._width)
        for row, i in enumerate(memories.ids):
            if i in self._usage:
                usage = self._usage[i][1]
                memories.stability[row] = usage.stability
                memories.last_used[row] = arrays.micros(usage.last_used)
        return arrays.joined(arrays.of_episodes(said, made, self._width), memories)

    def events(
        self, *, user: str, limit: int = 50, ids: Sequence[str] | None = None, seqs: Sequence[int] | None = None,
        since: datetime | None = None, until: datetime | None = None,
    ) -> list[Event]:  # fmt: skip
        """Events, newest first; `ids` keeps those that touched any of them."""
        found = [
            replace(e, erased=e.seq not in self._payloads, reason=e.reason if e.seq in self._payloads else "")
            for whose, e in reversed(self._events)
            if whose == user
            and (ids is None or set(ids) & set(e.ids))
            and (seqs is None or e.seq in seqs)
            and (since is None or e.at >= since)
            and (until is None or e.at < until)
        ]
        return found[:limit]

    def payload(self, seq: int, *, user: str) -> Metadata | None:
        """What an event said; None once it was erased or when it is another user's."""
        known = self._payloads.get(seq)
        return known if known is not None and known["user"] == user else None

    def usage(self, ids: Sequence[str] | None, *, user: str) -> dict[str, Usage]:
        """Usage by memory id."""
        return {i: u for i, (whose, u) in self._usage.items() if whose == user and (ids is None or i in ids)}

    def save_usage(self, usage: Sequence[Usage], *, user: str) -> None:
        """Write buffered counters."""
        with self._lock:
            for one in usage:
                if self._usage.get(one.id, (user,))[0] == user:
                    self._usage[one.id] = (user, one)

    def scopes(self, *, user: str) -> list[tuple[str, str]]:
        """Registered scopes: (agent, name), in the order they came."""
        return [(agent, name) for whose, agent, name in self._scopes if whose == user]

    def users(self) -> list[str]:
        """Everyone who has rows."""
        rows: list[Any] = [*self._episodes.values(), *(v[0] for v in self._versions.values())]
        return sorted({str(row.user) for row in rows})

    def close(self) -> None:
        """Nothing to let go of."""


def _known(memory: Memory, at: datetime | None) -> bool:
    if at is None:
        return memory.retired_at is None
    return memory.recorded_at <= at and (memory.retired_at is None or memory.retired_at > at)


def _said(m: Memory) -> tuple[str, str, int, str]:
    return m.kind, str(m.scope), m.trust, " ".join(m.text.casefold().split()).rstrip(".!")
