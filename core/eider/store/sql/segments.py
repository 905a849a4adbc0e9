"""A user's rows as the ranker's arrays, apart from how a database hands columns over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

from eider.model.changes import Indexing
from eider.model.values import Episode, Memory
from eider.store import arrays
from eider.store.segment.segment import SegmentRows
from eider.store.sql.chain import Chain
from eider.store.sql.session import EVERYONE


class SqlSegments(ABC):
    """`Segments`, but for `rows`."""

    def __init__(self, chain: Chain, *, embedder: str, width: int) -> None:
        """Read behind the end of `chain`: vectors of the embedder with this fingerprint, which have `width` floats."""
        self._chain, self._database, self.embedder, self.width = chain, chain.database, embedder, width

    @abstractmethod
    def rows(self, *, user: str, ids: Sequence[str] | None = None, known_at: datetime | None = None) -> SegmentRows:
        """Return all rows of a user, or those of some ids; as they are, or as they were known at an instant."""

    def rows_of(
        self, episodes: Sequence[Episode], memories: Sequence[Memory], made: Mapping[str, Indexing], *, user: str
    ) -> SegmentRows:
        """Return the same for what was just committed; read back only where a memory's material is not at hand."""
        if all(m.id in made and m.rev == self._chain.head[0] for m in memories):
            said = arrays.of_episodes(episodes, made, self.width)
            return arrays.join_rows(said, arrays.of_memories(memories, made, self.width)) if memories else said
        return self.rows(user=user, ids=[e.id for e in episodes] + [m.id for m in memories])

    def count(self, *, user: str | None = None) -> int:
        """Count rows with search material: of one user, or of all."""
        with self._database.reading(user if user is not None else EVERYONE) as db:
            if user is None:
                return int(db.execute("SELECT count(*) FROM embeddings").fetchall()[0][0])
            return int(db.execute("SELECT count(*) FROM embeddings WHERE user_id = ?", [user]).fetchall()[0][0])
