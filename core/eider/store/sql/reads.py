"""Questions to the database: each names the user, and a stranger's id does not exist."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from eider.model.clock import from_db, to_db
from eider.model.values import Edge, EdgeKind, Episode, Event, Memory, Metadata
from eider.store.sql import rows
from eider.store.sql.chain import Chain, Head
from eider.store.sql.session import EVERYONE, Cursor, Database


class SqlReads:
    """`Reads`."""

    def __init__(self, database: Database) -> None:
        """Read from an open database."""
        self._database = database

    def episodes(self, ids: Sequence[str], *, user: str) -> list[Episode]:
        """Episodes by id, in the order asked for; strangers' ids do not exist."""
        with self._database.reading(user) as db:
            return episodes_of(db, ids, user)

    def memories(self, ids: Sequence[str] | None, *, user: str, known_at: datetime | None = None) -> list[Memory]:
        """Memories by id (None: all), as they are or as they were known at an instant."""
        with self._database.reading(user) as db:
            return memories_of(db, ids, user, known_at)

    def versions(self, id: str, *, user: str) -> list[Memory]:  # noqa: A002 (the word users know)
        """All versions of one memory, oldest first."""
        sql = f"SELECT {rows.columns(rows.MEMORY)} FROM memories WHERE id = ? AND user_id = ? ORDER BY rev"  # noqa: S608
        with self._database.reading(user) as db:
            return [rows.memory_of(row) for row in db.execute(sql, [id, user]).fetchall()]

    def replaced(self, ids: Sequence[str], *, user: str) -> list[Memory]:
        """Memories that one of these superseded or was merged from."""
        sql = (
            f"SELECT {rows.columns(rows.MEMORY)} FROM memories WHERE user_id = $2 AND retired_at IS NULL "  # noqa: S608
            "AND superseded_by IN (SELECT unnest($1))"
        )
        with self._database.reading(user) as db:
            return [rows.memory_of(row) for row in db.execute(sql, [list(ids), user]).fetchall()]

    def doubted(self, *, user: str, by: str | None = None) -> list[Memory]:
        """Return memories that a later statement may have replaced; only by this one where it is named."""
        sql = (
            f"SELECT {rows.columns(rows.MEMORY)} FROM memories WHERE user_id = $1 AND retired_at IS NULL "  # noqa: S608
            "AND doubt IS NOT NULL AND state = 'active' AND (CAST($2 AS VARCHAR) IS NULL OR doubt::JSON->>'by' = $2)"
        )
        with self._database.reading(user) as db:
            return [rows.memory_of(row) for row in db.execute(sql, [user, by]).fetchall()]

    def links(self, id: str | None, *, user: str) -> list[Edge]:  # noqa: A002
        """Links from and to a row that are kept (None: all of the user)."""
        sql, given = "SELECT DISTINCT source, target, kind, weight FROM edges WHERE user_id = ?", [user]
        if id is not None:
            sql, given = f"{sql} AND (source = ? OR target = ?)", [user, id, id]
        with self._database.reading(user) as db:
            found = db.execute(f"{sql} ORDER BY source, target, kind", given).fetchall()
        return [Edge(source=s, target=t, kind=k, weight=w) for s, t, k, w in found]

    def linked(self, id: str, kind: EdgeKind, *, user: str) -> list[str]:  # noqa: A002
        """Memories that a memory points to by edges of one kind."""
        sql = "SELECT DISTINCT target FROM edges WHERE user_id = ? AND source = ? AND kind = ? ORDER BY target"
        with self._database.reading(user) as db:
            return [row[0] for row in db.execute(sql, [user, id, kind]).fetchall()]

    def users(self) -> list[str]:
        """Everyone who has rows, by name."""
        sql = "SELECT user_id FROM episodes UNION SELECT user_id FROM memories ORDER BY 1"
        with self._database.reading(EVERYONE) as db:
            return [row[0] for row in db.execute(sql).fetchall()]


class SqlStatements:
    """`Statements`."""

    def __init__(self, chain: Chain) -> None:
        """Read behind the end of `chain`."""
        self._chain, self._database = chain, chain.database

    def twin(self, memory: Memory) -> Memory | None:
        """The current memory that says the same to the same user in the same scope, of the same kind and trust."""
        sql = (
            f"SELECT {rows.columns(rows.MEMORY)} FROM memories WHERE identity = ? AND user_id = ? AND retired_at IS NULL "  # noqa: S608
            "AND valid_to IS NULL AND state = 'active' AND valid_from <= ? ORDER BY rev LIMIT 1"
        )
        identity = self.identity(memory)
        with self._database.reading(str(memory.user)) as db:
            one = "SELECT id FROM memories WHERE identity = ? AND user_id = ? LIMIT 1"
            said = db.execute(one, [identity, str(memory.user)]).fetchall()
            if not said:  # as a rule; asking for that alone takes a seventh of the time
                return None
            found = db.execute(sql, [identity, str(memory.user), to_db(memory.valid_from)]).fetchall()
        return rows.memory_of(found[0]) if found else None

    def twins(self, memories: Sequence[Memory]) -> list[Memory | None]:
        """Return `twin` for each of many statements, asked at once."""
        asked = [self.identity(memory) for memory in memories]
        columns = rows.columns(rows.MEMORY)
        sql = (
            f"SELECT identity, {columns} FROM memories WHERE identity IN (SELECT unnest(?)) AND user_id = ? "  # noqa: S608
            "AND retired_at IS NULL AND valid_to IS NULL AND state = 'active' ORDER BY rev DESC"
        )
        found: list[Any] = []
        for user in dict.fromkeys(str(memory.user) for memory in memories):
            with self._database.reading(user) as db:
                found += db.execute(sql, [list(set(asked)), user]).fetchall()
        held: dict[str, list[Memory]] = {}
        for identity, *row in found:
            held.setdefault(identity, []).append(rows.memory_of(tuple(row)))
        return [
            next((m for m in reversed(held.get(identity, ())) if m.valid_from <= memory.valid_from), None)
            for identity, memory in zip(asked, memories, strict=True)
        ]

    def identity(self, memory: Memory) -> str:
        """Return a digest of what makes two memories the same statement."""
        return self._chain.identity(memory)

    def count_new(self, *, user: str, since: datetime | None) -> int:
        """Count a user's memories whose first version was recorded after an instant (None: all)."""
        sql = (
            "SELECT count(*) FROM (SELECT id FROM memories WHERE user_id = ? GROUP BY id "
            "HAVING CAST(? AS TIMESTAMP) IS NULL OR min(recorded_at) > ?) AS new"
        )
        at = None if since is None else to_db(since)
        with self._database.reading(user) as db:
            return int(db.execute(sql, [user, at, at]).fetchall()[0][0])


class SqlEvents:
    """`EventLog`."""

    def __init__(self, chain: Chain) -> None:
        """Read behind the end of `chain`."""
        self._chain, self._database = chain, chain.database

    @property
    def head(self) -> Head:
        """Number and hash of the last event."""
        return self._chain.head

    def newest(
        self, *, user: str, limit: int = 50, ids: Sequence[str] | None = None, seqs: Sequence[int] | None = None,
        since: datetime | None = None, until: datetime | None = None, without: Sequence[str] = (),
    ) -> list[Event]:  # fmt: skip
        """A user's events, newest first."""
        where, given = ["true"], list[Any]()
        if without:
            where.append("op NOT IN (SELECT unnest(?))")
            given.append(list(without))
        if seqs is not None:
            where.append("seq IN (SELECT unnest(?::BIGINT[]))")
            given.append(list(seqs))
        if ids is not None:
            where.append(self._database.dialect.names_any("ids", "?"))
            given.append(list(ids))
        for instant, test in ((since, "happened_at >= ?"), (until, "happened_at < ?")):
            if instant is not None:
                where.append(test)
                given.append(to_db(instant))
        with self._database.reading(user) as db:
            return events_where(db, user, f"{' AND '.join(where)} ORDER BY seq DESC LIMIT {int(limit)}", given)

    def payload(self, seq: int, *, user: str) -> Metadata | None:
        """What an event said; None once it was erased."""
        with self._database.reading(user) as db:
            sql = "SELECT payload FROM event_payloads WHERE seq = ? AND user_id = ?"
            found = db.execute(sql, [seq, user]).fetchall()
        return json.loads(found[0][0]) if found else None

    def count(self, *, user: str) -> int:
        """How many changes there were."""
        with self._database.reading(user) as db:
            return db.execute("SELECT count(*) FROM events WHERE user_id = ?", [user]).fetchall()[0][0]

    def last_at(self) -> datetime | None:
        """When the newest event happened; the clock never goes behind it."""
        with self._database.reading(EVERYONE) as db:
            at = db.execute("SELECT max(happened_at) FROM events").fetchall()[0][0]
        return None if at is None else from_db(at)

    def hashes(self, seqs: Sequence[int]) -> dict[int, str]:
        """Return number → hash of these events, as far as they are there."""
        sql = "SELECT seq, hash FROM events WHERE seq IN (SELECT unnest($1::BIGINT[]))"
        with self._database.reading(EVERYONE) as db:
            return dict(db.execute(sql, [list(seqs)]).fetchall()) if seqs else {}


def episodes_of(db: Cursor, ids: Sequence[str], user: str) -> list[Episode]:
    """Read episodes by id, in the order asked for."""
    if not ids:
        return []
    found = {row[0]: rows.episode_of(row) for row in db.by_id("episodes", rows.EPISODE, ids, user=user)}
    return [found[i] for i in ids if i in found]


def memories_of(db: Cursor, ids: Sequence[str] | None, user: str, known_at: datetime | None = None) -> list[Memory]:
    """Read memories by id (None: all), as they are or as they were known at an instant."""
    if ids is not None and not ids:
        return []
    where, given = "retired_at IS NULL", []
    if known_at is not None:
        where = "recorded_at <= ? AND (retired_at IS NULL OR retired_at > ?)"
        given = [to_db(known_at)] * 2
    if ids is None:
        sql = f"SELECT {rows.columns(rows.MEMORY)} FROM memories WHERE user_id = ? AND {where}"  # noqa: S608
        rows_found = db.execute(sql, [user, *given]).fetchall()
    else:
        rows_found = db.by_id("memories", rows.MEMORY, ids, user=user, where=where, given=given)
    found = {row[0]: rows.memory_of(row) for row in rows_found}
    return list(found.values()) if ids is None else [found[i] for i in ids if i in found]


def scopes_of(db: Cursor, user: str) -> list[tuple[str, str]]:
    """Read the scopes registered for a user, in the order they came."""
    found = db.execute("SELECT agent, name FROM scopes WHERE user_id = ? ORDER BY rev, name, agent", [user])
    return [(agent, name) for agent, name in found.fetchall()]


def events_where(db: Cursor, user: str, where: str, values: Sequence[Any]) -> list[Event]:
    """Read events of a user by a condition, each with its reason."""
    sql = f"SELECT {rows.columns(rows.EVENT)} FROM events WHERE user_id = ? AND {where}"  # noqa: S608
    found = db.execute(sql, [user, *values]).fetchall()
    payloads = "SELECT seq, payload FROM event_payloads WHERE user_id = $2 AND seq IN (SELECT unnest($1::BIGINT[]))"
    known = dict(db.execute(payloads, [[row[0] for row in found], user]).fetchall()) if found else {}
    return [rows.event_of(row, json.loads(known[row[0]]) if row[0] in known else None) for row in found]
