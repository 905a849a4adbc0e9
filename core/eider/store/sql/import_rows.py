"""Rows of an earlier life of a memory, written back: ids and times are kept, the chain goes on from here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from eider.language.analysis import ANALYZER
from eider.model.changes import ChangeSet
from eider.model.clock import to_db
from eider.model.errors import InputError
from eider.model.failpoints import point
from eider.model.ids import ALPHABET
from eider.model.runs import RUN_OPS, STEP_OPS
from eider.model.values import Edge, Episode, Memory, Usage
from eider.privacy.evidence import Quoted, is_verbatim, quoted_ids, rested
from eider.privacy.redact import redact, redact_name
from eider.privacy.redaction_check import check_sealed
from eider.store import event_chain
from eider.store.protocols import IntakeTally, MakesMaterial
from eider.store.sql import rows
from eider.store.sql.chain import Chain
from eider.store.sql.import_runs import ChosenRuns, RunIntake
from eider.store.sql.linked_events import LinkedEvents
from eider.store.sql.row_writes import write_material
from eider.store.sql.session import Cursor
from eider.store.transfer_rows import Batch, Happened, renumber

_KEYED: Final = ("record", "remember", "correct", "import")
"""Verbs whose idempotency keys stand in the rows."""
_MOST_REFUSED: Final = 1_000  # refusals that are told one by one


@dataclass(slots=True, kw_only=True)
class _Chosen:
    """What of a batch is new and allowed, with the store's revisions."""

    events: list[Happened] = field(default_factory=list[Happened])
    episodes: list[tuple[Episode, int]] = field(default_factory=list[tuple[Episode, int]])
    memories: list[Memory] = field(default_factory=list[Memory])
    retired: list[Memory] = field(default_factory=list[Memory])
    """Versions that are here and have been replaced since."""
    fresh: list[Memory] = field(default_factory=list[Memory])
    """The last version of each memory that was not here."""
    edges: list[tuple[Edge, int]] = field(default_factory=list[tuple[Edge, int]])
    usage: list[Usage] = field(default_factory=list[Usage])
    runs: ChosenRuns = field(default_factory=ChosenRuns)


class SqlIntake:
    """One import into one user's rows: what is here is skipped, what was forgotten stays forgotten."""

    def __init__(
        self, chain: Chain, *, user: str, actor: str, embedder: str, index: MakesMaterial, person: bool, own: bool
    ) -> None:
        """Begin.

        Args:
            chain: End of the chain of the store the rows go to.
            user: Whose they become.
            actor: Channel that asked; noted with rows that bring no event of their own.
            embedder: Fingerprint of what `index` embeds with.
            index: Makes search material for new rows.
            person: A person brings their own rows: what they had confirmed stays confirmed. Else a statement is
                trusted no more than what it quotes.
            own: They are known to come unchanged from an export of this user. Else they add rows and change none.
        """
        self._chain, self._user, self._actor = chain, user, actor
        self._embedder, self._index, self._person, self._own = embedder, index, person, own
        self._revs: dict[int, int] = {}
        self._forgot: set[str] = set()  # by the history that is imported: their tombstones belong to its chains
        self._head = chain.head
        self._episodes = self._memories = self._events = self._skipped = self._untold = 0
        self._refused: list[str] = []
        self._runs = RunIntake(user, self.refuse)

    @property
    def tally(self) -> IntakeTally:
        """What was taken so far; of what was refused the first thousand, and how many more."""
        more = (f"… and {self._untold:,} more",) if self._untold else ()
        return IntakeTally(
            episodes=self._episodes, memories=self._memories, events=self._events, runs=self._runs.taken,
            skipped=self._skipped + self._runs.skipped, refused=(*self._refused, *more),
        )  # fmt: skip

    def refuse(self, place: str, reason: str) -> None:
        """Note what cannot be taken."""
        if len(self._refused) < _MOST_REFUSED:
            self._refused.append(f"{place}: {reason}")
        else:
            self._untold += 1

    # ------------------------------------------------------------------ taking rows

    def look(self, batch: Batch, at: datetime) -> None:
        """Count what a batch would bring, and write nothing."""
        with self._chain.database.reading(self._user) as db:
            linked = LinkedEvents(self._user, self._head)
            self._number(self._choose(db, batch, dry_run=True), at, linked)
            self._head = linked.head

    def take(self, batch: Batch, at: datetime) -> int:
        """Write a batch whole or not at all; returns the rows the search index has to follow."""
        with self._chain.transaction(self._user) as (db, heads):
            self._head = self._chain.head
            chosen = self._choose(db, batch)
            linked = LinkedEvents(self._user, self._head)
            # the same rows as the seal knows them
            said = [[redact_name(e.actor), redact_name(e.op), e.payload] for e in chosen.events]
            check_sealed(ChangeSet(
                user=self._user, op="import", actor=self._actor, at=at, episodes=tuple(e for e, _ in chosen.episodes),
                memories=tuple(chosen.memories), detail={redact("events"): said},
            ))  # fmt: skip
            self._number(chosen, at, linked)
            self._write(db, chosen, linked)
            self._runs.write(db, chosen.runs, lambda op, run, row: linked.add(self._event_of(op, run, at), row))
            linked.write(db)
            self._head = linked.head
            heads.extend([self._head] if linked.links else [])
            point("import.written")
        self._chain.forget_sequences(self._user)
        point("import.durable")
        return len(chosen.episodes) + len(chosen.memories)

    def _choose(self, db: Cursor, batch: Batch, *, dry_run: bool = False) -> _Chosen:
        ids = batch.ids()
        # ids that another user has: the rows come in under ids of their own, and nobody learns of the other
        sql = " UNION ".join(
            f"SELECT id FROM {table} WHERE id IN (SELECT unnest($1)) AND user_id <> $2"  # noqa: S608 (constants)
            for table in ("episodes", "memories", "runs")
        )
        if others := db.execute(sql, [list(ids), self._user]).fetchall():
            batch = batch.renamed({i: self._other_id(i) for (i,) in others})
            ids = batch.ids()
        forgotten = self._buried(db, [("id", i) for i in ids])
        buried = {i for i in ids if ("id", i) in forgotten}
        chosen = _Chosen()
        self._choose_events(db, batch, chosen, buried)
        self._choose_episodes(db, batch, chosen, buried)
        self._choose_memories(db, batch, chosen, buried)
        self._choose_side(db, batch, chosen, buried)
        chosen.runs = self._runs.choose(db, batch, buried, dry_run=dry_run)
        return chosen

    def _other_id(self, id: str) -> str:  # noqa: A002 (the word users know)
        """The id that stands for another user's; always the same one, so that importing twice is once."""
        prefix = id.partition("_")[0]
        number = int(self._chain.digest("renamed", self._user, id)[:32], 16)
        return f"{prefix}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))

    def _buried(self, db: Cursor, named: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which ids and keys have a tombstone."""
        digests = {self._chain.digest(what, self._user, name): (what, name) for what, name in named}
        sql = "SELECT digest FROM tombstones WHERE digest IN (SELECT unnest($1))"
        return {digests[row[0]] for row in db.execute(sql, [list(digests)]).fetchall()} if digests else set()

    def _choose_events(self, db: Cursor, batch: Batch, chosen: _Chosen, buried: set[str]) -> None:
        """History that is not here yet; what was forgotten here keeps its place in it, without content."""
        sql = (
            "SELECT seq, happened_at, actor, op, ids FROM events WHERE user_id = $1 AND "
            "happened_at IN (SELECT unnest($2))"
        )
        times = [to_db(e.at) for _, e in batch.events]
        found = db.execute(sql, [self._user, times]).fetchall() if times else []
        known = {(at, actor, op, ids): seq for seq, at, actor, op, ids in found}
        following = self._head[0]
        for _, event in batch.events:
            if event.op in (*RUN_OPS, *STEP_OPS):  # each commits to a row as it was in another store
                continue
            ids = json.dumps(list(event.ids))
            seq = known.get((to_db(event.at), event.actor, event.op, ids))
            forgotten = buried & set(event.ids)
            if seq is None and event.ids and len(forgotten) == len(set(event.ids)):
                continue
            if event.op == "forget" and self._own:
                self._forgot.update(event.ids)
            if seq is not None:
                self._revs[event.seq] = seq
                continue
            following += 1
            self._revs[event.seq] = following
            chosen.events.append(replace(event, payload=None) if forgotten else event)
        self._events += len(chosen.events)

    def _choose_episodes(self, db: Cursor, batch: Batch, chosen: _Chosen, buried: set[str]) -> None:
        if not batch.episodes:
            return
        here = self._here(db, "episodes", [e.id for _, e, _ in batch.episodes])
        keys = self._keys(db, "episodes", [e.key for _, e, _ in batch.episodes if e.key])
        for place, episode, rev in batch.episodes:
            if episode.id in here or keys.get(episode.key or "") == "here":
                self._skipped += 1
            elif episode.id in buried or keys.get(episode.key or "") == "forgotten":
                self.refuse(place, f"episode {episode.id!r} was forgotten here and stays forgotten")
            else:
                here.add(episode.id)
                chosen.episodes.append((episode, self._revs.get(rev, 0)))
        self._episodes += len(chosen.episodes)
        if any(e.seq < 0 for e, _ in chosen.episodes):
            chosen.episodes = self._in_sequence(db, chosen.episodes)

    def _here(self, db: Cursor, table: str, ids: Sequence[str]) -> set[str]:
        sql = f"SELECT id FROM {table} WHERE id IN (SELECT unnest($1)) AND user_id = $2"  # noqa: S608 (constants)
        return {row[0] for row in db.execute(sql, [list(ids), self._user]).fetchall()}

    def _keys(self, db: Cursor, table: str, keys: Sequence[str]) -> dict[str, str]:
        """Idempotency keys that are known: "here", or "forgotten"."""
        if not keys:
            return {}
        sql = f"SELECT idem_key FROM {table} WHERE user_id = $1 AND idem_key IN (SELECT unnest($2))"  # noqa: S608
        here = {row[0] for row in db.execute(sql, [self._user, list(keys)]).fetchall()}
        forgotten = self._buried(db, [("key", f"{op}:{key}") for key in keys for op in _KEYED])
        buried = {name.partition(":")[2] for _, name in forgotten}
        return {**dict.fromkeys(buried, "forgotten"), **dict.fromkeys(here, "here")}

    def _in_sequence(self, db: Cursor, episodes: list[tuple[Episode, int]]) -> list[tuple[Episode, int]]:
        """Utterances that come without a place in their session, after those that are there."""
        sql = "SELECT session, max(seq) FROM episodes WHERE user_id = $1 AND session IN (SELECT unnest($2)) GROUP BY 1"
        sessions = list({str(e.session) for e, _ in episodes})
        last: dict[str, int] = dict(db.execute(sql, [self._user, sessions]).fetchall())
        numbered: list[tuple[Episode, int]] = []
        for episode, rev in episodes:
            seq = episode.seq if episode.seq >= 0 else last.get(episode.session, -1) + 1
            last[episode.session] = max(seq, last.get(episode.session, -1))
            numbered.append((replace(episode, seq=seq), rev))
        return numbered

    def _choose_memories(self, db: Cursor, batch: Batch, chosen: _Chosen, buried: set[str]) -> None:
        if not batch.memories:
            return
        ids = [versions[0].id for _, versions in batch.memories]
        sql = "SELECT id, rev FROM memories WHERE id IN (SELECT unnest($1)) AND user_id = $2"
        here: dict[str, set[int]] = {}
        for id_, rev in db.execute(sql, [ids, self._user]).fetchall():
            here.setdefault(id_, set()).add(rev)
        keys = self._keys(db, "memories", [v[0].key for _, v in batch.memories if v[0].key and not v[0].rev])
        # statements without a history that are held already
        asked = [self._chain.identity(v[-1]) for _, v in batch.memories if not v[-1].rev and v[-1].valid_to is None]
        sql = (
            "SELECT identity FROM memories WHERE identity IN (SELECT unnest($1)) AND user_id = $2 AND retired_at IS NULL "
            "AND valid_to IS NULL AND state = 'active'"
        )
        twins = {row[0] for row in db.execute(sql, [asked, self._user]).fetchall()} if asked else set[str]()
        quoted = self._quoted(db, batch, chosen)
        for place, versions in batch.memories:
            last = versions[-1]
            known = keys.get(last.key or "")
            try:
                kept = [self._resting(m, quoted) for m in versions]
            except InputError as error:
                self.refuse(place, str(error))
                continue
            if last.id in here:
                self._extend(place, kept, here[last.id], chosen)
            elif known == "here" or (not last.rev and self._chain.identity(last) in twins):
                self._skipped += 1
            elif known == "forgotten" or (
                last.id in buried and not (last.state == "erased" and last.id in self._forgot)
            ):
                self.refuse(place, f"memory {last.id!r} was forgotten here and stays forgotten")
            else:
                here[last.id] = set()
                twins.add(self._chain.identity(last))
                chosen.memories += kept
                chosen.fresh.append(kept[-1])
                self._memories += 1

    def _quoted(self, db: Cursor, batch: Batch, chosen: _Chosen) -> dict[str, Quoted]:
        """Utterances that statements of the batch rest on, as far as they are here or come with it."""
        wanted = quoted_ids(m for _, versions in batch.memories for m in versions)
        sql = "SELECT id, content, origin FROM episodes WHERE id IN (SELECT unnest($1)) AND user_id = $2"
        found = db.execute(sql, [list(wanted), self._user]).fetchall() if wanted else []
        here = {id_: Quoted(text=text, origin=origin) for id_, text, origin in found}
        return here | {e.id: Quoted(text=e.text, origin=e.origin) for e, _ in chosen.episodes if e.id in wanted}

    def _resting(self, memory: Memory, quoted: Mapping[str, Quoted]) -> Memory:
        """A version with the store's revision, less the quotations of what is not here (any more)."""
        left = tuple(s for s in memory.evidence if s.episode in quoted)
        again = tuple(s for s in memory.said_again if s.episode in quoted)
        version = replace(memory, rev=self._revs.get(memory.rev, 0), evidence=left, said_again=again)
        if version.act is not None and (left[:1] != memory.evidence[:1] or not is_verbatim(version, quoted)):
            version = replace(version, act=None)  # its utterance is not here: it is a statement like any other
        return rested(version, quoted, new=not self._person)

    def _extend(self, place: str, versions: list[Memory], here: set[int], chosen: _Chosen) -> None:
        """A memory that is here: later versions continue it; where both went on, the one here is kept."""
        later = [m for m in versions if m.rev not in here]
        if not later or not versions[0].rev:
            self._skipped += 1
        elif not self._own:
            self.refuse(place, f"memory {later[-1].id!r} is here, and only one's own export may change it")
        elif not here <= {m.rev for m in versions} or min(m.rev for m in later) <= max(here):
            self.refuse(place, f"memory {later[-1].id!r} has changed here as well; the one here is kept")
        else:
            chosen.retired += [m for m in versions if m.rev == max(here)]
            chosen.memories += later
            self._memories += 1

    def _choose_side(self, db: Cursor, batch: Batch, chosen: _Chosen, buried: set[str]) -> None:
        """Links and counters, silently less those of what is forgotten or here."""
        ends = list({i for _, e, _ in batch.edges for i in (e.source, e.target)})
        sql = "SELECT source, target, kind FROM edges WHERE user_id = $1 AND source IN (SELECT unnest($2))"
        linked = set(db.execute(sql, [self._user, ends]).fetchall()) if ends else set[tuple[str, str, str]]()
        for _, edge, rev in batch.edges:
            if not {edge.source, edge.target} & buried and (edge.source, edge.target, edge.kind) not in linked:
                chosen.edges.append((edge, self._revs.get(rev, 0)))
        counted = self._here(db, "usage", [u.id for _, u in batch.usage]) if batch.usage else set[str]()
        counted |= set[str]() if self._own else self._here(db, "memories", [u.id for _, u in batch.usage])
        chosen.usage += [u for _, u in batch.usage if u.id not in counted | buried]

    # ------------------------------------------------------------------ writing them

    def _number(self, chosen: _Chosen, at: datetime, linked: LinkedEvents) -> None:
        """Links for the history, and one for rows that bring none."""
        revs, user = self._revs, {"user": self._user}
        events = [
            replace(e, payload=None if e.payload is None else {**renumber(e.payload, lambda seq: revs.get(seq, 0)), **user})
            for e in chosen.events
        ]  # fmt: skip
        bare = [e.id for e, rev in chosen.episodes if not rev] + [m.id for m in chosen.memories if not m.rev]
        if bare or any(not rev for _, rev in chosen.edges):
            payload = {
                "user": self._user, "reason": "", "detail": {},
                "memories": {i: None for i in bare if i.startswith("mem_")},
            }  # fmt: skip
            ids = tuple(dict.fromkeys(bare))
            events.append(Happened(seq=0, at=at, actor=self._actor, op="import", ids=ids, payload=payload))
            self._events += 1
        for event in events:
            linked.add(event)

    def _event_of(self, op: str, run: str, at: datetime) -> Happened:
        return Happened(seq=0, at=at, actor=self._actor, op=op, ids=(run,), payload=None)

    def _write(self, db: Cursor, chosen: _Chosen, linked: LinkedEvents) -> None:
        user, own = self._user, linked.head[0]
        episodes = [(e, rev or own) for e, rev in chosen.episodes]
        memories = [replace(m, rev=m.rev or own) for m in chosen.memories]
        db.insert("episodes", rows.EPISODE, [rows.episode_row(e, rev, e.seq) for e, rev in episodes])
        made = [
            (*rows.memory_row(m, m.rev), None if m.state == "erased" else self._chain.identity(m)) for m in memories
        ]
        db.insert("memories", [*rows.MEMORY, "identity"], made)
        for m in chosen.retired:
            sql = (
                "UPDATE memories SET retired_at = $1 WHERE id = $2 AND user_id = $3 AND rev = $4 AND retired_at IS NULL"
            )
            db.change(sql, [None if m.retired_at is None else to_db(m.retired_at), m.id, user, m.rev])
        names = ["user_id", "source", "target", "kind", "weight", "rev"]
        db.insert("edges", names, [rows.edge_row(e, user, rev or own) for e, rev in chosen.edges])
        db.insert("usage", rows.USAGE, [rows.usage_row(u, user) for u in chosen.usage])
        self._write_search(db, episodes, memories, chosen.fresh)
        new = {m.id for m in chosen.fresh}
        self._write_keys(db, episodes, [m for m in memories if m.id in new], {x.seq: x.op for x in linked.links})
        if self._own:
            self._bury(db, [x for x in linked.links if x.op == "forget"])

    def _write_search(
        self, db: Cursor, episodes: list[tuple[Episode, int]], memories: list[Memory], fresh: list[Memory]
    ) -> None:
        """Vectors are not carried along: this store's embedder makes its own."""
        said = [m for m in fresh if m.state != "erased"]
        made = self._index([e for e, _ in episodes], said) if episodes or said else {}
        write_material(db, made, user=self._user, embedder=self._embedder, analyzer=ANALYZER)
        put = {e.id: rev for e, rev in episodes} | {m.id: m.rev for m in memories if m.state != "erased"}
        self._chain.queue_for_index(db, [(rev, i) for i, rev in put.items()], self._user)

    def _write_keys(
        self, db: Cursor, episodes: list[tuple[Episode, int]], memories: list[Memory], ops: Mapping[int, str]
    ) -> None:
        """Keys of hosts go on meaning what they meant: a retry after a restore writes nothing twice."""
        first = {m.id: m for m in reversed(memories) if m.key}  # later versions were written by other verbs
        named = [(str(e.key), rev) for e, rev in episodes if e.key] + [(str(m.key), m.rev) for m in first.values()]
        if not named:
            return
        sql = "SELECT seq, op FROM events WHERE seq IN (SELECT unnest($1::BIGINT[])) AND user_id = $2"
        known = {**dict(db.execute(sql, [[rev for _, rev in named], self._user]).fetchall()), **ops}
        digests: dict[str, int] = {}
        for key, rev in named:
            if known.get(rev) in _KEYED:
                digests.setdefault(self._chain.digest("key", self._user, f"{known[rev]}:{key}"), rev)
        sql = "SELECT digest FROM idem_keys WHERE digest IN (SELECT unnest($1)) AND user_id = $2"
        here = {row[0] for row in db.execute(sql, [list(digests), self._user]).fetchall()}
        values = [(d, self._user, rev) for d, rev in digests.items() if d not in here]
        db.insert("idem_keys", ["digest", "user_id", "seq"], values)

    def _bury(self, db: Cursor, forgets: Sequence[event_chain.Link]) -> None:
        """What was forgotten where the rows come from is forgotten here: an older export cannot bring it back."""
        for link in forgets:
            alive = {i for table in ("episodes", "memories", "runs") for i in self._here(db, table, link.ids)}
            digests = [self._chain.digest("id", self._user, i) for i in link.ids if i not in alive]
            sql = "SELECT digest FROM tombstones WHERE digest IN (SELECT unnest($1))"
            here = {row[0] for row in db.execute(sql, [digests]).fetchall()}
            values = [(d, to_db(link.at)) for d in dict.fromkeys(digests) if d not in here]
            db.insert("tombstones", ["digest", "erased_at"], values)
            self._chain.tombstoned |= bool(values)
