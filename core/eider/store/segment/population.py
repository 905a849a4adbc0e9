"""How often each term occurs among all rows of a user who has too many to load."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Document frequencies over one user's rows."""

    rows: int
    terms: Hashes
    """Sorted."""
    counts: Counts
    """Rows that hold each term, shape of `terms`."""

    @classmethod
    def of(cls, batches: Iterable[tuple[Hashes, NDArray[np.int64]]]) -> Self:
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

    def df(self, hashes: Hashes) -> Counts:
        """Rows that hold each of these terms, shape of `hashes`."""
        if not len(self.terms):
            return np.zeros(len(hashes), np.int32)
        place = np.minimum(np.searchsorted(self.terms, hashes), len(self.terms) - 1)
        return np.where(self.terms[place] == hashes, self.counts[place], 0).astype(np.int32)
