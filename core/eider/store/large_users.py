"""Users too large for a segment: the index nominates, and a small segment of the nominated stands for all their rows."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.store.protocols import Store
from eider.store.segment.segment import Segment

LIMIT: Final = 400
"""Rows nominated by words, and by meaning: at 100 each the ranker already loses nothing on LoCoMo."""
_REACH: Final = 5
"""Neighbours on each side whose words bear on an utterance."""
_PENDING: Final = 2_000
"""Rows the index may lack; with more the user is better served by loading everything."""
_STALE: Final = 0.05
"""Share of new rows after which word statistics are counted anew. A guess."""


class LargeUsers:
    """Which users are too large to load, and the small segments that stand for them."""

    def __init__(self, store: Store, rows: int | None = None) -> None:
        """Read from an open store.

        Args:
            store: Holds the rows and the search index.
            rows: Rows of one user beyond which the index nominates; by default as many as the store loads.
        """
        self._store, self.rows = store, store.loads if rows is None else rows
        self._sizes: dict[str, int] = {}

    def is_large(self, user: str) -> bool:
        """Return whether a user's rows are better nominated by the index than loaded."""
        if user not in self._sizes:
            self._sizes[user] = self._store.segments.count(user=user)
        return self._sizes[user] > self.rows

    def grew(self, user: str, rows: int) -> None:
        """Note that rows with search material were added."""
        if user in self._sizes:
            self._sizes[user] += rows

    def forget(self, user: str) -> None:
        """Count a user anew when next asked."""
        self._sizes.pop(user, None)

    def segment(
        self, user: str, query: str, vector: NDArray[np.float32] | None
    ) -> tuple[Segment | None, bool]:  # fmt: skip
        """Build a small segment of what may answer, weighed like the whole.

        Returns:
            The segment, or None where the index cannot serve: there is none, it is damaged, or far behind; and
            whether the word statistics should be counted anew.
        """
        store = self._store
        pending = store.candidates.unindexed(user=user, limit=_PENDING + 1)
        if len(pending) > _PENDING:
            return None, False
        found = store.index.nominate(query, vector, user=user, limit=LIMIT)
        if found is None:
            return None, False
        ids = list(dict.fromkeys([*found, *pending]))
        if not ids:
            return None, False
        ids = list(dict.fromkeys([*ids, *store.candidates.neighbours(ids, user=user, reach=_REACH)]))
        ids = list(dict.fromkeys([*ids, *store.candidates.closing(ids, user=user)]))
        population, upto = store.candidates.population(user=user)
        segment = Segment.build(store.segments.rows(user=user, ids=ids))
        if population is not None:
            segment.stand_for(population)
        return segment, population is None or store.events.head[0] - upto > max(1_000, _STALE * population.rows)
