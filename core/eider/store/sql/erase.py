"""Forgetting for real: rows go at once; `copies.py` then writes the file anew without their bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from eider.model.changes import Erasure
from eider.model.clock import to_db
from eider.model.errors import StaleChangeError
from eider.model.failpoints import point
from eider.model.values import Memory
from eider.store.sql import rows
from eider.store.sql.chain import Chain
from eider.store.sql.row_writes import retire, rewrite_material
from eider.store.sql.session import EVERYONE, Cursor, Database

_OWNED: Final = [
    "episodes",
    "memories",
    "embeddings",
    "edges",
    "entities",
    "scopes",
    "event_payloads",
    "outbox",
    "term_stats",
    "usage",
    "idem_keys",
    "loops",
    "policies",
    "jobs",
    "learned",
    "unlearned",
    "runs",
    "run_steps",
    "run_contents",
]
"""Tables whose rows belong to a user; events stay, without the name, so that the chain still verifies."""


def erase(chain: Chain, erasure: Erasure, *, embedder: str) -> Mapping[str, int]:
    """Delete in one transaction all that an erasure names; returns table → rows.

    `embedder` made the vectors of what is said anew.

    Raises:
        StaleChangeError: A memory it read has moved on.
    """
    with chain.transaction(EVERYONE if erasure.everything else erasure.user) as (db, heads):
        _refuse_stale(db, erasure)
        counts = _everything(chain, db, erasure) if erasure.everything else _erase_named(chain, db, erasure)
        stays = (*(m.id for m in erasure.trimmed), *(e.id for e in erasure.blanked))
        ids = tuple(sorted({*erasure.episodes, *erasure.memories, *erasure.runs, *stays}))
        owner = "" if erasure.everything else erasure.user
        payload = {"reason": "", "memories": {}, "detail": {}, "erased": dict(counts)}
        link, head = chain.append(db, owner, erasure.actor, "forget", erasure.at, ids, payload)
        _trim(chain, db, erasure, link.seq)
        _blank(chain, db, erasure, link.seq, embedder)
        sql = (
            "INSERT INTO jobs (id, kind, user_id, payload, priority, state, attempts, run_after, done, total, queued_at) "
            "SELECT nextval('job_ids'), 'scrub', '', '{}', 10, 'waiting', 0, CAST($1 AS TIMESTAMP), 0, 0, CAST($1 AS TIMESTAMP) "
            "WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE kind = 'scrub' AND state = 'waiting')"
        )
        db.change(sql, [to_db(erasure.at)])
        heads.append(head)
        point("erase.written")
    chain.forget_sequences(erasure.user)
    return counts


def _refuse_stale(db: Cursor, erasure: Erasure) -> None:
    if not erasure.reads:
        return
    sql = "SELECT id, rev FROM memories WHERE id IN (SELECT unnest($1)) AND user_id = $2 AND retired_at IS NULL"
    now = dict(db.execute(sql, [list(erasure.reads), erasure.user]).fetchall())
    if stale := [i for i, rev in erasure.reads.items() if now.get(i) != rev]:
        raise StaleChangeError(stale)


def _delete(db: Cursor, table: str, where: str, values: Sequence[object]) -> int:
    return db.changed(f"DELETE FROM {table} WHERE {where}", list(values))  # noqa: S608 (constants)


def _everything(chain: Chain, db: Cursor, erasure: Erasure) -> dict[str, int]:
    """A whole user: every row, and the name out of the events."""
    user = erasure.user
    mine = "SELECT id FROM episodes WHERE user_id = $1 UNION SELECT id FROM memories WHERE user_id = $1 ORDER BY id"
    ids = [row[0] for row in db.execute(mine, [user]).fetchall()]
    runs = _column(db, "SELECT id FROM runs WHERE user_id = ?", [user])
    _bury(chain, db, erasure, [chain.digest("id", user, i) for i in (*ids, *runs)])
    _bury(chain, db, erasure, _key_digests(db, "user_id = ?", [user]))
    counts = {table: _delete(db, table, "user_id = ?", [user]) for table in _OWNED}
    chain.disown(db, user)
    chain.queue_for_index(db, [(chain.head[0] + 1, i) for i in ids], "", "del")
    return counts


def _erase_named(chain: Chain, db: Cursor, erasure: Erasure) -> dict[str, int]:
    user, ids, runs = erasure.user, sorted(erasure.episodes | erasure.memories), sorted(erasure.runs)
    in_ids, of_events = (
        "user_id = ? AND id IN (SELECT unnest(?))",
        "user_id = ? AND seq IN (SELECT unnest(?::BIGINT[]))",
    )
    scopes = _column(db, f"SELECT DISTINCT scope FROM memories WHERE {in_ids}", [user, ids])  # noqa: S608 (constants)
    graves = _tombstones(db, user, erasure)
    sql = f"SELECT seq FROM events WHERE user_id = ? AND {db.dialect.names_any('ids', '?')}"  # noqa: S608
    touched = [row[0] for row in db.execute(sql, [user, list(ids)]).fetchall()]
    _bury(chain, db, erasure, [chain.digest("id", user, i) for i in (*ids, *runs)])
    _bury(chain, db, erasure, _key_digests(db, of_events, [user, touched]))
    linked = "user_id = ? AND (source IN (SELECT unnest(?)) OR target IN (SELECT unnest(?)))"
    counts = {
        table: _delete(db, table, in_ids, [user, ids])
        for table in ("episodes", "memories", "embeddings", "usage", "unlearned")
    }
    counts["edges"] = _delete(db, "edges", linked, [user, ids, ids])
    for table in ("event_payloads", "idem_keys"):
        counts[table] = _delete(db, table, of_events, [user, touched])
    counts["outbox"] = _delete(db, "outbox", in_ids, [user, ids])
    for table in ("policies", "term_stats"):
        counts[table] = _delete(db, table, "user_id = ?", [user])
    for table, column in (("loops", "recalled"), ("jobs", "payload")):
        counts[table] = _delete(db, table, f"user_id = ? AND {db.dialect.says_any(column, '?')}", [user, ids])
    counts |= _runs(db, user, runs)
    unused = "user_id = ? AND name IN (SELECT unnest(?)) AND name NOT IN (SELECT scope FROM memories WHERE user_id = ?)"
    counts["scopes"] = _delete(db, "scopes", unused, [user, scopes, user])
    db.insert("memories", rows.MEMORY, [rows.memory_row(g, g.rev) for g in graves])
    chain.queue_for_index(db, [(chain.head[0] + 1, i) for i in ids], user, "del")
    return {table: n for table, n in counts.items() if n}


def _runs(db: Cursor, user: str, ids: Sequence[str]) -> dict[str, int]:
    """Runs with their steps, and the contents that no other run of the user has."""
    if not ids:
        return {}
    counts = {
        "runs": _delete(db, "runs", "user_id = ? AND id IN (SELECT unnest(?))", [user, ids]),
        "run_steps": _delete(db, "run_steps", "user_id = ? AND run_id IN (SELECT unnest(?))", [user, ids]),
    }
    unused = (
        "user_id = $1 AND digest NOT IN (SELECT digest FROM run_steps WHERE user_id = $1) "
        "AND digest NOT IN (SELECT inputs FROM runs WHERE user_id = $1)"
    )
    return counts | {"run_contents": _delete(db, "run_contents", unused, [user])}


def _column(db: Cursor, sql: str, values: Sequence[object]) -> list[str]:
    return [row[0] for row in db.execute(sql, list(values)).fetchall()]


def _tombstones(db: Cursor, user: str, erasure: Erasure) -> list[Memory]:
    """What stays of a memory within a chain: id, place and times, no content."""
    if not erasure.memories:
        return []
    ids = sorted(erasure.memories)
    sql = (
        f"SELECT {rows.columns(rows.MEMORY)} FROM memories m WHERE user_id = $1 AND retired_at IS NULL "  # noqa: S608
        "AND id IN (SELECT unnest($2)) AND (superseded_by IS NOT NULL OR EXISTS (SELECT 1 FROM memories o "
        "WHERE o.user_id = $1 AND o.superseded_by = m.id AND o.retired_at IS NULL))"
    )
    found = [rows.memory_of(row) for row in db.execute(sql, [user, ids]).fetchall()]
    at = erasure.at
    return [
        replace(
            m, text="", agent="", scope="", subject="", entities=(), evidence=(), merged_from=(), key=None,
            act=None, reach=None, answers=None, said_again=(), wording="", doubt=None,
            importance=1, pinned=False, state="erased", recorded_at=at, valid_from=at, valid_to=at,
            from_precision="instant", to_precision="instant",
        )
        for m in found
    ]  # fmt: skip


def _key_digests(db: Cursor, where: str, values: Sequence[object]) -> list[str]:
    found = db.execute(f"SELECT digest FROM idem_keys WHERE {where}", list(values)).fetchall()  # noqa: S608
    return [row[0] for row in found]


def _bury(chain: Chain, db: Cursor, erasure: Erasure, digests: Iterable[str]) -> None:
    """Keyed digests stand against spool, retry, restore, undo and re-import."""
    new = sorted(set(digests))
    if not new:
        return
    chain.tombstoned = True
    known = db.execute("SELECT digest FROM tombstones WHERE digest IN (SELECT unnest(?))", [new]).fetchall()
    missing = set(new) - {row[0] for row in known}
    db.insert("tombstones", ["digest", "erased_at"], [(d, to_db(erasure.at)) for d in sorted(missing)])


def _trim(chain: Chain, db: Cursor, erasure: Erasure, rev: int) -> None:
    """New versions of what keeps other support; older ones go on naming an id, which says nothing."""
    if not erasure.trimmed:
        return
    kept = [m.id for m in erasure.trimmed]
    retire(db, erasure.user, kept, erasure.at)
    values = [(*rows.memory_row(m, rev), chain.identity(m)) for m in erasure.trimmed]
    db.insert("memories", [*rows.MEMORY, "identity"], values)
    chain.queue_for_index(db, [(rev, i) for i in kept], erasure.user)


def _blank(chain: Chain, db: Cursor, erasure: Erasure, rev: int, embedder: str) -> None:
    """Utterances lose the erased words; search material and index follow."""
    if not erasure.blanked:
        return
    for episode in erasure.blanked:
        metadata = json.dumps(episode.metadata, ensure_ascii=False) if episode.metadata else None
        sql = "UPDATE episodes SET content = ?, metadata = ?, rev = ? WHERE id = ? AND user_id = ?"
        db.change(sql, [str(episode.text), metadata, rev, episode.id, erasure.user])
    rewrite_material(db, {e.id: erasure.indexing[e.id] for e in erasure.blanked}, user=erasure.user, embedder=embedder)
    _delete(db, "term_stats", "user_id = ?", [erasure.user])
    chain.queue_for_index(db, [(rev, e.id) for e in erasure.blanked], erasure.user)


class SqlErasureChecks:
    """`ErasureChecks`."""

    def __init__(self, database: Database) -> None:
        """Look into an open database."""
        self._database = database

    def still_saying(self, texts: Sequence[str], *, user: str) -> list[str]:
        """Ids of a user's own rows that still contain one of these texts, letter for letter."""
        found: set[str] = set()
        with self._database.reading(user) as db:
            for text in texts:
                for table in ("episodes", "memories"):
                    sql = f"SELECT id FROM {table} WHERE user_id = ? AND strpos(content, ?) > 0"  # noqa: S608
                    found |= {row[0] for row in db.execute(sql, [user, text]).fetchall()}
        return sorted(found)

    def tables_with(self, ids: Sequence[str]) -> list[str]:
        """Tables that still hold a row of these ids, tombstones aside: the structural check."""
        checks = {
            "episodes": "id IN (SELECT unnest($1))",
            "memories": "id IN (SELECT unnest($1)) AND state <> 'erased'",
            "embeddings": "id IN (SELECT unnest($1))",
            "usage": "id IN (SELECT unnest($1))",
            "unlearned": "id IN (SELECT unnest($1))",
            "edges": "source IN (SELECT unnest($1)) OR target IN (SELECT unnest($1))",
            "runs": "id IN (SELECT unnest($1)) OR parent IN (SELECT unnest($1))",
            "run_steps": "run_id IN (SELECT unnest($1))",
        }
        with self._database.reading(EVERYONE) as db:
            return [
                table
                for table, where in checks.items()
                if db.execute(f"SELECT 1 FROM {table} WHERE {where} LIMIT 1", [list(ids)]).fetchall()  # noqa: S608
            ]

    def columns_saying(self, texts: Sequence[str], *, user: str) -> list[str]:
        """Columns that still contain one of these texts: the logical check, over every table.

        Of tables with an owner only the user's rows are looked at: what others keep is nobody else's to learn.
        """
        with self._database.reading(user) as db:
            sql = (
                "SELECT table_name, column_name FROM information_schema.columns "
                "WHERE table_schema = current_schema() AND data_type = ?"
            )
            places = db.execute(sql, [db.dialect.text_type]).fetchall()
            owned = {table for table, column in places if column == "user_id"}
            hits: list[str] = []
            for table, column in places if texts else ():
                any_of = db.dialect.says_any(column, "$1")
                mine = " AND user_id IN ($2, '')" if table in owned else ""
                given: list[object] = [list(texts), user] if mine else [list(texts)]
                if db.execute(f"SELECT 1 FROM {table} WHERE {any_of}{mine} LIMIT 1", given).fetchall():  # noqa: S608
                    hits.append(f"{table}.{column}")
            saying = db.dialect.says_any("content", "$1", binary=True)
            sql = f"SELECT 1 FROM run_contents WHERE user_id = $2 AND {saying} LIMIT 1"  # noqa: S608 (constants)
            if texts and db.execute(sql, [list(texts), user]).fetchall():
                hits.append("run_contents.content")
            return hits
