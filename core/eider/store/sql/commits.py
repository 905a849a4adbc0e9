"""Plans written to the database: one transaction writes rows, event and outbox entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from eider.language.analysis import ANALYZER
from eider.model.changes import ChangeSet, Committed, Erasure
from eider.model.errors import ErasedError, StaleChangeError
from eider.model.failpoints import point
from eider.model.values import Episode, Event, Memory
from eider.privacy.evidence import Quoted, check_owned, quoted_ids, rested
from eider.privacy.redaction_check import check_sealed
from eider.store import event_chain
from eider.store.sql import loops, reads, rows
from eider.store.sql.chain import Chain, Head
from eider.store.sql.erase import erase
from eider.store.sql.gathered_writes import GatheredWrites
from eider.store.sql.row_writes import retire, write_material, write_usage
from eider.store.sql.session import EVERYONE, Cursor

_KEY: Final = "key"
_ID: Final = "id"


class SqlCommits:
    """`Commits` over one database."""

    def __init__(self, chain: Chain, *, embedder: str) -> None:
        """Write to the end of `chain`; `embedder` is the fingerprint written beside each vector."""
        self._chain, self._database, self.embedder = chain, chain.database, embedder

    def commit(self, changes: ChangeSet) -> Committed:
        """Write a plan whole, or not at all.

        Raises:
            StaleChangeError: A memory it read has moved on.
            ErasedError: It would bring back what was forgotten.
            StoreFullError: No room; nothing was written.
        """
        check_sealed(changes)
        check_owned(changes)
        with self._database.turn():
            done = self._written(changes)
            if not done.repeated:
                self._chain.count(done.episodes)
        return done

    def commit_all(self, many: Sequence[ChangeSet]) -> list[Committed]:
        """Write several plans in one transaction, each with its event: one wait for the disk instead of many.

        Either all are written or none is; whoever calls it then commits them one by one.
        """
        for changes in many:
            check_sealed(changes)
            check_owned(changes)
        with self._database.turn():
            was, counted = self._chain.head, self._chain.sequences
            try:
                users = {changes.user for changes in many}
                with self._chain.transaction(users.pop() if len(users) == 1 else EVERYONE) as (cursor, heads):
                    self._refuse_erased(cursor, many)
                    used = set(self._known_keys(cursor, many))
                    db, done = GatheredWrites(cursor), list[Committed]()
                    for changes in many:
                        done.append(self._addition(db, heads, changes, used))
                        if heads:
                            self._chain.head = heads[-1]
                        self._chain.count(done[-1].episodes)
                    db.flush()
            except BaseException:
                self._chain.head, self._chain.sequences = was, counted
                raise
        return done

    def _written(self, changes: ChangeSet) -> Committed:
        with self._chain.transaction(changes.user) as (db, heads):
            return self._carried_out(db, heads, changes)

    def _carried_out(self, db: Cursor, heads: list[Head], changes: ChangeSet) -> Committed:
        """One plan within the caller's transaction."""
        if changes.key is not None and (first := self._first_time(db, changes)) is not None:
            return first
        self._refuse_erased(db, [changes])
        return self._write(db, heads, changes)

    def _addition(self, db: Cursor, heads: list[Head], changes: ChangeSet, used: set[str]) -> Committed:
        """One of several plans within the caller's transaction; `used` are the digests of keys that were used before."""
        if changes.key is not None:
            digest = self._key_digest(changes)
            if digest in used and (first := self._first_time(db, changes)) is not None:
                return first
            used.add(digest)
        return self._write(db, heads, changes)

    def _write(self, db: Cursor, heads: list[Head], changes: ChangeSet) -> Committed:
        if changes.memories:
            self._chain.check_overtaken(db, changes)
        before = self._refuse_stale(db, changes)
        seq = self._chain.head[0] + 1
        episodes = self._write_episodes(db, changes, seq)
        memories = self._write_memories(db, changes, seq, before)
        self._write_side(db, changes, seq)
        event, head = self._write_event(db, changes, seq, before)
        heads.append(head)
        point("commit.written")
        return Committed(event=event, episodes=episodes, memories=memories)

    def repeated(self, changes: ChangeSet) -> Committed | None:
        """What an earlier commit with the same key wrote, if there was one.

        Raises:
            ErasedError: That was forgotten.
        """
        return self.repeated_all([changes])[0]

    def repeated_all(self, many: Sequence[ChangeSet]) -> list[Committed | None]:
        """What earlier commits with the keys of one user's plans wrote, in their order.

        Raises:
            ErasedError: Something of it was forgotten.
        """
        if not many:
            return []
        with self._database.reading(many[0].user) as db:
            known = self._known_keys(db, many)
            found = [known.get(self._key_digest(changes)) if changes.key is not None else None for changes in many]
            self._refuse_erased(db, [one for one, seq in zip(many, found, strict=True) if seq is None])
            written = _written_at(db, many[0].user, sorted({seq for seq in found if seq is not None}))
        return [None if seq is None else written.get(seq) for seq in found]

    def _key_digest(self, changes: ChangeSet) -> str:
        """A key means the same call only for the same user and verb."""
        return self._chain.digest(_KEY, changes.user, f"{changes.op}:{changes.key}")

    def _known_keys(self, db: Cursor, many: Sequence[ChangeSet]) -> dict[str, int]:
        """Digest of a key that was used → number of the event that used it."""
        digests = [self._key_digest(changes) for changes in many if changes.key is not None]
        if not digests:
            return {}
        sql = "SELECT digest, seq FROM idem_keys WHERE digest IN (SELECT unnest($1))"
        return dict(db.execute(sql, [digests]).fetchall())

    def _first_time(self, db: Cursor, changes: ChangeSet) -> Committed | None:
        """What the first commit with this key wrote."""
        found = list(self._known_keys(db, [changes]).values())
        return _written_at(db, changes.user, found).get(found[0]) if found else None

    def _refuse_erased(self, db: Cursor, many: Sequence[ChangeSet]) -> None:
        """A tombstone stands in the way of spool, retry, restore, undo and re-import alike."""
        if not self._chain.tombstoned:
            return
        digests: dict[str, str] = {}
        for changes in many:
            named = [(e.id, f"episode {e.id!r}") for e in changes.episodes]
            named += [(m.id, f"memory {m.id!r}") for m in changes.memories if m.id not in changes.reads]
            digests |= {self._chain.digest(_ID, changes.user, i): what for i, what in named}
            if changes.key is not None:
                digests[self._key_digest(changes)] = f"what key {changes.key!r} wrote"
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
                last = given[place] if place in given else self._chain.last_in(db, place)
                seq = last + 1
            given[place] = max(seq, given.get(place, -1))
            numbered.append(replace(episode, seq=seq))
        db.insert("episodes", rows.EPISODE, [rows.episode_row(e, rev, e.seq) for e in numbered])
        return tuple(numbered)

    def _write_memories(
        self, db: Cursor, changes: ChangeSet, rev: int, before: Mapping[str, int]
    ) -> tuple[Memory, ...]:
        if not changes.memories:
            return ()
        quoted = _quoted(db, changes)
        written = [rested(m, quoted, new=m.id not in before) for m in changes.memories]
        if replaced := [m.id for m in written if m.id in before]:
            retire(db, changes.user, replaced, changes.at)
        made = [(*rows.memory_row(m, rev), self._chain.identity(m)) for m in written]
        db.insert("memories", [*rows.MEMORY, "identity"], made)
        return tuple(replace(m, rev=rev, retired_at=None) for m in written)

    def _write_side(self, db: Cursor, changes: ChangeSet, rev: int) -> None:
        if changes.indexing:
            write_material(db, changes.indexing, user=changes.user, embedder=self.embedder, analyzer=ANALYZER)
        if changes.edges:
            names = ["user_id", "source", "target", "kind", "weight", "rev"]
            db.insert("edges", names, [rows.edge_row(e, changes.user, rev) for e in changes.edges])
        for edge in changes.unlinks:
            sql = "DELETE FROM edges WHERE user_id = ? AND source = ? AND target = ? AND kind = ?"
            db.change(sql, [changes.user, edge.source, edge.target, edge.kind])
        write_usage(db, changes.user, changes.usage)
        for agent, name in changes.unregisters:
            db.change("DELETE FROM scopes WHERE user_id = ? AND agent = ? AND name = ?", [changes.user, agent, name])
        if changes.registers:
            there = set(reads.scopes_of(db, changes.user))
            new = [(changes.user, *one, rev) for one in dict.fromkeys(changes.registers) if one not in there]
            db.insert("scopes", ["user_id", "agent", "name", "rev"], new)
        for loop in changes.loops:
            loops.put(db, loop)
        loops.write_learned(db, changes.user, changes.learned, rev, changes.at)
        if changes.unlearned != ():
            loops.write_unlearned(db, changes.user, changes.unlearned)
        ids = [str(e.id) for e in changes.episodes] + [str(m.id) for m in changes.memories]
        if ids:
            self._chain.queue_for_index(db, [(rev, i) for i in ids], changes.user)

    def _write_event(self, db: Cursor, changes: ChangeSet, seq: int, before: Mapping[str, int]) -> tuple[Event, Head]:
        ids = tuple(str(i) for i in (*(e.id for e in changes.episodes), *(m.id for m in changes.memories)))
        ids += tuple(u.id for u in changes.usage if u.id not in ids)
        if not ids:  # links alone
            ends = [i for e in (*changes.edges, *changes.unlinks) for i in (e.source, e.target)]
            ids = tuple(dict.fromkeys(ends))
        payload: dict[str, Any] = {
            "user": changes.user,
            "reason": changes.reason,
            "memories": {m.id: before.get(m.id) for m in changes.memories},
            "detail": changes.detail,
        }
        if changes.registers or changes.unregisters:
            payload["scopes"] = {"added": changes.registers, "removed": changes.unregisters}
        link, head = self._chain.append(db, changes.user, changes.actor, changes.op, changes.at, ids, payload)
        if changes.key is not None:
            db.insert("idem_keys", ["digest", "user_id", "seq"], [(self._key_digest(changes), changes.user, seq)])
        event = Event(
            id=event_chain.event_id(link.seq), seq=link.seq, at=link.at, actor=link.actor, op=link.op, ids=ids,
            reason=changes.reason,
        )  # fmt: skip
        return event, head

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Remove rows for good; the bytes leave with the next rewrite.

        Raises:
            StaleChangeError: A memory it read has moved on.
        """
        return erase(self._chain, erasure, embedder=self.embedder)


def _written_at(db: Cursor, user: str, seqs: Sequence[int]) -> dict[int, Committed]:
    """Number of an event → what its commit wrote."""
    if not seqs:
        return {}
    events = reads.events_where(db, user, "seq IN (SELECT unnest(?::BIGINT[]))", [list(seqs)])
    ids = [i for event in events for i in event.ids]
    episodes = {str(e.id): e for e in reads.episodes_of(db, ids, user)}
    memories = {str(m.id): m for m in reads.memories_of(db, [i for i in ids if i.startswith("mem_")], user) if m.text}
    return {
        event.seq: Committed(
            event=event,
            repeated=True,
            episodes=tuple(episodes[i] for i in event.ids if i in episodes),
            memories=tuple(memories[i] for i in event.ids if i in memories),
        )
        for event in events
    }


def _quoted(db: Cursor, changes: ChangeSet) -> dict[str, Quoted]:
    """What is known of the utterances that a plan's memories quote."""
    wanted = quoted_ids(changes.memories)
    if not wanted:
        return {}
    with_it = {e.id: Quoted(text=e.text, origin=e.origin) for e in changes.episodes if e.id in wanted}
    if not (others := set(wanted) - set(with_it)):
        return with_it
    sql = "SELECT id, content, origin FROM episodes WHERE id IN (SELECT unnest($1)) AND user_id = $2"
    found = db.execute(sql, [list(others), changes.user]).fetchall()
    return with_it | {id_: Quoted(text=text, origin=origin) for id_, text, origin in found}
