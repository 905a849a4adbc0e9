"""A search index in plain Python: for tests, and to read what an index has to do."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.model.errors import InputError
from eider.store.protocols import IndexRow

_WORD: Final = re.compile(r"[^\W_]+")
_IDEOGRAPHS: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class PlainIndex:
    """`Index` over a dictionary: counts shared words, compares every vector."""

    def __init__(self, width: int) -> None:
        """Start empty.

        Args:
            width: Length of the vectors.
        """
        self.width = width
        self._lock = threading.Lock()
        self._rows: dict[str, IndexRow] = {}

    def apply(self, upserts: Sequence[IndexRow], deletes: Sequence[str]) -> None:
        """Bring these ids to these revisions; of an id given twice the newest counts, put goes before delete."""
        for row in upserts:
            if len(row.vector) not in (0, 4 * self.width):
                raise InputError(f"the vector of {row.id!r} has {len(row.vector) / 4:g} floats, not {self.width}.")
        newest: dict[str, IndexRow] = {}
        for row in upserts:
            if row.id not in newest or row.rev >= newest[row.id].rev:
                newest[row.id] = row
        with self._lock:
            for gone in deletes:
                self._rows.pop(gone, None)
            self._rows.update(newest)

    def nominate(self, text: str, vector: NDArray[np.float32] | None, *, user: str, limit: int = 400) -> list[str]:
        """Ids of this user by shared words and by inner product, in turn, best first."""
        if vector is not None and vector.shape != (self.width,):
            raise InputError(f"the query vector has shape {vector.shape}, not ({self.width},).")
        with self._lock:
            mine = [row for row in self._rows.values() if row.user == user]
        wanted = _words(text)
        shared = {row.id: len(wanted & _words(row.text)) for row in mine}
        words = [i for i, count in Counter(shared).most_common() if count]
        near: list[str] = []
        if vector is not None and vector.any():
            known = [row for row in mine if row.vector and any(row.vector)]
            like = {row.id: float(np.frombuffer(row.vector, np.float32) @ vector) for row in known}
            near = sorted(like, key=lambda i: -like[i])
        pairs = zip_longest(words[: max(limit, 0)], near[: max(limit, 0)])
        return list(dict.fromkeys(i for pair in pairs for i in pair if i is not None))

    def inventory(self) -> dict[str, int]:
        """Id → revision of everything it holds."""
        with self._lock:
            return {row.id: row.rev for row in self._rows.values()}

    def compact(self) -> None:
        """Nothing is left behind, so there is nothing to do."""

    def reset(self) -> None:
        """Start empty."""
        with self._lock:
            self._rows.clear()

    def close(self) -> None:
        """Nothing to let go of."""


def _words(text: str) -> set[str]:
    low = text.lower()
    return set(_WORD.findall(low)) | set(_IDEOGRAPHS.findall(low))
