"""A user's rows as Arrow tables, for queries of their own."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from eider.model.clock import to_db
from eider.store.sql.transfer import SqlTransfer

if TYPE_CHECKING:
    import pyarrow as pa

_VERSION: Final = (
    "id, rev, kind, content AS text, scope, subject, entities, importance, confidence, origin, trust, agent, valid_from, "
    "valid_to, from_precision, to_precision, recorded_at, retired_at, pinned, state, superseded_by, merged_from, "
    "evidence, idem_key AS key"
)
_STATUS: Final = (
    "CASE WHEN state <> 'active' THEN state WHEN superseded_by IS NOT NULL THEN 'superseded' "
    "WHEN valid_to <= $now THEN 'expired' ELSE 'current' END AS status"
)
_TABLES: Final = {
    "episodes": (
        "SELECT id, content AS text, speaker, role, session, seq, said_at, tz, recorded_at, origin, metadata, "
        "idem_key AS key FROM episodes WHERE user_id = $user ORDER BY said_at, id"
    ),
    "memories": (
        f"SELECT {_VERSION}, {_STATUS} FROM memories WHERE user_id = $user AND retired_at IS NULL "  # noqa: S608
        "AND state <> 'erased' ORDER BY id"
    ),
    "versions": f"SELECT {_VERSION} FROM memories WHERE user_id = $user AND state <> 'erased' ORDER BY id, rev",  # noqa: S608
    "events": (
        "SELECT 'evt_' || e.seq AS id, e.seq, e.happened_at, e.actor, e.op, e.ids, p.payload::jsonb->>'reason' AS reason, "
        "p.seq IS NULL AS erased FROM events e LEFT JOIN event_payloads p ON p.seq = e.seq AND p.user_id = $user "
        "WHERE e.user_id = $user ORDER BY e.seq"
    ),
    "usage": "SELECT id, stability, last_used, uses, shown FROM usage WHERE user_id = $user ORDER BY id",
    "edges": "SELECT source, target, kind, weight FROM edges WHERE user_id = $user ORDER BY source, target, kind",
}
_LISTS: Final = ("entities", "merged_from", "ids")
_KINDS: Final = {
    "int8": ("trust", "importance"), "int32": ("seq", "uses", "shown"), "int64": ("rev",),
    "float64": ("confidence", "stability", "weight"), "bool_": ("pinned", "erased"),
}  # fmt: skip
_INSTANTS: Final = ("said_at", "recorded_at", "valid_from", "valid_to", "retired_at", "happened_at", "last_used")


class PostgresTransfer(SqlTransfer):
    """`Transfer`."""

    def tables(self, user: str, now: datetime) -> dict[str, pa.Table]:
        """Return a user's rows as Arrow tables, by the names a query may use."""
        with self._database.snapshot(user) as db:
            found: dict[str, pa.Table] = {}
            for name, sql in _TABLES.items():
                cursor: Any = db.execute(sql, {"user": user, "now": to_db(now)} if "$now" in sql else {"user": user})
                rows = cursor.fetchall()
                found[name] = _table(name, [column.name for column in cursor.description], rows)
        return found


def _table(table: str, names: list[str], rows: list[Any]) -> pa.Table:
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [pa.array(_values(name, column), _kind(table, name)) for name, column in zip(names, columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=names)


def _values(name: str, column: Any) -> list[Any]:
    if name in _LISTS:
        return [json.loads(value) if value else [] for value in column]
    if name == "evidence":
        return [[span[0] for span in json.loads(value)] if value else [] for value in column]
    return list(column)


def _kind(table: str, name: str) -> Any:
    import pyarrow as pa

    if name in _LISTS or name == "evidence":
        return pa.list_(pa.string())
    if name in _INSTANTS:
        return pa.timestamp("us")
    if table == "events" and name == "seq":
        return pa.int64()
    return next((getattr(pa, kind)() for kind, those in _KINDS.items() if name in those), pa.string())
