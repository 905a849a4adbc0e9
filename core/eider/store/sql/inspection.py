"""Looking at what is kept: the chain, references between rows, samples, tombstones, who is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from eider.model.clock import from_db, to_db
from eider.store import event_chain
from eider.store.protocols import SampleRow, Totals
from eider.store.sql import rows
from eider.store.sql.chain import Chain
from eider.store.sql.run_checks import check_runs
from eider.store.sql.runs import RUNS_SINCE
from eider.store.sql.session import EVERYONE, Cursor, Database

_BATCH: Final = 5_000
_SHOWN: Final = 5
_STATEMENTS: Final = """
    SELECT m.id, m.content, m.kind, m.scope, m.recorded_at, NULL, coalesce(u.shown, 0) FROM memories m
    LEFT JOIN usage u ON u.id = m.id AND u.user_id = m.user_id WHERE m.user_id = $user AND m.retired_at IS NULL
    AND m.state = 'active' AND m.superseded_by IS NULL AND (m.valid_to IS NULL OR m.valid_to > $now)
    ORDER BY m.recorded_at DESC, m.id LIMIT $most
"""
_VERSIONS: Final = """
    SELECT id, content, kind, scope, recorded_at, NULL, 0 FROM memories WHERE user_id = $user AND state <> 'erased'
    ORDER BY recorded_at DESC, id LIMIT $most
"""
_EPISODES: Final = """
    SELECT id, content, role, session, recorded_at, metadata, 0 FROM episodes WHERE user_id = $user
    ORDER BY recorded_at DESC, id LIMIT $most
"""


class SqlInspection:
    """`Inspection`."""

    def __init__(self, database: Database) -> None:
        """Look into an open database."""
        self._database = database

    def examine(self) -> tuple[list[str], dict[str, int]]:
        """Check the event chain, its payloads and the references between rows; returns findings and counts."""
        findings: list[str] = []
        with self._database.reading(EVERYONE) as db:
            checked = {"events": _check_chain(db, findings), "payloads": _check_payloads(db, findings)}
            checked |= _check_rows(db, findings)
            checked |= check_runs(db, findings, self._database.schema)
        return findings, checked

    def statements(self, *, user: str, now: datetime, limit: int) -> list[SampleRow]:
        """Return a user's statements that hold now, newest first."""
        return self._sample(_STATEMENTS, {"user": user, "now": to_db(now), "most": limit})

    def versions(self, *, user: str, limit: int) -> list[SampleRow]:
        """Return all versions of a user's memories, newest first."""
        return self._sample(_VERSIONS, {"user": user, "most": limit})

    def episodes(self, *, user: str, limit: int) -> list[SampleRow]:
        """Return a user's utterances, newest first."""
        return self._sample(_EPISODES, {"user": user, "most": limit})

    def _sample(self, sql: str, given: dict[str, Any]) -> list[SampleRow]:
        with self._database.reading(EVERYONE) as db:
            return [
                SampleRow(id=i, text=text, kind=kind, scope=scope, at=from_db(at), metadata=more, shown=shown)
                for i, text, kind, scope, at, more, shown in db.execute(sql, given).fetchall()
            ]

    def totals(self) -> Totals:
        """Count users, episodes and memories."""
        sql = (
            "SELECT (SELECT count(*) FROM (SELECT user_id FROM episodes UNION SELECT user_id FROM memories) u), "
            "(SELECT count(*) FROM episodes), "
            "(SELECT count(*) FROM memories WHERE retired_at IS NULL AND state <> 'erased')"
        )
        with self._database.reading(EVERYONE) as db:
            users, episodes, memories = db.execute(sql).fetchall()[0]
        return Totals(users=users, episodes=episodes, memories=memories)


class SqlTombstones:
    """`Tombstones`."""

    def __init__(self, chain: Chain) -> None:
        """Read those of one store."""
        self._chain, self._database = chain, chain.database

    @property
    def identity(self) -> str:
        """A digest that all copies of a store share, and no other store has."""
        return event_chain.keyed_digest(self._chain.secret, "identity")[:32]

    def digest(self, what: str, user: str, name: str) -> str:
        """Return the keyed digest of a user's id (`what` is "id") or key."""
        return self._chain.digest(what, user, name)

    def all(self) -> Mapping[str, datetime]:
        """Return digest → when it was erased."""
        with self._database.reading(EVERYONE) as db:
            found = db.execute("SELECT digest, erased_at FROM tombstones").fetchall()
        return {digest: from_db(at) for digest, at in found}

    def add(self, digests: Mapping[str, datetime]) -> None:
        """Take over tombstones of another copy; those that are there stay."""
        with self._database.writing(EVERYONE) as db:
            known = {row[0] for row in db.execute("SELECT digest FROM tombstones").fetchall()}
            new = [(d, to_db(at)) for d, at in digests.items() if d not in known]
            db.insert("tombstones", ["digest", "erased_at"], new)
        self._chain.tombstoned |= bool(digests)


class SqlCensus:
    """`Census`."""

    def __init__(self, database: Database) -> None:
        """Count in an open database."""
        self._database = database

    def users(self) -> list[str]:
        """Return everybody who has a row or is named by an event, sorted."""
        with self._database.reading(EVERYONE) as db:
            return _users(self._database, db)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return user → kind of row → how many."""
        tables = {"event": "events", "episode": "episodes", "memory": "memories", "edge": "edges", "usage": "usage"}
        with self._database.reading(EVERYONE) as db:
            found: dict[str, dict[str, int]] = {user: dict.fromkeys(tables, 0) for user in _users(self._database, db)}
            for kind, table in tables.items():
                sql = f"SELECT user_id, count(*) FROM {table} WHERE user_id <> '' GROUP BY 1"  # noqa: S608 (constants)
                counted: list[Any] = db.execute(sql).fetchall()
                for user, n in counted:
                    found.setdefault(user, dict.fromkeys(tables, 0))[kind] = n
        return found

    def ids(self) -> list[tuple[str, str]]:
        """Return (user, id) of every episode, memory and run, tombstones aside, sorted."""
        sql = "SELECT user_id, id FROM episodes UNION SELECT user_id, id FROM memories WHERE state <> 'erased'"
        with self._database.reading(EVERYONE) as db:
            if self._database.schema >= RUNS_SINCE:
                sql += " UNION SELECT user_id, id FROM runs"
            return db.execute(f"{sql} ORDER BY user_id, id").fetchall()


def _users(database: Database, db: Cursor) -> list[str]:
    runs = "UNION SELECT user_id FROM runs" if database.schema >= RUNS_SINCE else ""
    sql = (
        "SELECT DISTINCT user_id FROM (SELECT user_id FROM episodes UNION SELECT user_id FROM memories "  # noqa: S608
        f"UNION SELECT user_id FROM events {runs}) u WHERE user_id <> '' ORDER BY 1"
    )
    return [row[0] for row in db.execute(sql).fetchall()]


def _check_chain(db: Cursor, findings: list[str]) -> int:
    previous, last, seen = event_chain.GENESIS, 0, 0
    sql = f"SELECT {rows.columns(rows.EVENT)} FROM events WHERE seq > ? ORDER BY seq LIMIT {_BATCH}"  # noqa: S608
    while found := db.execute(sql, [last]).fetchall():
        links = [
            event_chain.Link(
                seq=seq,
                at=from_db(at),
                actor=actor,
                op=op,
                ids=tuple(json.loads(ids)),
                commitment=commitment,
                previous=prev,
            )
            for seq, at, _, actor, op, ids, commitment, prev, _ in found
        ]
        hashes = [row[-1] for row in found]
        if links[0].seq != last + 1:
            findings.append(f"events {last + 1} to {links[0].seq - 1} are missing; restore a backup")
            previous = links[0].previous
        findings += [f"{fault}; restore a backup" for fault in event_chain.faults(links, hashes, previous)][:_SHOWN]
        previous, last, seen = hashes[-1], links[-1].seq, seen + len(found)
    return seen


def _check_payloads(db: Cursor, findings: list[str]) -> int:
    """Content that is still there must be what was committed to."""
    last, seen = 0, 0
    sql = (
        "SELECT e.seq, e.commitment, p.nonce, p.payload FROM events e JOIN event_payloads p USING (seq, user_id) "
        "WHERE e.seq > ? ORDER BY e.seq LIMIT ?"
    )
    while found := db.execute(sql, [last, _BATCH]).fetchall():
        for seq, commitment, nonce, payload in found:
            if event_chain.commit_to(payload, nonce)[1] != commitment:
                findings.append(f"the content of event {seq} was altered; restore a backup")
        last, seen = found[-1][0], seen + len(found)
    return seen


def _check_rows(db: Cursor, findings: list[str]) -> dict[str, int]:
    """Every text has search material; every version but the last is retired; no event has lost its rows."""
    checks = {
        "{n} episode(s) without search material; run eider rebuild": (
            "SELECT count(*) FROM episodes e WHERE NOT EXISTS (SELECT 1 FROM embeddings x WHERE x.user_id = e.user_id AND x.id = e.id)"
        ),
        "{n} memories without search material; run eider rebuild": (
            "SELECT count(*) FROM memories m WHERE m.state <> 'erased' "
            "AND NOT EXISTS (SELECT 1 FROM embeddings x WHERE x.user_id = m.user_id AND x.id = m.id)"
        ),
        "{n} memories with more than one open version; restore a backup": (
            "SELECT count(*) FROM (SELECT id FROM memories WHERE retired_at IS NULL GROUP BY user_id, id HAVING count(*) > 1) m"
        ),
        "{n} rows of events that do not exist; restore a backup": (
            "SELECT count(*) FROM (SELECT rev FROM episodes UNION SELECT rev FROM memories WHERE state <> 'erased') r "
            "WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.seq = r.rev)"
        ),
        "{n} vectors without a text; run eider verify --fix": (
            "SELECT count(*) FROM embeddings x "
            "WHERE NOT EXISTS (SELECT 1 FROM episodes e WHERE e.user_id = x.user_id AND e.id = x.id) "
            "AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.user_id = x.user_id AND m.id = x.id)"
        ),
    }
    for message, sql in checks.items():
        if n := db.execute(sql).fetchall()[0][0]:
            findings.append(message.format(n=n))
    counted = "SELECT count(*) FROM {}"
    return {t: db.execute(counted.format(t)).fetchall()[0][0] for t in ("episodes", "memories", "embeddings")}
