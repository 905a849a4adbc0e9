"""Statements that several writers share; each works within the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import duckdb

from eider.model.clock import to_db
from eider.model.usage import fresh
from eider.model.values import Usage
from eider.store.duck import rows
from eider.store.duck.database import Cursor

_FEW: Final = 4
"""Rows up to which values are faster than columns: 2 take .29 ms and .35, 4 the same."""
_PARSED: Final[dict[str, duckdb.Statement]] = {}
"""Statements that writers use over and over, parsed once: a third of what a small insert takes."""


def insert(db: Cursor, table: str, names: Sequence[str], values: Sequence[rows.Row]) -> None:
    """Insert rows: a few by values, more as columns."""
    if 0 < len(values) <= _FEW:
        marks = ", ".join([f"({', '.join('?' * len(names))})"] * len(values))
        sql = f"INSERT INTO {table} ({rows.columns(names)}) VALUES {marks}"  # noqa: S608
        if sql not in _PARSED:
            _PARSED[sql] = db.extract_statements(sql)[0]
        db.execute(_PARSED[sql], [value for row in values for value in row])
    elif values:
        db.execute(*rows.unnested(table, names, values))


def retire(db: Cursor, ids: Sequence[str], at: datetime) -> None:
    """Close the open versions of these memories; what was never used goes on fading from when it was learned.

    Without a row of its own a memory counts as used when its open version was written, and a new version is no use.
    """
    open_ones = "WHERE id IN (SELECT unnest($1)) AND retired_at IS NULL"
    sql = f"SELECT {rows.columns(rows.MEMORY)} FROM memories m {open_ones} AND id NOT IN (SELECT id FROM usage)"  # noqa: S608
    never = [rows.memory_of(row) for row in db.execute(sql, [list(ids)]).fetchall()]
    insert(db, "usage", rows.USAGE, [rows.usage_row(fresh(m), m.user) for m in never])
    db.execute(f"UPDATE memories SET retired_at = $2 {open_ones}", [list(ids), to_db(at)])  # noqa: S608


def write_usage(db: Cursor, user: str, usage: Sequence[Usage]) -> None:
    """Replace the counters of these memories."""
    if not usage:
        return
    sql, values = rows.unnested("usage", rows.USAGE, [rows.usage_row(one, user) for one in usage])
    db.execute(
        f"{sql} ON CONFLICT (id) DO UPDATE SET stability = excluded.stability, last_used = excluded.last_used, "
        "uses = excluded.uses, shown = excluded.shown WHERE usage.user_id = excluded.user_id",
        values,
    )
