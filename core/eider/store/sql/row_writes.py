"""Statements that several writers share; each works within the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from eider.model.changes import Indexing
from eider.model.clock import to_db
from eider.model.usage import fresh
from eider.model.values import Usage
from eider.store.sql import rows
from eider.store.sql.session import Cursor


def retire(db: Cursor, user: str, ids: Sequence[str], at: datetime) -> None:
    """Close the open versions of these memories; what was never used goes on fading from when it was learned.

    Without a row of its own a memory counts as used when its open version was written, and a new version is no use.
    """
    open_ones = "WHERE user_id = $2 AND id IN (SELECT unnest($1)) AND retired_at IS NULL"
    used = "SELECT id FROM usage WHERE user_id = $2"
    sql = f"SELECT {rows.columns(rows.MEMORY)} FROM memories m {open_ones} AND id NOT IN ({used})"  # noqa: S608
    never = [rows.memory_of(row) for row in db.execute(sql, [list(ids), user]).fetchall()]
    db.insert("usage", rows.USAGE, [rows.usage_row(fresh(m), user) for m in never])
    db.change(f"UPDATE memories SET retired_at = $3 {open_ones}", [list(ids), user, to_db(at)])  # noqa: S608


def write_material(db: Cursor, made: Mapping[str, Indexing], *, user: str, embedder: str, analyzer: str) -> None:
    """Write the vectors and analyses of rows that have none."""
    values = [rows.embedding_row(i, user, embedder, analyzer, x) for i, x in made.items()]
    db.insert("embeddings", rows.EMBEDDING, values)
    db.index(made, user=user, embedder=embedder)


def rewrite_material(
    db: Cursor, made: Mapping[str, Indexing], *, user: str, embedder: str, analyzer: str | None = None
) -> set[str]:
    """Replace the vectors and analyses of those rows that have some, and return their ids.

    Without an analyzer, the one that is noted stays noted.
    """
    sql = "SELECT id, analyzer FROM embeddings WHERE id IN (SELECT unnest($1)) AND user_id = $2"
    known: dict[str, str] = dict(db.execute(sql, [list(made), user]).fetchall())
    db.change("DELETE FROM embeddings WHERE id IN (SELECT unnest($1)) AND user_id = $2", [list(known), user])
    values = [rows.embedding_row(i, user, embedder, analyzer or a, made[i]) for i, a in known.items()]
    db.insert("embeddings", rows.EMBEDDING, values)
    db.index({i: made[i] for i in known}, user=user, embedder=embedder)
    return set(known)


def write_usage(db: Cursor, user: str, usage: Sequence[Usage]) -> None:
    """Replace the counters of these memories."""
    if not usage:
        return
    newest = (
        f"ON CONFLICT ({db.dialect.row_key}) DO UPDATE SET stability = excluded.stability, "
        "last_used = excluded.last_used, uses = excluded.uses, shown = excluded.shown "
        "WHERE usage.user_id = excluded.user_id"
    )
    db.insert("usage", rows.USAGE, [rows.usage_row(one, user) for one in usage], newest)
