"""What the best rows of a first ranking say about the others: shared rare words, headings they name, days, sittings.

A row that says nothing of what was asked is found by what the answer so far names. A row never speaks for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from eider.retrieve.query import Question
    from eider.retrieve.text_signals import Texts
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


def best_rows_signals(
    segment: Segment, question: Question, rows: NDArray[np.intp], texts: Texts, scores: Floats
) -> Floats:
    """Return what the best of some rows say about each, shape `(len(rows), len(SIGNALS))`.

    Args:
        segment: Whose rows.
        question: What is asked.
        rows: Row numbers.
        texts: Their terms.
        scores: Their scores in the first ranking.
    """
    count = len(rows)
    top = np.argsort(-scores, kind="stable")[:_TOP]
    loud = np.exp((scores[top] - scores[top[0]]) / _SPREAD).astype(np.float32)
    loud /= loud.sum()
    said = np.unique(texts.owner.astype(np.int64) << 32 | texts.flat, return_index=True)[1]
    owner, term = texts.owner[said], texts.flat[said]
    weight = np.where(np.isin(term, question.distinct), np.float32(0), texts.weight[said])
    tops = [term[owner == t] for t in top.tolist()]
    x = np.zeros((count, len(SIGNALS)), np.float32)
    x[:, 0] = _shared_words(segment, texts, (owner, term, weight), top, loud)
    x[:, 1] = _named(texts, (owner, term, weight), said, tops, top, loud)
    same = _same_day(segment.windows[rows], top)
    same[top, np.arange(len(top))] = 0
    x[:, 2] = same @ loud
    block = segment.block[rows]
    sitting = (block[:, None] == block[top]).astype(np.float32)
    sitting[top, np.arange(len(top))] = 0
    x[:, 3] = sitting @ loud
    return x


def _shared_words(
    segment: Segment, texts: Texts, terms: tuple[NDArray[np.intp], NDArray[np.int32], Floats], top: NDArray[np.intp],
    loud: Floats,
) -> Floats:  # fmt: skip
    """Rare words of the best rows that the question lacks, as a share of the row that has most of them."""
    owner, term, weight = terms
    count, total = len(texts.lengths), np.zeros(len(texts.lengths), np.float32)
    np.add.at(total, owner, weight)
    worth = np.zeros(len(segment.postings.df), np.float32)
    own = np.zeros(count, np.float32)
    for t, share in zip(top.tolist(), loud.tolist(), strict=True):
        mine = owner == t
        value = share * weight[mine] ** 2 / max(float(total[t]), 1e-6)
        worth[term[mine]] += value
        own[t] = value.sum()
    found = np.bincount(owner, weights=worth[term], minlength=count).astype(np.float32) - own
    found /= np.sqrt(np.maximum(texts.lengths, _LEAST_TERMS)).astype(np.float32)
    return found / max(float(found.max(initial=0.0)), 1e-6)


def _named(
    texts: Texts, terms: tuple[NDArray[np.intp], NDArray[np.int32], Floats], said: NDArray[np.intp],
    tops: list[NDArray[np.int32]], top: NDArray[np.intp], loud: Floats,
) -> Floats:  # fmt: skip
    """How much of a row's heading stands in one of the best rows, words of the question left out."""
    inside = texts.heading[said]
    owner, term, weight = (each[inside] for each in terms)
    count = len(texts.lengths)
    mass = np.bincount(owner, weights=weight, minlength=count)
    best = np.zeros(count)
    for t, share, words in zip(top.tolist(), (loud / loud.max()).tolist(), tops, strict=True):
        held = np.bincount(owner, weights=weight * np.isin(term, words), minlength=count) / np.maximum(mass, 1e-6)
        held[t] = 0
        np.maximum(best, held * share, out=best)
    return (best * (mass > _LEAST_NAME) * np.minimum(1, mass / _FULL_NAME)).astype(np.float32)


def _same_day(windows: NDArray[np.int32], top: NDArray[np.intp]) -> Floats:
    """Whether a row and each of the best speak of the same day, shape `(rows, best)`."""
    first, last = windows[:, :, 0], windows[:, :, 1]
    of_day = (last > 0) & (last - first <= _WEEK)
    gap = np.maximum(
        first[:, None, :, None] - last[top][None, :, None, :], first[top][None, :, None, :] - last[:, None, :, None]
    )
    near = np.where(gap <= 0, np.float32(1), np.where(gap <= 1, np.float32(_NEXT_DAY), np.float32(0)))
    near = near * (of_day[:, None, :, None] & (last[top] > 0)[None, :, None, :])
    return near.max(axis=(2, 3)).astype(np.float32)
