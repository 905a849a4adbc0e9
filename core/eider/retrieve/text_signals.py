"""What the words of rows say to a question: each row's own, and those that the best rows of a first ranking share with it.

A row's own words: which terms it has, how close together, in which passage, in its heading; a text of many pages is
judged by its best passage. The best rows: shared rare words, headings they name, days, sittings; so a row that says
nothing of what was asked is found by what the answer so far names. A row never speaks for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from eider.retrieve.query import Question
    from eider.store.segment.segment import Segment

LONG: Final = 55
"""Terms above which a row is judged by passages."""
PASSAGE: Final = 40
"""Terms of a passage, some eighty words."""
STEP: Final = 30
"""Terms from the beginning of one passage to the next."""
_PASSAGES: Final = 64
"""Passages of one row that are told apart; what follows counts for the last."""
_BEGINNING: Final = 20
"""Terms that say what a text is about."""
_HEADING: Final = 8
"""Terms that stand for the heading of a text without one."""
_LEAST_HEADING: Final = 3.0
"""Weight below which a heading is too little to be asked for."""
_MATCHED: Final = 6
"""Terms of the question in one passage from which more say nothing new."""
_NEAR: Final = 3
"""Places between two words that stand near each other."""
_SHORT: Final = 20
"""Terms of a row that is half short."""

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
Rows = NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Texts:
    """The terms of some rows one after the other, with the weight of each."""

    flat: NDArray[np.int32]
    lengths: NDArray[np.int64]
    owner: Rows
    """Which of the rows each term is of."""
    place: Rows
    """Where in its row each term stands."""
    weight: Floats
    """Inverse document frequency of each term."""
    heading: NDArray[np.bool_]
    """Whether each term stands in the heading of its row."""

    @classmethod
    def of(cls, segment: Segment, rows: Rows) -> Texts:
        """Read the terms of some rows."""
        flat, lengths = segment.postings.many(rows)
        owner = np.repeat(np.arange(len(rows)), lengths)
        place = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        df = segment.postings.df[flat].astype(np.float32)
        given = segment.heading[rows].astype(np.int64)
        heading = place < np.where(given > 0, given, _HEADING)[owner]
        return cls(flat, lengths, owner, place, np.log1p((segment.total - df + 0.5) / (df + 0.5)), heading)

    def sums(self, values: Floats) -> Floats:
        """Sum of a value of each term over each row, shape `(rows,)`."""
        return np.bincount(self.owner, weights=values, minlength=len(self.lengths)).astype(np.float32)


def text_signals(segment: Segment, question: Question, rows: Rows) -> dict[str, NDArray[Any]]:
    """Return signals of rows by name, each of shape `(rows,)`.

    Args:
        segment: Whose rows.
        question: What is asked.
        rows: Row numbers.
    """
    texts = Texts.of(segment, rows)
    count, width, idf = len(texts.lengths), max(1, len(question.distinct)), question.idf
    mass = max(question.mass, 1e-6)
    number = np.full(len(segment.postings.df), -1, np.int16)
    number[question.distinct] = np.arange(len(question.distinct))
    column = number[texts.flat]
    at = np.flatnonzero(column >= 0)
    term, row, place = column[at].astype(np.intp), texts.owner[at], texts.place[at]
    has = np.zeros((count, width), np.bool_)
    has[row, term] = True
    begins = np.zeros((count, width), np.bool_)
    early = place < _BEGINNING
    begins[row[early], term[early]] = True
    weights = idf if len(idf) else np.zeros(1, np.float32)
    asked = np.zeros(len(texts.flat), np.float32)
    asked[at] = texts.weight[at]
    out: dict[str, NDArray[Any]] = {
        "coverage": has @ weights / mass,
        "beginning": begins @ weights / mass,
        "passage": np.minimum(_in_one_passage(texts.lengths, row, place, term, width), _MATCHED) / np.float32(_MATCHED),
        "heading": texts.sums(asked * texts.heading)
        / np.maximum(texts.sums(texts.weight * texts.heading), _LEAST_HEADING),
        "information": np.log1p(texts.sums(texts.weight)) / 5,
        "length": (np.log1p(texts.lengths) / 4).astype(np.float32),
        "length_ratio": np.log((texts.lengths + 3) / (segment.mean_length + 3)) / 2,
        "short": (1 / (1 + texts.lengths / _SHORT)).astype(np.float32),
    }
    for name, mask in (("names_asked", question.names), ("digits_asked", question.digits)):
        if mask is not None and mask.any():
            out[name] = has[:, mask] @ idf[mask] / max(float(idf[mask].sum()), 1e-6)
    return out | _together(question, number, row, place, term, count, mass)


def _in_one_passage(lengths: NDArray[np.int64], row: Rows, place: Rows, term: Rows, width: int) -> NDArray[np.int64]:
    """Most distinct terms of the question that stand in one passage of each row."""
    long = lengths > LONG
    number = np.where(long, np.minimum(-(-(lengths - (PASSAGE - STEP)) // STEP), _PASSAGES), 1)
    first = np.cumsum(number) - number
    here = np.minimum(np.where(long[row], place // STEP, 0), number[row] - 1)
    found = np.zeros((int(number.sum()), width), np.bool_)
    found[first[row] + here, term] = True
    before = long[row] & (place % STEP < PASSAGE - STEP) & (here > 0) & (place // STEP == here)
    found[first[row[before]] + here[before] - 1, term[before]] = True
    return np.maximum.reduceat(found.sum(axis=1), first) if len(first) else np.zeros(0, np.int64)


def _together(
    question: Question, number: NDArray[np.int16], row: Rows, place: Rows, term: Rows, count: int, mass: float
) -> dict[str, NDArray[Any]]:
    """Words that are neighbours in the question: side by side in a row, near each other, or all of them as a quotation."""
    known = question.terms >= 0
    asked = np.where(known, number[np.where(known, question.terms, 0)], -1)
    pairs = list(dict.fromkeys(zip(asked[:-1].tolist(), asked[1:].tolist(), strict=True)))
    pairs = [(a, b) for a, b in pairs if a >= 0 and b >= 0]
    none = np.zeros(count, np.float32)
    if not pairs or len(row) < 2:  # noqa: PLR2004 (a pair)
        return {"pair": none, "near_pair": none, "phrase": none}
    forward = np.full((len(question.distinct), len(question.distinct)), -1, np.int16)
    for i, (a, b) in enumerate(pairs):
        forward[a, b] = i
    steps = range(1, min(_NEAR, len(row) - 1) + 1)
    left, right, where, gap = (
        np.concatenate(parts)
        for parts in (
            [term[:-step] for step in steps], [term[step:] for step in steps], [row[step:] for step in steps],
            [np.where(row[step:] == row[:-step], place[step:] - place[:-step], _NEAR + 1) for step in steps],
        )
    )  # fmt: skip
    kept = np.flatnonzero(gap <= _NEAR)
    left, right, where, gap = left[kept], right[kept], where[kept], gap[kept]
    ordered, near, beside = (np.zeros((count, len(pairs)), np.bool_) for _ in range(3))
    for turned, kind in ((False, forward[left, right]), (True, forward[right, left])):
        hit = np.flatnonzero(kind >= 0)
        near[where[hit], kind[hit]] = True
        hit = hit[gap[hit] == 1]
        beside[where[hit], kind[hit]] = True
        if not turned:
            ordered[where[hit], kind[hit]] = True
    differ = np.array([a != b for a, b in pairs])
    weight = np.array([question.idf[a] + question.idf[b] for a, b in pairs], np.float32)
    weight *= differ / np.float32(2 * mass)
    phrase = np.logical_and.reduce(ordered, axis=1) if (question.terms >= 0).all() else none
    return {"pair": (beside * weight).sum(axis=1), "near_pair": (near * weight).sum(axis=1), "phrase": phrase}


# ---------------------------------------------------------------------- what the best rows say about the others


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
