"""The truth in DuckDB: one transaction writes rows, event and outbox entry."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from eider.language.analysis import ANALYZER
from eider.model.changes import ChangeSet, Committed, Erasure
from eider.model.clock import to_db
from eider.model.errors import EiderError, ErasedError, StaleChangeError, StoreError
from eider.model.failpoints import point
from eider.model.usage import fresh
from eider.model.values import Episode, Event, Memory, Metadata, Usage
from eider.privacy.evidence import Quoted, check_owned, quoted_ids, rested
from eider.privacy.redaction_check import check_sealed
from eider.store import event_chain, loop_rows, rows
from eider.store.database import Cursor, Database
from eider.store.files import StoreFiles
from eider.store.migrate import secret_of
from eider.store.queries import Reads

_KEY: Final = "key"
_ID: Final = "id"


class DuckStore(Reads):
    """`Store` over one DuckDB file. The caller holds the directory's owner lock."""

    def __init__(self, files: StoreFiles, database: Database, *, embedder: str, width: int) -> None:
        """Take over an open, migrated database.

        Args:
            files: The directory it lies in.
            database: Its truth file.
            embedder: Fingerprint written beside each vector.
            width: Length of a vector.
        """
        self.files, self.database = files, database
        self._embedder, self._width = embedder, width
        with database.reading() as db:
            self.secret = secret_of(db, files.folder)
            self.tombstoned = bool(db.execute("SELECT 1 FROM tombstones LIMIT 1").fetchall())
        self.head: tuple[int, str] = self._last_event()
        self._sequences: dict[tuple[str, str], int] = {}

    # ------------------------------------------------------------------ writing

    def commit(self, changes: ChangeSet) -> Committed:
        """Write a plan whole, or not at all.

        Raises:
            StaleChangeError: A memory it read has moved on.
            ErasedError: It would bring back what was forgotten.
            StoreFullError: No room; nothing was written.
        """
        check_sealed(changes)
        check_owned(changes)
        with self.database.turn():
            done = self._written(changes)
            if not done.repeated:
                self._count(done.episodes)
        return done

    def commit_all(self, many: Sequence[ChangeSet]) -> list[Committed]:
        """Write several plans in one transaction, each with its event: one wait for the disk instead of many.

        Either all are written or none is; whoever calls it then commits them one by one.
        """
        for changes in many:
            check_sealed(changes)
            check_owned(changes)
        with self.database.turn():
            was, counted = self.head, dict(self._sequences)
            try:
                with self.transaction() as (db, heads):
                    done: list[Committed] = []
                    for changes in many:
                        done.append(self._carried_out(db, heads, changes))
                        if heads:
                            self.head = heads[-1]
                        self._count(done[-1].episodes)
            except BaseException:
                self.head, self._sequences = was, counted
                raise
        return done

    def _written(self, changes: ChangeSet) -> Committed:
        with self.transaction() as (db, heads):
            return self._carried_out(db, heads, changes)

    def _carried_out(self, db: Cursor, heads: list[tuple[int, str]], changes: ChangeSet) -> Committed:
        """One plan within the caller's transaction."""
        if changes.key is not None and (first := self._first_time(db, changes)) is not None:
            return first
        self._refuse_erased(db, changes)
        before = self._refuse_stale(db, changes)
        seq = self.head[0] + 1
        episodes = self._write_episodes(db, changes, seq)
        memories = self._write_memories(db, changes, seq, before)
        self._write_side(db, changes, seq)
        event, head = self._write_event(db, changes, seq, before)
        heads.append(head)
        point("commit.written")
        return Committed(event=event, episodes=episodes, memories=memories)

    @contextmanager
    def transaction(self) -> Generator[tuple[Cursor, list[tuple[int, str]]]]:
        """A transaction that moves the chain on; the caller puts the new head into the list.

        The new head is noted before the next writer's turn. When the commit itself fails, the file is asked
        whether it was written all the same: a write is kept or refused, never perhaps.
        """
        heads: list[tuple[int, str]] = []
        with self.database.turn():
            try:
                with self.database.writing() as db:
                    yield db, heads
            except StoreError:
                with suppress(EiderError):
                    self.head = self._last_event()
                if not heads or heads[-1] != self.head:
                    raise
            if heads:
                point("commit.durable")
                self.head = heads[-1]
                self.files.note_head(*self.head)

    def _count(self, episodes: Sequence[Episode]) -> None:
        """Remember the last place of each session."""
        for episode in episodes:
            place = (str(episode.user), str(episode.session))
            self._sequences[place] = max(episode.seq, self._sequences.get(place, -1))
        while len(self._sequences) > 10_000:  # noqa: PLR2004 (a cache; a miss asks the table)
            self._sequences.pop(next(iter(self._sequences)))

    def forget_sequences(self, user: str) -> None:
        """Count a user's sessions anew."""
        self._sequences = {place: seq for place, seq in self._sequences.items() if place[0] != user}

    def repeated(self, changes: ChangeSet) -> Committed | None:
        """What an earlier commit with the same key wrote, if there was one.

        Raises:
            ErasedError: That was forgotten.
        """
        with self.database.reading() as db:
            first = self._first_time(db, changes)
            if first is None:
                self._refuse_erased(db, changes)
            return first

    def _key_digest(self, changes: ChangeSet) -> str:
        """A key means the same call only for the same user and verb."""
        return self.digest(_KEY, changes.user, f"{changes.op}:{changes.key}")

    def _first_time(self, db: Cursor, changes: ChangeSet) -> Committed | None:
        """What the first commit with this key wrote."""
        digest = self._key_digest(changes)
        found = db.execute("SELECT seq FROM idem_keys WHERE digest = ?", [digest]).fetchall()
        if not found:
            return None
        event = self._events(db, "seq = ?", [found[0][0]])[0]
        touched = [i for i in event.ids if i.startswith("mem_")]
        return Committed(
            event=event,
            repeated=True,
            episodes=tuple(self._episodes(db, event.ids, changes.user)),
            memories=tuple(m for m in self._memories(db, touched, changes.user) if m.text),
        )

    def _refuse_erased(self, db: Cursor, changes: ChangeSet) -> None:
        """A tombstone stands in the way of spool, retry, restore, undo and re-import alike."""
        named = [(e.id, f"episode {e.id!r}") for e in changes.episodes]
        named += [(m.id, f"memory {m.id!r}") for m in changes.memories if m.id not in changes.reads]
        digests = {self.digest(_ID, changes.user, i): what for i, what in named}
        if changes.key is not None:
            digests[self._key_digest(changes)] = f"what key {changes.key!r} wrote"
        if not self.tombstoned:
            return
        sql = "SELECT digest FROM tombstones WHERE digest IN (SELECT unnest($1))"
        if found := db.execute(sql, [list(digests)]).fetchall():
            raise ErasedError(digests[found[0][0]])

    @staticmethod
    def _refuse_stale(db: Cursor, changes: ChangeSet) -> dict[str, int]:
        """Revisions as they are now, which must be those the plan read."""
        wanted = set(changes.reads) | {m.id for m in changes.memories if m.rev}
        if not wanted:
            return {}
        sql = (
            "SELECT id, rev FROM memories WHERE id IN (SELECT unnest($1)) AND user_id = $2 "
            "AND retired_at IS NULL AND state <> 'erased'"
        )
        now: dict[str, int] = dict(db.execute(sql, [list(wanted), changes.user]).fetchall())
        if stale := [i for i, rev in changes.reads.items() if now.get(i) != rev]:
            raise StaleChangeError(stale)
        return now

    def _write_episodes(self, db: Cursor, changes: ChangeSet, rev: int) -> tuple[Episode, ...]:
        if not changes.episodes:
            return ()
        given: dict[tuple[str, str], int] = {}
        numbered: list[Episode] = []
        for episode in changes.episodes:
            place = (changes.user, str(episode.session))
            seq = episode.seq
            if seq < 0:
                last = given[place] if place in given else self._last_in(db, place)
                seq = last + 1
            given[place] = max(seq, given.get(place, -1))
            numbered.append(replace(episode, seq=seq))
        insert(db, "episodes", rows.EPISODE, [rows.episode_row(e, rev, e.seq) for e in numbered])
        return tuple(numbered)

    def _last_in(self, db: Cursor, place: tuple[str, str]) -> int:
        if place not in self._sequences:
            sql = "SELECT max(seq) FROM episodes WHERE user_id = ? AND session = ?"
            last = db.execute(sql, list(place)).fetchall()[0][0]
            return -1 if last is None else last
        return self._sequences[place]

    def _write_memories(
        self, db: Cursor, changes: ChangeSet, rev: int, before: Mapping[str, int]
    ) -> tuple[Memory, ...]:
        if not changes.memories:
            return ()
        quoted = _quoted(db, changes)
        written = [rested(m, quoted, new=m.id not in before) for m in changes.memories]
        if replaced := [m.id for m in written if m.id in before]:
            retire(db, replaced, changes.at)
        made = [(*rows.memory_row(m, rev), self.identity(m)) for m in written]
        insert(db, "memories", [*rows.MEMORY, "identity"], made)
        return tuple(replace(m, rev=rev, retired_at=None) for m in written)

    def _write_side(self, db: Cursor, changes: ChangeSet, rev: int) -> None:
        if changes.indexing:
            made = [
                rows.embedding_row(i, changes.user, self._embedder, ANALYZER, x) for i, x in changes.indexing.items()
            ]
            insert(db, "embeddings", rows.EMBEDDING, made)
        if changes.edges:
            names = ["user_id", "source", "target", "kind", "weight", "rev"]
            insert(db, "edges", names, [rows.edge_row(e, changes.user, rev) for e in changes.edges])
        self.write_usage(db, changes.user, changes.usage)
        for agent, name in changes.unregisters:
            db.execute("DELETE FROM scopes WHERE user_id = ? AND agent = ? AND name = ?", [changes.user, agent, name])
        if changes.registers:
            there = set(self._scopes(db, changes.user))
            new = [(changes.user, *one, rev) for one in dict.fromkeys(changes.registers) if one not in there]
            insert(db, "scopes", ["user_id", "agent", "name", "rev"], new)
        for loop in changes.loops:
            loop_rows.put(db, loop)
        loop_rows.write_learned(db, changes.user, changes.learned, rev, changes.at)
        if changes.unlearned != ():
            loop_rows.write_unlearned(db, changes.user, changes.unlearned)
        ids = [str(e.id) for e in changes.episodes] + [str(m.id) for m in changes.memories]
        if ids:
            insert(db, "outbox", ["rev", "id", "user_id", "op"], [(rev, i, changes.user, "put") for i in ids])

    @staticmethod
    def write_usage(db: Cursor, user: str, usage: Sequence[Usage]) -> None:
        """Replace the counters of these memories, within the caller's transaction."""
        for one in usage:
            db.execute(
                "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET stability = "
                "excluded.stability, last_used = excluded.last_used, uses = excluded.uses, shown = excluded.shown "
                "WHERE usage.user_id = excluded.user_id",
                list(rows.usage_row(one, user)),
            )

    def _write_event(
        self, db: Cursor, changes: ChangeSet, seq: int, before: Mapping[str, int]
    ) -> tuple[Event, tuple[int, str]]:
        ids = tuple(str(i) for i in (*(e.id for e in changes.episodes), *(m.id for m in changes.memories)))
        ids += tuple(u.id for u in changes.usage if u.id not in ids)
        payload: dict[str, Any] = {
            "user": changes.user,
            "reason": changes.reason,
            "memories": {m.id: before.get(m.id) for m in changes.memories},
            "detail": changes.detail,
        }
        if changes.registers or changes.unregisters:
            payload["scopes"] = {"added": changes.registers, "removed": changes.unregisters}
        link, head = self.append(db, changes.user, changes.actor, changes.op, changes.at, ids, payload)
        if changes.key is not None:
            db.execute("INSERT INTO idem_keys VALUES (?, ?, ?)", [self._key_digest(changes), changes.user, seq])
        event = Event(
            id=rows.event_id(link.seq), seq=link.seq, at=link.at, actor=link.actor, op=link.op, ids=ids,
            reason=changes.reason,
        )  # fmt: skip
        return event, head

    def append(
        self, db: Cursor, user: str, actor: str, op: str, at: datetime, ids: tuple[str, ...], payload: Metadata
    ) -> tuple[event_chain.Link, tuple[int, str]]:  # fmt: skip
        """Add the next event to the chain, within the caller's transaction; returns it and the new head."""
        seq, previous = self.head[0] + 1, self.head[1]
        text = event_chain.encode(payload)
        nonce, commitment = event_chain.commit_to(text)
        link = event_chain.Link(seq=seq, at=at, actor=actor, op=op, ids=ids, commitment=commitment, previous=previous)
        values = (seq, to_db(at), user, actor, op, json.dumps(list(ids)), commitment, previous, link.hash)
        insert(db, "events", rows.EVENT, [values])
        insert(db, "event_payloads", ["seq", "user_id", "nonce", "payload"], [(seq, user, nonce, text)])
        return link, (seq, link.hash)

    def save_usage(self, usage: Sequence[Usage], *, user: str) -> None:
        """Write buffered counters."""
        with self.database.writing() as db:
            self.write_usage(db, user, usage)

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Remove rows for good; the bytes leave with the next rewrite.

        Raises:
            StaleChangeError: A memory it read has moved on.
        """
        from eider.store.erase import erase  # it writes through this store

        return erase(self, erasure)

    def close(self) -> None:
        """Checkpoint and let go of the files."""
        self.database.close()
        self.files.close()


def retire(db: Cursor, ids: Sequence[str], at: datetime) -> None:
    """Close the open versions of these memories; what was never used goes on fading from when it was learned.

    Without a row of its own a memory counts as used when its open version was written, and a new version is no use.
    """
    open_ones = "WHERE id IN (SELECT unnest($1)) AND retired_at IS NULL"
    sql = f"SELECT {rows.columns(rows.MEMORY)} FROM memories m {open_ones} AND id NOT IN (SELECT id FROM usage)"  # noqa: S608
    never = [rows.memory_of(row) for row in db.execute(sql, [list(ids)]).fetchall()]
    insert(db, "usage", rows.USAGE, [rows.usage_row(fresh(m), m.user) for m in never])
    db.execute(f"UPDATE memories SET retired_at = $2 {open_ones}", [list(ids), to_db(at)])  # noqa: S608


def _quoted(db: Cursor, changes: ChangeSet) -> dict[str, Quoted]:
    """What is known of the utterances that a plan's memories quote."""
    wanted = quoted_ids(changes.memories)
    if not wanted:
        return {}
    with_it = {e.id: Quoted(length=len(e.text), origin=e.origin) for e in changes.episodes if e.id in wanted}
    if not (others := set(wanted) - set(with_it)):
        return with_it
    sql = "SELECT id, length(content), origin FROM episodes WHERE id IN (SELECT unnest($1)) AND user_id = $2"
    found = db.execute(sql, [list(others), changes.user]).fetchall()
    return with_it | {id_: Quoted(length=length, origin=origin) for id_, length, origin in found}


def insert(db: Cursor, table: str, names: Sequence[str], values: Sequence[rows.Row]) -> None:
    """Insert rows, one by one or as columns."""
    if len(values) == 1:
        marks = ", ".join("?" * len(names))
        db.execute(f"INSERT INTO {table} ({rows.columns(names)}) VALUES ({marks})", list(values[0]))  # noqa: S608
    elif values:
        db.execute(*rows.unnested(table, names, values))
