"""Which rows hold a term: a sorted base and a small tail that is folded in as it grows; and how many hold one."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from eider.store.segment.vectors import grown

_TAIL_LEAST: Final = 8192
"""Postings kept outside the base before it is rebuilt: reading them costs about 20 µs per query. A guess."""

Rows = NDArray[np.int32]
Counts = NDArray[np.float32]
_NONE: Final = (np.zeros(0, np.int32), np.zeros(0, np.float32))


class Postings:
    """Terms by dense number, both ways: term to rows and row to terms."""

    __slots__ = (
        "_counts",
        "_flat",
        "_offsets",
        "_pointers",
        "_rows",
        "_tail",
        "_tail_size",
        "_used",
        "df",
        "number",
        "rows",
    )

    def __init__(self) -> None:
        self.number: dict[int, int] = {}
        """Term hash to dense number."""
        self.df = np.zeros(0, np.int32)
        """Live rows that hold each term."""
        self.rows = 0
        self._flat = np.zeros(0, np.int32)
        self._used = 0
        self._offsets = np.zeros(1, np.int64)
        self._pointers = np.zeros(1, np.int64)
        self._rows = np.zeros(0, np.int32)
        self._counts = np.zeros(0, np.uint8)
        self._tail: dict[int, tuple[array[int], array[int]]] = {}
        self._tail_size = 0

    @property
    def nbytes(self) -> int:
        """Bytes held, dictionaries estimated at 100 bytes an entry."""
        arrays = (self.df, self._flat, self._offsets, self._pointers, self._rows, self._counts)
        return sum(a.nbytes for a in arrays) + 100 * len(self.number) + 12 * self._tail_size + 200 * len(self._tail)

    def append(self, terms: NDArray[np.uint64], lengths: NDArray[np.int64]) -> None:
        """Add rows: all their terms one after the other, and how many each has."""
        first, count = self.rows, len(lengths)
        order, starts = _grouped(terms)
        known = self.number
        unique = terms[order[starts]]
        dense = np.fromiter((known.setdefault(t, len(known)) for t in unique.tolist()), np.int32, len(unique))
        numbers = np.empty(len(terms), np.int32)
        numbers[order] = np.repeat(dense, np.diff(np.append(starts, len(terms))))
        self._flat = grown(self._flat, self._used + len(numbers))
        self._flat[self._used : self._used + len(numbers)] = numbers
        self._offsets = grown(self._offsets, first + count + 1)
        self._offsets[first + 1 : first + count + 1] = self._used + np.cumsum(lengths)
        self._used += len(numbers)
        self.rows += count
        self.df = grown(self.df, len(self.number))
        if self._tail_size + len(numbers) > max(_TAIL_LEAST, len(self._rows) // 2):
            held, rows = self._fold()
            self.df[: len(self.number)] += np.bincount(held[rows >= first], minlength=len(self.number)).astype(np.int32)
        else:
            pairs, counts = _pairs(numbers, np.repeat(np.arange(first, first + count), lengths))
            self._extend_tail(pairs, counts)
            np.add.at(self.df, pairs[0], 1)

    def drop(self, rows: NDArray[np.intp]) -> None:
        """Take rows out of the document frequencies; their postings stay until a rebuild."""
        for row in rows.tolist():
            self.df[np.unique(self.of(row))] -= 1

    def of(self, row: int) -> Rows:
        """Term numbers of a row, in order."""
        return self._flat[self._offsets[row] : self._offsets[row + 1]]

    def many(self, rows: NDArray[np.intp]) -> tuple[Rows, NDArray[np.int64]]:
        """Term numbers of several rows one after the other, and how many each has."""
        starts = self._offsets[rows]
        lengths = self._offsets[rows + 1] - starts
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        index = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
        return self._flat[index], lengths

    def lookup(self, number: int) -> tuple[Rows, Counts]:
        """Rows that hold a term and how often, dead rows included."""
        base = _NONE
        if number + 1 < len(self._pointers):
            start, end = self._pointers[number], self._pointers[number + 1]
            base = (self._rows[start:end], self._counts[start:end].astype(np.float32))
        tail = self._tail.get(number)
        if tail is None:
            return base
        rows, counts = np.array(tail[0], np.int32), np.array(tail[1], np.float32)
        return np.concatenate((base[0], rows)), np.concatenate((base[1], counts))

    def _extend_tail(self, pairs: tuple[Rows, Rows], counts: NDArray[np.int64]) -> None:
        for number, row, count in zip(pairs[0].tolist(), pairs[1].tolist(), counts.tolist(), strict=True):
            rows, times = self._tail.setdefault(number, (array("i"), array("B")))
            rows.append(row)
            times.append(min(count, 255))
        self._tail_size += len(counts)

    def _fold(self) -> tuple[Rows, Rows]:
        """Rebuild the base from all rows: O(rows), done each time they have grown by a third."""
        lengths = np.diff(self._offsets[: self.rows + 1])
        pairs, counts = _pairs(self._flat[: self._used], np.repeat(np.arange(self.rows), lengths))
        self._rows = pairs[1]
        self._counts = np.minimum(counts, 255).astype(np.uint8)
        self._pointers = np.concatenate(([0], np.cumsum(np.bincount(pairs[0], minlength=len(self.number)))))
        self._tail.clear()
        self._tail_size = 0
        return pairs


def _pairs(numbers: Rows, rows: NDArray[np.int64]) -> tuple[tuple[Rows, Rows], NDArray[np.int64]]:
    """Distinct (term, row) in order, and how often each occurs."""
    key = (numbers.astype(np.int64) << 32) | rows
    key.sort()
    if not len(key):
        return (key.astype(np.int32), key.astype(np.int32)), key
    first = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    distinct = key[first]
    counts = np.diff(np.concatenate((first, [len(key)])))
    return ((distinct >> 32).astype(np.int32), (distinct & 0xFFFFFFFF).astype(np.int32)), counts


def _grouped(terms: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """An order that brings equal terms together, and where each group starts.

    Sorting the high bits with the position in the low ones is ten times faster than `argsort`; should two terms
    share those high bits, which is checked, the slow way is taken.
    """
    low = np.uint64((1 << max(1, len(terms).bit_length())) - 1)
    key = (terms & ~low) | np.arange(len(terms), dtype=np.uint64)
    key.sort()
    order = (key & low).astype(np.int64)
    arranged = terms[order]
    change = arranged[1:] != arranged[:-1]
    if (change & ((key[1:] & ~low) == (key[:-1] & ~low))).any():
        order = np.argsort(terms)
        arranged = terms[order]
        change = arranged[1:] != arranged[:-1]
    return order, np.flatnonzero(np.concatenate(([True], change))) if len(terms) else np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """How often each term occurs among all rows of a user who has too many to load."""

    rows: int
    terms: NDArray[np.uint64]
    """Sorted."""
    counts: NDArray[np.int32]
    """Rows that hold each term, shape of `terms`."""

    @classmethod
    def of(cls, batches: Iterable[tuple[NDArray[np.uint64], NDArray[np.int64]]]) -> Self:
        """Count batches of rows: all their terms one after the other, and how many each row has.

        >>> both = Population.of([(np.array([7, 7, 9], np.uint64), np.array([2, 1]))])
        >>> both.rows, both.df(np.array([7, 8, 9], np.uint64)).tolist()
        (2, [1, 0, 1])
        """
        rows, terms, counts = 0, np.zeros(0, np.uint64), np.zeros(0, np.int32)
        for flat, lengths in batches:
            order = np.lexsort((flat, owner := np.repeat(np.arange(len(lengths)), lengths)))
            flat, owner = flat[order], owner[order]  # noqa: PLW2901 (the same terms, sorted)
            first = np.ones(len(flat), np.bool_)
            first[1:] = (flat[1:] != flat[:-1]) | (owner[1:] != owner[:-1])
            found, times = np.unique(flat[first], return_counts=True)
            terms, place = np.unique(np.concatenate([terms, found]), return_inverse=True)
            total = np.bincount(place, np.concatenate([counts, times]), minlength=len(terms))
            rows, counts = rows + len(lengths), total.astype(np.int32)
        return cls(rows=rows, terms=terms, counts=counts)

    def df(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Rows that hold each of these terms, shape of `hashes`."""
        if not len(self.terms):
            return np.zeros(len(hashes), np.int32)
        place = np.minimum(np.searchsorted(self.terms, hashes), len(self.terms) - 1)
        return np.where(self.terms[place] == hashes, self.counts[place], 0).astype(np.int32)
