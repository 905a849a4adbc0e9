"""Forgetting for real: rows at once, bytes by writing the store anew without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from eider.model.changes import Erasure
from eider.model.clock import to_db
from eider.model.errors import EiderError, StaleChangeError
from eider.model.failpoints import point
from eider.model.values import Memory
from eider.store import rows
from eider.store.database import Cursor
from eider.store.duck import DuckStore, insert, retire

_OWNED: Final = (
    "episodes memories embeddings edges entities scopes event_payloads outbox term_stats usage idem_keys loops "
    "policies jobs learned unlearned"
).split()
"""Tables whose rows belong to a user; events stay, without the name, so that the chain still verifies."""


def erase(store: DuckStore, erasure: Erasure) -> Mapping[str, int]:
    """Delete in one transaction all that an erasure names; returns table → rows.

    Raises:
        StaleChangeError: A memory it read has moved on.
    """
    with store.transaction() as (db, heads):
        _refuse_stale(db, erasure)
        counts = _everything(store, db, erasure) if erasure.everything else _named(store, db, erasure)
        ids = tuple(sorted({*erasure.episodes, *erasure.memories, *(m.id for m in erasure.trimmed)}))
        owner = "" if erasure.everything else erasure.user
        payload = {"reason": "", "memories": {}, "detail": {}, "erased": dict(counts)}
        link, head = store.append(db, owner, erasure.actor, "forget", erasure.at, ids, payload)
        _trim(store, db, erasure, link.seq)
        _queue_rewrite(db, erasure)
        heads.append(head)
        point("erase.written")
    store.forget_sequences(erasure.user)
    return counts


def _refuse_stale(db: Cursor, erasure: Erasure) -> None:
    if not erasure.reads:
        return
    sql = "SELECT id, rev FROM memories WHERE id IN (SELECT unnest($1)) AND user_id = $2 AND retired_at IS NULL"
    now = dict(db.execute(sql, [list(erasure.reads), erasure.user]).fetchall())
    if stale := [i for i, rev in erasure.reads.items() if now.get(i) != rev]:
        raise StaleChangeError(stale)


def _delete(db: Cursor, table: str, where: str, values: Sequence[object]) -> int:
    done = db.execute(f"DELETE FROM {table} WHERE {where}", list(values)).fetchall()  # noqa: S608 (constants)
    return int(done[0][0]) if done else 0


def _everything(store: DuckStore, db: Cursor, erasure: Erasure) -> dict[str, int]:
    """A whole user: every row, and the name out of the events."""
    user = erasure.user
    mine = "SELECT id FROM episodes WHERE user_id = $1 UNION SELECT id FROM memories WHERE user_id = $1 ORDER BY id"
    ids = [row[0] for row in db.execute(mine, [user]).fetchall()]
    _bury(store, db, erasure, [store.digest("id", user, i) for i in ids])
    _bury(store, db, erasure, _key_digests(db, "user_id = ?", [user]))
    counts = {table: _delete(db, table, "user_id = ?", [user]) for table in _OWNED}
    db.execute("UPDATE events SET user_id = '' WHERE user_id = ?", [user])
    insert(db, "outbox", ["rev", "id", "user_id", "op"], [(store.head[0] + 1, i, "", "del") for i in ids])
    return counts


def _named(store: DuckStore, db: Cursor, erasure: Erasure) -> dict[str, int]:
    user, ids = erasure.user, sorted(erasure.episodes | erasure.memories)
    in_ids = "user_id = ? AND id IN (SELECT unnest(?))"
    scopes = _column(db, f"SELECT DISTINCT scope FROM memories WHERE {in_ids}", [user, ids])  # noqa: S608 (constants)
    graves = _tombstones(db, user, erasure)
    touched = _events_touching(db, user, ids)
    _bury(store, db, erasure, [store.digest("id", user, i) for i in ids])
    _bury(store, db, erasure, _key_digests(db, "seq IN (SELECT unnest(?))", [touched]))
    linked = "user_id = ? AND (source IN (SELECT unnest(?)) OR target IN (SELECT unnest(?)))"
    counts = {
        table: _delete(db, table, in_ids, [user, ids])
        for table in ("episodes", "memories", "embeddings", "usage", "unlearned")
    }
    counts["edges"] = _delete(db, "edges", linked, [user, ids, ids])
    counts["event_payloads"] = _delete(db, "event_payloads", "seq IN (SELECT unnest(?))", [touched])
    counts["idem_keys"] = _delete(db, "idem_keys", "seq IN (SELECT unnest(?))", [touched])
    counts["outbox"] = _delete(db, "outbox", in_ids, [user, ids])
    for table in ("policies", "term_stats"):
        counts[table] = _delete(db, table, "user_id = ?", [user])
    for table, column in (("loops", "recalled"), ("jobs", "payload")):
        mentions = f"user_id = ? AND list_bool_or(list_transform(?, lambda i: contains({column}, i)))"
        counts[table] = _delete(db, table, mentions, [user, ids])
    unused = "user_id = ? AND name IN (SELECT unnest(?)) AND name NOT IN (SELECT scope FROM memories WHERE user_id = ?)"
    counts["scopes"] = _delete(db, "scopes", unused, [user, scopes, user])
    insert(db, "memories", rows.MEMORY, [rows.memory_row(g, g.rev) for g in graves])
    gone = [(store.head[0] + 1, i, user, "del") for i in ids]
    insert(db, "outbox", ["rev", "id", "user_id", "op"], gone)
    return {table: n for table, n in counts.items() if n}


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
            importance=1, pinned=False, state="erased", recorded_at=at, valid_from=at, valid_to=at,
            from_precision="instant", to_precision="instant",
        )
        for m in found
    ]  # fmt: skip


def _events_touching(db: Cursor, user: str, ids: Sequence[str]) -> list[int]:
    sql = "SELECT seq FROM events WHERE user_id = ? AND list_has_any(from_json(ids, '[\"VARCHAR\"]'), ?)"
    return [row[0] for row in db.execute(sql, [user, list(ids)]).fetchall()]


def _key_digests(db: Cursor, where: str, values: Sequence[object]) -> list[str]:
    found = db.execute(f"SELECT digest FROM idem_keys WHERE {where}", list(values)).fetchall()  # noqa: S608
    return [row[0] for row in found]


def _bury(store: DuckStore, db: Cursor, erasure: Erasure, digests: Iterable[str]) -> None:
    """Keyed digests stand against spool, retry, restore, undo and re-import."""
    new = sorted(set(digests))
    if not new:
        return
    store.tombstoned = True
    known = db.execute("SELECT digest FROM tombstones WHERE digest IN (SELECT unnest(?))", [new]).fetchall()
    missing = set(new) - {row[0] for row in known}
    insert(db, "tombstones", ["digest", "erased_at"], [(d, to_db(erasure.at)) for d in sorted(missing)])


def _trim(store: DuckStore, db: Cursor, erasure: Erasure, rev: int) -> None:
    """New versions of what keeps other support; older ones go on naming an id, which says nothing."""
    if not erasure.trimmed:
        return
    kept = [m.id for m in erasure.trimmed]
    retire(db, kept, erasure.at)
    values = [(*rows.memory_row(m, rev), store.identity(m)) for m in erasure.trimmed]
    insert(db, "memories", [*rows.MEMORY, "identity"], values)
    insert(db, "outbox", ["rev", "id", "user_id", "op"], [(rev, i, erasure.user, "put") for i in kept])


def _queue_rewrite(db: Cursor, erasure: Erasure) -> None:
    """The bytes have to leave the disk as well: kept as a job with the erasure, so that no kill forgets it."""
    sql = (
        "INSERT INTO jobs SELECT nextval('job_ids'), 'scrub', '', '{}', 10, 'waiting', 0, $1, NULL, 0, 0, NULL, $1, NULL, NULL "
        "WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE kind = 'scrub' AND state = 'waiting')"
    )
    db.execute(sql, [to_db(erasure.at)])


def rewritten(store: DuckStore) -> None:
    """Nothing waits for a rewrite any longer."""
    with store.database.writing() as db:
        db.execute("DELETE FROM jobs WHERE kind = 'scrub' AND state = 'waiting'")


def rewrite(store: DuckStore) -> None:
    """Copy the truth into its next generation and go on with that; the old bytes leave the disk.

    Readers go on meanwhile; writers wait. A kill at any step leaves one valid file: `CURRENT` names it.
    DuckDB keeps deleted text in its file after checkpoint and vacuum, so only a copy is free of it.
    """
    database, files = store.database, store.files
    with database.turn():
        old, fresh = database.path, files.next_truth()
        _remove(fresh)
        try:
            _copy(store, fresh)
            point("erase.copied")
            # Synced while nobody has it open: any descriptor closed later would drop DuckDB's lock.
            files.settle(fresh)
            database.swap(fresh, lambda: files.point_to(fresh))
        except BaseException:
            with suppress(OSError, EiderError):
                if files.truth() != old:
                    files.point_to(old)
                _remove(fresh)
            raise
        point("erase.pointed")
        _remove(old)
        point("erase.swapped")


def _copy(store: DuckStore, fresh: Path) -> None:
    with store.database.alone() as db:
        name = db.execute("SELECT current_database()").fetchall()[0][0]
        db.execute(f"ATTACH '{_quoted(str(fresh))}' AS fresh")
        try:
            db.execute(f'COPY FROM DATABASE "{name}" TO fresh')
            db.execute("CHECKPOINT fresh")
        finally:
            db.execute("DETACH fresh")


def _remove(path: Path) -> None:
    for left in (path, path.with_name(path.name + ".wal")):
        left.unlink(missing_ok=True)


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def still_said(store: DuckStore, user: str, texts: Sequence[str]) -> list[str]:
    """Ids of a user's own rows that still contain one of these texts, letter for letter."""
    found: set[str] = set()
    with store.database.reading() as db:
        for text in texts:
            for table in ("episodes", "memories"):
                sql = f"SELECT id FROM {table} WHERE user_id = ? AND contains(content, ?)"  # noqa: S608
                found |= {row[0] for row in db.execute(sql, [user, text]).fetchall()}
    return sorted(found)


def leftovers(store: DuckStore, ids: Sequence[str]) -> list[str]:
    """Tables that still hold a row of these ids, tombstones aside: the structural check."""
    checks = {
        "episodes": "id IN (SELECT unnest($1))",
        "memories": "id IN (SELECT unnest($1)) AND state <> 'erased'",
        "embeddings": "id IN (SELECT unnest($1))",
        "usage": "id IN (SELECT unnest($1))",
        "unlearned": "id IN (SELECT unnest($1))",
        "edges": "source IN (SELECT unnest($1)) OR target IN (SELECT unnest($1))",
    }
    with store.database.reading() as db:
        return [
            table
            for table, where in checks.items()
            if db.execute(f"SELECT 1 FROM {table} WHERE {where} LIMIT 1", [list(ids)]).fetchall()  # noqa: S608
        ]


def mentioned(store: DuckStore, user: str, texts: Sequence[str]) -> list[str]:
    """Columns that still contain one of these texts: the logical check, over every table.

    Of tables with an owner only the user's rows are looked at: what others keep is nobody else's to learn.
    """
    with store.database.reading() as db:
        sql = "SELECT table_name, column_name FROM duckdb_columns() WHERE data_type = 'VARCHAR' AND NOT internal"
        places = db.execute(sql).fetchall()
        owned = {table for table, column in places if column == "user_id"}
        hits: list[str] = []
        for table, column in places if texts else ():
            any_of = f"list_bool_or(list_transform($1, lambda t: contains({column}, t)))"
            mine = " AND user_id IN ($2, '')" if table in owned else ""
            given: list[object] = [list(texts), user] if mine else [list(texts)]
            if db.execute(f"SELECT 1 FROM {table} WHERE {any_of}{mine} LIMIT 1", given).fetchall():  # noqa: S608
                hits.append(f"{table}.{column}")
        return hits
