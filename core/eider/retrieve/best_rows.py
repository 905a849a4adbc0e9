"""What the best rows of a first ranking say about the others: shared rare words, headings they name, days, sittings.

A row that says nothing of what was asked is found by what the answer so far names. A row never speaks for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.retrieve.text_signals import Texts

if TYPE_CHECKING:
    from eider.retrieve.query import Question
    from eider.store.segment.segment import Segment

SIGNALS: Final = ("shared_words", "named", "same_day", "same_sitting")
LOOKED_AT: Final = 100
"""Best rows whose score is changed."""
_TOP: Final = 6
"""Rows that speak for others."""
_SPREAD: Final = 1.5
"""Difference of scores at which the better of two speaks e times as loud."""
_LEAST_TERMS: Final = 6
"""Terms below which a row is not taken for shorter."""
_LEAST_NAME: Final = 2.0
"""Weight from which a heading is a name."""
_FULL_NAME: Final = 8.0
"""Weight from which it is a rare one."""
_WEEK: Final = 7
"""Days of a period above which it is no day."""
_NEXT_DAY: Final = 0.4

Floats = NDArray[np.float32]


def best_rows_signals(segment: Segment, question: Question, rows: NDArray[np.intp], scores: Floats) -> Floats:
    """Return what the best of some rows say about each, shape `(len(rows), len(SIGNALS))`.

    Args:
        segment: Whose rows.
        question: What is asked.
        rows: Row numbers.
        scores: Their scores in the first ranking.
    """
    count, texts = len(rows), Texts.of(segment, rows)
    top = np.argsort(-scores, kind="stable")[:_TOP]
    loud = np.exp((scores[top] - scores[top[0]]) / _SPREAD).astype(np.float32)
    loud /= loud.sum()
    asked = np.zeros(len(segment.postings.df), np.bool_)
    asked[question.distinct] = True
    weight = np.where(asked[texts.flat], np.float32(0), texts.weight)
    x = np.zeros((count, len(SIGNALS)), np.float32)
    x[:, 0] = _shared_words(texts, weight, top, loud, len(asked))
    x[:, 1] = _named(texts, weight, top, loud, len(asked))
    same = _same_day(segment.windows[rows], top)
    same[top, np.arange(len(top))] = 0
    x[:, 2] = same @ loud
    block = segment.block[rows]
    sitting = (block[:, None] == block[top]).astype(np.float32)
    sitting[top, np.arange(len(top))] = 0
    x[:, 3] = sitting @ loud
    return x


def _shared_words(texts: Texts, weight: Floats, top: NDArray[np.intp], loud: Floats, vocabulary: int) -> Floats:
    """Rare words of the best rows that the question lacks, as a share of the row that has most of them."""
    ends = np.cumsum(texts.lengths)
    worth, own = np.zeros(vocabulary, np.float32), np.zeros(len(ends), np.float32)
    for t, share in zip(top.tolist(), loud.tolist(), strict=True):
        mine = slice(int(ends[t] - texts.lengths[t]), int(ends[t]))
        value = share * weight[mine] ** 2 / max(float(weight[mine].sum()), 1e-6)
        np.add.at(worth, texts.flat[mine], value)
        own[t] = value.sum()
    found = np.bincount(texts.owner, weights=worth[texts.flat], minlength=len(ends)).astype(np.float32) - own
    found /= np.sqrt(np.maximum(texts.lengths, _LEAST_TERMS)).astype(np.float32)
    return found / max(float(found.max(initial=0.0)), 1e-6)


def _named(texts: Texts, weight: Floats, top: NDArray[np.intp], loud: Floats, vocabulary: int) -> Floats:
    """How much of a row's heading stands in one of the best rows, words of the question left out."""
    inside = np.flatnonzero(texts.heading)
    owner, term, weight = texts.owner[inside], texts.flat[inside], weight[inside]
    ends, count = np.cumsum(texts.lengths), len(texts.lengths)
    mass = np.bincount(owner, weights=weight, minlength=count)
    held_by = np.zeros(vocabulary, np.uint8)
    for bit, t in enumerate(top.tolist()):
        held_by[texts.flat[int(ends[t] - texts.lengths[t]) : int(ends[t])]] |= 1 << bit
    bits, best = held_by[term], np.zeros(count)
    for bit, (t, share) in enumerate(zip(top.tolist(), (loud / loud.max()).tolist(), strict=True)):
        held = np.bincount(owner, weights=weight * (bits >> bit & 1), minlength=count) / np.maximum(mass, 1e-6)
        held[t] = 0
        np.maximum(best, held * share, out=best)
    return (best * (mass > _LEAST_NAME) * np.minimum(1, mass / _FULL_NAME)).astype(np.float32)


def _same_day(windows: NDArray[np.int32], top: NDArray[np.intp]) -> Floats:
    """Whether a row and each of the best speak of the same day, shape `(rows, best)`."""
    near = np.zeros((len(windows), len(top)), np.float32)
    given = windows[:, :, 1] > 0
    row, which = np.nonzero(given & (windows[:, :, 1] - windows[:, :, 0] <= _WEEK))
    best, spoken = np.nonzero(given[top])
    if not len(row) or not len(best):
        return near
    (first, last), (since, until) = windows[row, which].T, windows[top][best, spoken].T
    gap = np.maximum(first[:, None] - until, since - last[:, None])
    alike = np.where(gap <= 0, np.float32(1), np.where(gap <= 1, np.float32(_NEXT_DAY), np.float32(0)))
    np.maximum.at(near, (row[:, None], best), alike)
    return near
