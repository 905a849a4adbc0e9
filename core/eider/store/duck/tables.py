"""A user's rows as Arrow tables, for queries of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from eider.model.clock import to_db
from eider.store.duck.database import Database
from eider.store.sql.chain import Chain
from eider.store.sql.transfer import SqlTransfer

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH: Final = 2_048
"""Rows per fetch: DuckDB's own vector size."""
_IDS: Final = "from_json({0}, '[\"VARCHAR\"]')"
_VERSION: Final = f"""
id, rev, kind, content AS text, scope, subject, coalesce({_IDS.format("entities")}, []) AS entities, importance,
confidence, origin, trust, agent, valid_from, valid_to, from_precision, to_precision, recorded_at, retired_at, pinned,
state, superseded_by, coalesce({_IDS.format("merged_from")}, []) AS merged_from,
coalesce(list_transform(from_json(evidence, '["JSON"]'), lambda s: s->>0), []) AS evidence, idem_key AS key
"""
_STATUS: Final = """
CASE WHEN state <> 'active' THEN state WHEN superseded_by IS NOT NULL THEN 'superseded'
     WHEN valid_to <= $now THEN 'expired' ELSE 'current' END AS status
"""
_TABLES: Final[Mapping[str, str]] = {
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
        f"SELECT 'evt_' || e.seq AS id, e.seq, e.happened_at, e.actor, e.op, {_IDS.format('e.ids')} AS ids, "  # noqa: S608
        "p.payload->>'$.reason' AS reason, p.seq IS NULL AND NOT e.ids LIKE '[\"run_%' AS erased FROM events e "
        "LEFT JOIN event_payloads p ON p.seq = e.seq AND p.user_id = $user WHERE e.user_id = $user ORDER BY e.seq"
    ),
    "usage": "SELECT id, stability, last_used, uses, shown FROM usage WHERE user_id = $user ORDER BY id",
    "edges": "SELECT source, target, kind, weight FROM edges WHERE user_id = $user ORDER BY source, target, kind",
}
"""Each table a query may name, and the user's rows that fill it."""


class DuckTransfer(SqlTransfer):
    """`Transfer`."""

    def __init__(self, chain: Chain, database: Database) -> None:
        """Read from, and write to, the end of `chain`, which is in `database`."""
        super().__init__(chain)
        self._duck = database

    def tables(self, user: str, now: datetime) -> dict[str, pa.Table]:
        """Return a user's rows as Arrow tables, by the names a query may use."""
        found: dict[str, pa.Table] = {}
        with self._duck.reading(user) as db:
            for name, sql in _TABLES.items():
                given = {"user": user, "now": to_db(now)} if "$now" in sql else {"user": user}
                reader = db.db.sql(sql, params=given).to_arrow_reader(_BATCH)
                found[name] = reader.read_all()
                del reader
        return found
