"""The vectors of one segment: exact where it is cheap, a short prefix where it is not."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

WIDE_ROWS: Final = 24_576
"""Above this many rows the full vectors are kept as float16 and only a prefix is scanned: 24k x 256 float32
is what a first scan can read in about a millisecond (measured: 100k take 4 to 10 ms)."""
PREFIX: Final = 64
"""Dimensions scanned in a large segment; the default embedder is trained so that a prefix still means likeness."""

_CHUNK: Final = 2048
"""Rows converted at a time, so that they stay in the processor's cache. Values are kept at float16 precision in
either representation, so that both answer alike."""

_LARGE: Final = 16_384
"""Rows from which arrays grow by less than doubling. A guess."""

Matrix = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


def grown(array: NDArray[Scalar], size: int) -> NDArray[Scalar]:
    """The array if it has room for `size` rows, else a larger copy.

    Small arrays double; large ones grow by an eighth, because what is held counts against the segments' budget.
    """
    if size <= len(array):
        return array
    spare = len(array) if len(array) < _LARGE else len(array) // 8
    bigger = np.zeros((max(size, len(array) + spare, 16), *array.shape[1:]), array.dtype)
    bigger[: len(array)] = array
    return bigger


class Vectors:
    """Rows of unit vectors; a zero row means "no vector" and is like nothing."""

    __slots__ = ("_count", "_full", "_prefix", "_sum", "exact", "present", "width")

    def __init__(self) -> None:
        self.width = 0
        self.exact = True
        """Whether `scan` gives cosines, not estimates."""
        self._count = 0
        self._full: NDArray[Any] = np.zeros((0, 0), np.float32)
        self._prefix: Matrix = np.zeros((0, 0), np.float32)
        self.present = np.zeros(0, np.bool_)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self._full.nbytes + self._prefix.nbytes + self.present.nbytes)

    def append(self, vectors: NDArray[np.float32]) -> None:
        """Add rows, shape `(n, width)`; the first call fixes the width, a width of 0 adds rows without vectors."""
        if not self.width and vectors.shape[1]:
            width = vectors.shape[1]
            self.width = width
            self._full = np.zeros((len(self._full), width), np.float32)
        new = self._count + len(vectors)
        self._full = grown(self._full, new)
        self.present = grown(self.present, new)
        if new > WIDE_ROWS and self.exact:
            self.exact = False
            self._prefix = np.zeros((0, min(PREFIX, self.width)), np.float32)
            self._prefix = grown(self._prefix, len(self._full))
            kept = self._full[: self._count]
            self._full = self._full.astype(np.float16)
            self._prefix[: self._count] = _heads(kept.astype(np.float32))
        if not self.exact:
            self._prefix = grown(self._prefix, len(self._full))
        for start in range(0, len(vectors), _CHUNK):
            part = vectors[start : start + _CHUNK]
            half = (part if part.shape[1] else np.zeros((len(part), self.width))).astype(np.float16)
            fresh = half.astype(np.float32)
            first = self._count + start
            self._put(slice(first, first + len(part)), fresh if self.exact else half, fresh)
        self._count = new

    def replace(self, row: int, vector: NDArray[np.float32]) -> None:
        """Give one row another vector."""
        fresh = vector[None, :].astype(np.float16).astype(np.float32)
        self._put(slice(row, row + 1), fresh, fresh)

    def drop(self, rows: NDArray[np.intp]) -> None:
        """Forget the vectors of rows; the rows stay, empty."""
        self._full[rows] = 0
        self.present[rows] = False
        if not self.exact:
            self._prefix[rows] = 0

    def take(self, rows: NDArray[np.intp]) -> Matrix:
        """Vectors of some rows, shape `(len(rows), width)`."""
        return self._full[rows].astype(np.float32, copy=False)

    def scan(self, query: NDArray[np.float32]) -> Matrix:
        """Likeness of every row to a unit query, shape `(n,)`: exact in a small segment, else by prefix."""
        if not self.width or not self._count:
            return np.zeros(self._count, np.float32)
        if self.exact:
            return self._full[: self._count] @ query
        head = query[:PREFIX]
        norm = float(np.linalg.norm(head))
        return self._prefix[: self._count] @ (head / norm if norm else head)

    def _put(self, where: slice, stored: NDArray[np.floating[Any]], vectors: Matrix) -> None:
        self._full[where] = stored
        self.present[where] = vectors.any(axis=1) if self.width else False
        if not self.exact:
            self._prefix[where] = _heads(vectors)


def _heads(vectors: NDArray[np.float32]) -> Matrix:
    heads = vectors[:, :PREFIX].astype(np.float32)
    norms = np.linalg.norm(heads, axis=1, keepdims=True)
    return (heads / np.where(norms == 0, 1, norms)).astype(np.float32)
