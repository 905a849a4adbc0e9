"""The ranker's arrays read from DuckDB column by column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from eider.model.clock import to_db
from eider.store.arrays import episodes_from, join_rows, memories_from, plain
from eider.store.duck.cursor import Cursor
from eider.store.duck.database import Database
from eider.store.segment.segment import SegmentRows
from eider.store.sql.chain import Chain
from eider.store.sql.rows import spans_of
from eider.store.sql.segments import SqlSegments

_OF_TWO: Final = "CASE WHEN x.embedder = $embedder THEN x.vector WHEN x.spare_embedder = $embedder THEN x.spare_vector ELSE ''::BLOB END"
_OF_ONE: Final = "CASE WHEN x.embedder = $embedder THEN x.vector ELSE ''::BLOB END"
"""In a snapshot of before schema 7, which is never migrated."""
_TWO_VECTORS: Final = 7
"""Schema from which a row may have vectors of two embedders."""
_EPISODES: Final = """
SELECT e.id, x.analysis, VECTOR AS vector, e.session, e.seq, e.said_at, e.tz, e.speaker, e.role, e.origin,
       CASE WHEN e.metadata IS NULL OR json_type(e.metadata, '$.scope') IS DISTINCT FROM 'VARCHAR' THEN NULL
            ELSE json_extract_string(e.metadata, '$.scope') END AS scope
FROM episodes e JOIN embeddings x ON x.id = e.id WHERE e.user_id = $user AND x.user_id = $user
"""
_MEMORIES: Final = """
SELECT m.id, x.analysis, VECTOR AS vector, m.valid_from, m.valid_to, m.kind, m.scope, m.trust,
       CASE WHEN m.state = 'active' AND m.superseded_by IS NOT NULL THEN 'superseded' ELSE m.state END AS state,
       m.importance,
       m.pinned, m.evidence, m.said_again, m.subject, m.origin, m.recorded_at, u.stability, u.last_used,
       COALESCE(m.superseded_by, json_extract_string(m.doubt, '$.by')) AS successor
FROM memories m JOIN embeddings x ON x.id = m.id LEFT JOIN usage u ON u.id = m.id
WHERE m.user_id = $user AND x.user_id = $user AND m.state <> 'erased'
"""


class DuckSegments(SqlSegments):
    """`Segments`."""

    def __init__(self, chain: Chain, database: Database, *, embedder: str, width: int) -> None:
        """Read behind the end of `chain`, which is in `database`: vectors of this embedder, of `width` floats."""
        super().__init__(chain, embedder=embedder, width=width)
        self._duck = database
        vector = _OF_TWO if database.schema >= _TWO_VECTORS else _OF_ONE
        self._episodes, self._memories = _EPISODES.replace("VECTOR", vector), _MEMORIES.replace("VECTOR", vector)

    def rows(self, *, user: str, ids: Sequence[str] | None = None, known_at: datetime | None = None) -> SegmentRows:
        """Return all rows of a user, or those of some ids; as they are, or as they were known at an instant."""
        with self._duck.reading(user) as db:
            return self._read(db, user, ids, known_at)

    def _read(self, db: Cursor, user: str, ids: Sequence[str] | None, known_at: datetime | None) -> SegmentRows:
        given: dict[str, Any] = {"user": user, "embedder": self.embedder}
        episodes, memories = self._episodes, self._memories
        if ids is not None:
            given["ids"] = list(ids)
            episodes += " AND e.id IN (SELECT unnest($ids))"
            memories += " AND m.id IN (SELECT unnest($ids))"
        if known_at is None:
            memories += " AND m.retired_at IS NULL"
            said = db.execute(episodes, given).fetchnumpy()
        else:
            given["known"] = to_db(known_at)
            memories += " AND m.recorded_at <= $known AND (m.retired_at IS NULL OR m.retired_at > $known)"
            said = db.execute(episodes + " AND e.recorded_at <= $known", given).fetchnumpy()
        kept: dict[str, Any] = dict(db.execute(memories, given).fetchnumpy())
        kept["evidence"] = [
            tuple(s.episode for s in (*spans_of(text), *spans_of(again)))
            for text, again in zip(plain(kept["evidence"]), plain(kept["said_again"]), strict=True)
        ]
        return join_rows(episodes_from(said, self.width), memories_from(kept, self.width))
