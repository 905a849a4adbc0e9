"""The search index of an open store: LanceDB behind an outbox, or none in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.model.errors import IndexDamagedError, StoreFullError
from eider.store.duck.indexer import Indexer
from eider.store.duck.lance import LanceIndex
from eider.store.duck.outbox import Outbox

_SMALL: Final = 10_000
"""Rows up to which rewriting the index takes at most 0.2 s (measured), and no index is made in the background."""


class LanceSearch:
    """`SearchIndex` and `IndexUpkeep` over a LanceDB table in the store's directory."""

    def __init__(
        self, folder: Path, index: LanceIndex, outbox: Outbox, rows: Callable[[], int], *, follow: bool
    ) -> None:
        """Follow what is committed.

        Args:
            folder: Directory of the index; absent before its first use.
            index: What is kept in line; nobody else writes it.
            outbox: What was committed and not yet indexed.
            rows: Counts the rows that the index should have.
            follow: Keep it up to date in the background.
        """
        self._folder, self.index, self.outbox, self._rows = folder, index, outbox, rows
        self._indexer = Indexer(outbox, index, needed=self._needed) if follow else None
        if self._indexer is not None:
            self._indexer.start(
                min(1, outbox.pending())
            )  # what was left waits for a pause: a short command shall not pay

    def nominate(
        self, text: str, vector: NDArray[np.float32] | None, *, user: str, limit: int = 400
    ) -> list[str] | None:  # fmt: skip
        """Return ids of this user that might answer, by words and by meaning; None where the index is damaged."""
        try:
            return self.index.nominate(text, vector, user=user, limit=limit)
        except IndexDamagedError:
            return None

    def notify(self, rows: int) -> None:
        """Say that so many rows were committed."""
        if self._indexer is not None:
            self._indexer.notify(rows)

    def _needed(self) -> bool:
        """Whether the store is large enough for users whose rows the index nominates."""
        return self._rows() > _SMALL

    def pending(self, user: str | None = None) -> int:
        """Count rows that wait to be indexed: of one user, or all. A small store is not indexed, for nobody looks there."""
        return self.outbox.pending(user)

    @property
    def trouble(self) -> str | None:
        """What went wrong last behind the commits; None while it works."""
        return None if self._indexer is None else self._indexer.trouble

    # ------------------------------------------------------------------ upkeep

    def drain(self) -> int:
        """Index all that waits; returns how many ids that were."""
        return self.outbox.drain()

    def compare(self) -> tuple[int, int, int]:
        """Count rows that are missing or old in the index, rows it has too many, and rows in all."""
        missing, surplus = self.outbox.compare()
        return len(missing), len(surplus), len(self.index.inventory())

    def heal(self) -> None:
        """Index what waits, repair the differences; rebuild what cannot be read."""
        self.outbox.heal()

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Build the index anew from the rows; returns how many."""
        return self.outbox.rebuild(progress)

    def scrub(self) -> bool:
        """Rewrite a small index; drop a large one, or one not yet loaded, and say that it has to be built anew.

        LanceDB keeps erased text in its files until every row is rewritten: 7 s for 100,000 rows, where dropping
        the directory takes milliseconds and loses nothing that the truth does not hold.
        """
        if not self.exists():
            return False
        if "lancedb" in sys.modules and self._rows() <= _SMALL:
            try:
                self.outbox.drain()
                self.index.compact()
            except (IndexDamagedError, StoreFullError):
                pass  # what cannot be rewritten is dropped: it holds nothing that the truth does not
            else:
                return False
        with suppress(StoreFullError):  # the old files are gone by then
            self.index.reset()
        return True

    def exists(self) -> bool:
        """Return whether anything was indexed yet."""
        return self._folder.exists()

    def prepare(self, embedder: str) -> None:
        """Nothing to do: the index holds the vectors in use."""

    def drop_vectors(self, embedder: str) -> None:
        """Nothing to do: the index holds the vectors in use."""

    def vectors_are(self, embedder: str, width: int) -> None:
        """Drop what is indexed: from now on vectors have this length. It has to be built anew."""
        del embedder
        self.index.width = width
        if self.exists():
            self.index.reset()

    def close(self) -> None:
        """Stop following and release the files."""
        if self._indexer is not None:
            self._indexer.stop(60.0)  # the lock goes last: nobody may write the index after it
        self.index.close()


class NoSearch:
    """`SearchIndex` and `IndexUpkeep` of a store in memory: every user is loaded, so nothing is nominated."""

    trouble: str | None = None

    def nominate(
        self, text: str, vector: NDArray[np.float32] | None, *, user: str, limit: int = 400
    ) -> list[str] | None:  # fmt: skip
        """Return None: there is no index."""
        del text, vector, user, limit

    def notify(self, rows: int) -> None:
        """Nothing follows."""

    def pending(self, user: str | None = None) -> int:
        """Return 0: nothing waits."""
        del user
        return 0

    def drain(self) -> int:
        """Return 0: nothing waits."""
        return 0

    def compare(self) -> tuple[int, int, int]:
        """Return zeros: there is no index that could differ."""
        return 0, 0, 0

    def heal(self) -> None:
        """Nothing can be out of line."""

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Return 0: there is nothing to build."""
        del progress
        return 0

    def scrub(self) -> bool:
        """Return False: nothing was kept."""
        return False

    def exists(self) -> bool:
        """Return False."""
        return False

    def prepare(self, embedder: str) -> None:
        """Nothing to make ready."""

    def drop_vectors(self, embedder: str) -> None:
        """Nothing to drop."""

    def vectors_are(self, embedder: str, width: int) -> None:
        """Nothing has a length."""
        del embedder, width

    def close(self) -> None:
        """Nothing is open."""
