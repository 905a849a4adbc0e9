"""The ranker's arrays read from PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np

from eider.model.clock import to_db
from eider.store.arrays import episodes_from, join_rows, memories_from
from eider.store.segment.segment import SegmentRows
from eider.store.sql.rows import spans_of
from eider.store.sql.segments import SqlSegments

_VECTOR: Final = "CASE WHEN x.embedder = $embedder THEN x.vector WHEN x.spare_embedder = $embedder THEN x.spare_vector ELSE ''::bytea END"
_EPISODES: Final = f"""
SELECT e.id, x.analysis, {_VECTOR} AS vector, e.session, e.seq, e.said_at, e.tz, e.speaker, e.role, e.origin,
       CASE WHEN jsonb_typeof(e.metadata::jsonb->'scope') = 'string' THEN e.metadata::jsonb->>'scope' END AS scope
FROM episodes e JOIN embeddings x ON x.user_id = e.user_id AND x.id = e.id
WHERE e.user_id = $user AND x.user_id = $user
"""  # noqa: S608 (constants)
_MEMORIES: Final = f"""
SELECT m.id, x.analysis, {_VECTOR} AS vector, m.valid_from, m.valid_to, m.kind, m.scope, m.trust,
       CASE WHEN m.state = 'active' AND m.superseded_by IS NOT NULL THEN 'superseded' ELSE m.state END AS state,
       m.importance, m.pinned, m.evidence, m.said_again, m.subject, m.origin, m.recorded_at, u.stability, u.last_used,
       COALESCE(m.superseded_by, m.doubt::jsonb->>'by') AS successor
FROM memories m JOIN embeddings x ON x.user_id = m.user_id AND x.id = m.id
LEFT JOIN usage u ON u.user_id = m.user_id AND u.id = m.id
WHERE m.user_id = $user AND x.user_id = $user AND m.state <> 'erased'
"""  # noqa: S608 (constants)
_EPISODE_NAMES: Final = "id analysis vector session seq said_at tz speaker role origin scope".split()
_MEMORY_NAMES: Final = (
    "id analysis vector valid_from valid_to kind scope trust state importance pinned evidence said_again subject "
    "origin recorded_at stability last_used successor"
).split()
_INSTANTS: Final = ("said_at", "valid_from", "valid_to", "recorded_at", "last_used")
_NUMBERS: Final = {
    "seq": np.int64,
    "trust": np.int8,
    "importance": np.int8,
    "pinned": np.bool_,
    "stability": np.float32,
}


class PostgresSegments(SqlSegments):
    """`Segments`."""

    def rows(self, *, user: str, ids: Sequence[str] | None = None, known_at: datetime | None = None) -> SegmentRows:
        """Return all rows of a user, or those of some ids; as they are, or as they were known at an instant."""
        given: dict[str, Any] = {"user": user, "embedder": self.embedder}
        episodes, memories = _EPISODES, _MEMORIES
        if ids is not None:
            given["ids"] = list(ids)
            episodes += " AND e.id = ANY($ids)"
            memories += " AND m.id = ANY($ids)"
        if known_at is None:
            memories += " AND m.retired_at IS NULL"
        else:
            given["known"] = to_db(known_at)
            episodes += " AND e.recorded_at <= $known"
            memories += " AND m.recorded_at <= $known AND (m.retired_at IS NULL OR m.retired_at > $known)"
        with self._database.snapshot(user) as db:
            said = _columns(db.execute(f"{episodes} ORDER BY e.rev, e.id", given).fetchall(), _EPISODE_NAMES)
            kept = _columns(db.execute(f"{memories} ORDER BY m.rev, m.id", given).fetchall(), _MEMORY_NAMES)
        kept["evidence"] = [
            tuple(span.episode for span in (*spans_of(text), *spans_of(again)))
            for text, again in zip(kept["evidence"], kept["said_again"], strict=True)
        ]
        return join_rows(episodes_from(said, self.width), memories_from(kept, self.width))


def _columns(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> dict[str, Any]:
    """Rows as columns: instants and numbers as arrays, NaT and NaN for none."""
    found: dict[str, Any] = dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))
    for name in names:
        if name not in _INSTANTS and name not in _NUMBERS:
            column = np.empty(len(rows), object)  # of bytes NumPy would make a type that drops zeros at their end
            column[:] = found[name]
            found[name] = column
    for name in _INSTANTS:
        if name in found:
            found[name] = np.array(found[name], "datetime64[us]")
    for name, kind in _NUMBERS.items():
        if name in found:
            values = [np.nan if v is None else v for v in found[name]] if kind is np.float32 else found[name]
            found[name] = np.array(values, kind)
    return found
