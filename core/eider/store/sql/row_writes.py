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


def rewrite_material(
    db: Cursor, made: Mapping[str, Indexing], *, user: str, embedder: str | None = None, analyzer: str | None = None
) -> None:
    """Replace the vectors and analyses of rows that have some; None keeps what is noted of their makers."""
    sql = (
        "UPDATE embeddings SET vector = fresh.v, analysis = fresh.a, "
        "embedder = CASE WHEN fresh.p THEN '' ELSE coalesce($4, embedder) END, analyzer = coalesce($5, analyzer) "
        "FROM (SELECT unnest($1) AS i, unnest($2) AS v, unnest($3) AS a, unnest($7) AS p) AS fresh "
        "WHERE id = fresh.i AND user_id = $6"
    )
    vectors, analyses, pending = zip(*((x.vector, x.analysis, x.pending) for x in made.values()), strict=True)
    db.change(sql, [list(made), list(vectors), list(analyses), embedder, analyzer, user, list(pending)])


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
