"""THE ranker: one linear score over absolute signals, for episodes and memories alike.

Two passes at every size. The first scores all visible rows with a few array operations and nominates a few
hundred; the second computes every signal of those. A nominator outside (the search index of a large store)
may take the place of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.retrieve import succession
from eider.retrieve.features import GROUPS, NAMES, Scan, inside, matrix, nearness
from eider.retrieve.text_signals import LOOKED_AT, SIGNALS, best_rows_signals
from eider.retrieve.weights import WEIGHTS, Weights
from eider.store.segment.ranked_rows import K1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.retrieve.query import Question
    from eider.store.segment.segment import Segment

EVERY_ROW: Final = 256
"""Up to here every visible row is a candidate."""
NOMINEES: Final = 120
"""Best rows of the combined first score; those of single signals are half as many. 200 find no more in any genre."""
MOST_NOMINEES: Final = 200
"""The same where that many results are asked for."""
_PHRASE: Final = 3
"""Words in a row that make a quotation: whoever quotes wants that text."""

_COLUMN: Final = {name: i for i, name in enumerate(NAMES)}
_SHARES: Final = (*dict.fromkeys(GROUPS.values()), "related", "ended")
"""Names of the parts of a score; the last two are what the best rows say about it, and what a line loses that no longer holds."""
_GROUPED: Final = np.array([[GROUPS[name] == share for share in _SHARES] for name in NAMES], np.float32)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One row of the answer."""

    row: int
    score: float
    shares: dict[str, float]
    """What each kind of evidence contributed; sums to `score`."""
    coverage: float
    """Share of the question's weight that the row's own words cover, in [0, 1]."""
    cosine: float
    """Likeness to the question, in [-1, 1]; 0 without vectors."""
    best_share: float
    """BM25 as a share of what a row holding every word of the question would get, about [0, 1]."""
    exact: bool
    """The question is this row's own text, or quotes at least three of its words in a row."""
    margin: float
    """Score above the next row; the score itself for the last."""
    absorbed: tuple[int, ...] = ()
    """Rows of the episodes that this memory rests on and stands for here."""
    until: int | None = None
    """When what it says ended, microseconds since 1970, UTC; None while it holds."""
    below: bool = False
    """Whether it stands lower for it; not where the past is asked about in which it held."""


def rank(
    segment: Segment,
    question: Question,
    visible: NDArray[np.bool_],
    *,
    limit: int,
    weights: Weights = WEIGHTS,
    nominated: Sequence[int] | None = None,
    ended: NDArray[np.bool_] | None = None,
    asked: NDArray[np.bool_] | None = None,
    repeats: bool = False,
) -> list[Ranked]:
    """Return the rows that answer a question best, best first.

    Args:
        segment: Whose rows.
        question: Read against this segment as it is now.
        visible: Shape `(segment.rows,)`; rows that may be seen. The others neither show nor lend evidence.
        limit: Most rows to return.
        weights: What each signal counts.
        nominated: Rows to consider instead of looking through all.
        ended: Mask of rows that no longer hold: they stand below what replaced them.
        asked: Mask of rows that held in the past that is asked about: these do not.
        repeats: Whether rows in the words of a better one come on top of `limit`.
    """
    # Some BLAS builds raise the "invalid" flag for lanes they compute and throw away.
    with np.errstate(invalid="ignore"):
        scan = scan_rows(segment, question, visible & segment.alive)
        rows = (
            nominate(segment, question, scan, limit) if nominated is None else _rows_nominated(segment, scan, nominated)
        )
        if not len(rows) or limit <= 0:
            return []
        if ended is not None:
            rows = succession.with_successors(segment, scan.visible, rows, ended)
        x = matrix(segment, question, scan, rows)
        shares = ((x * vector(weights)) @ _GROUPED).astype(np.float32)
        _relate(segment, question, rows, shares, weights)
        if question.days_first:
            _lift(shares, _of_days(segment, question, rows), "date")
        exact = _quotation_levels(segment, question, rows, x)
        _lift(shares, exact, "words")
        gone = succession.Ended()
        if ended is not None:
            evidence = (_COLUMN["coverage"], _COLUMN["cosine"])
            gone = succession.demote(segment, rows, ended, asked, shares, x, evidence, _SHARES.index("ended"))
        return _answer(segment, question, rows, x, shares, exact > 0, scan, limit, gone, repeats)


def vector(weights: Weights) -> Floats:
    """The weights in the order of `NAMES`."""
    return np.array([weights.by_name.get(name, 0.0) for name in NAMES], np.float32)


def scan_rows(segment: Segment, question: Question, visible: NDArray[np.bool_]) -> Scan:
    """BM25 and likeness of every visible row."""
    hits = [segment.postings.lookup(t) for t in question.distinct.tolist()]
    words = np.zeros(segment.rows, np.float32)
    for (rows, counts), idf in zip(hits, question.idf.tolist(), strict=True):
        words[rows] += np.float32(idf * (K1 + 1)) * counts / (counts + segment.bm25_norm[rows])
    words *= visible
    if question.vector is None or not segment.vectors.width:
        return Scan(hits, visible, words, np.zeros(segment.rows, np.float32), exact=True)
    likeness = segment.vectors.scan(question.vector)
    return Scan(hits, visible, words, likeness * visible, exact=segment.vectors.exact)


def nominate(segment: Segment, question: Question, scan: Scan, limit: int = 0) -> NDArray[np.intp]:
    """Rows worth a second look, in ascending order; more of them where more results are asked for."""
    count = max(NOMINEES, min(limit, MOST_NOMINEES))
    if int(scan.visible.sum()) <= EVERY_ROW:
        return np.flatnonzero(scan.visible)
    before, after = segment.before, segment.after
    total = np.zeros(segment.rows, np.float32)
    for values, weight in ((scan.words, 1.0), (scan.likeness, 0.5)):
        padded = np.append(values, np.float32(0))
        smooth = padded[before]
        smooth += padded[after]
        smooth *= np.float32(0.5)
        smooth += values * segment.own_weight
        smooth *= np.float32(weight / (float(smooth.max(initial=0.0)) or 1.0))
        total += smooth
    if question.window is not None:
        total += np.float32(0.3) * nearness(segment.at, question)
    if question.subject >= 0:
        total += np.float32(0.4) * (segment.speaker == question.subject)
    elif question.role >= 0:
        total += np.float32(0.4) * (segment.role == question.role)
    total[~scan.visible] = -1
    chosen = [_top(total, count), _top(scan.words, count // 2), _top(scan.likeness, count // 2)]
    chosen.append(np.flatnonzero(segment.fingerprint == np.uint64(question.fingerprint))[:count])
    rows = np.unique(np.concatenate(chosen))
    return _with_memories(segment, scan, rows[scan.visible[rows]])


def _rows_nominated(segment: Segment, scan: Scan, nominated: Sequence[int]) -> NDArray[np.intp]:
    rows = np.unique(np.array(nominated, np.intp))
    near = [rows] + [getattr(segment, name)[rows] for name in ("before", "after")]
    rows = np.unique(np.concatenate(near))
    rows = rows[rows >= 0]
    return _with_memories(segment, scan, rows[scan.visible[rows]])


def _with_memories(segment: Segment, scan: Scan, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """These rows and the memories that rest on them."""
    if not segment.cited:
        return rows
    more = [m for r in rows.tolist() for m in segment.cited.get(segment.ids[r], ()) if scan.visible[m]]
    return np.unique(np.concatenate((rows, np.array(more, np.intp)))) if more else rows


def _top(values: Floats, count: int) -> NDArray[np.intp]:
    """Rows of the largest positive values, about `count` of them."""
    rows = np.arange(len(values))
    if len(values) > 16 * count:
        sample = np.partition(values[::16], -max(1, count // 4))[-max(1, count // 4)]
        rows = np.flatnonzero(values >= sample) if sample > 0 else np.flatnonzero(values > 0)
        if len(rows) < count:
            rows = np.flatnonzero(values > 0)
    rows = rows[values[rows] > 0]
    if len(rows) <= count:
        return rows
    return rows[np.argpartition(values[rows], -count)[-count:]]


def _quotation_levels(segment: Segment, question: Question, rows: NDArray[np.intp], x: Floats) -> NDArray[np.int8]:
    """2 where the question is the row's own text, 1 where the row holds all its words in a row, else 0."""
    whole = segment.fingerprint[rows] == np.uint64(question.fingerprint)
    phrase = (x[:, _COLUMN["phrase"]] > 0) & (len(question.distinct) >= _PHRASE)
    return np.where(whole, 2, phrase).astype(np.int8)


def _relate(segment: Segment, question: Question, rows: NDArray[np.intp], shares: Floats, weights: Weights) -> None:
    """Add to the scores of the best rows what the very best say about them."""
    scores = shares.sum(axis=1)
    best = np.sort(_top(scores - scores.min() + 1, LOOKED_AT))
    related = best_rows_signals(segment, question, rows[best], scores[best])
    worth = np.array([weights.by_name.get(name, 0.0) for name in SIGNALS], np.float32)
    shares[best, _SHARES.index("related")] = related @ worth


def _of_days(segment: Segment, question: Question, rows: NDArray[np.intp]) -> NDArray[np.int8]:
    """1 for what was said on the days asked about, or speaks of them alone."""
    said = inside(segment.at[rows], question)
    windows = segment.windows[rows]
    if question.window is None:
        return said.astype(np.int8)
    first, end = question.window.start.toordinal(), question.window.end.toordinal()
    told = (windows[:, :, 1] > 0) & (windows[:, :, 0] >= first) & (windows[:, :, 1] < end)
    return (said | told.any(axis=1)).astype(np.int8)


def _lift(shares: Floats, level: NDArray[np.int8], share: str) -> None:
    """Let no row outrank one of a higher level: neighbours may support a quotation, not outweigh it."""
    for least in range(1, int(level.max(initial=0)) + 1):
        above = level >= least
        if not above.any() or above.all():
            continue
        scores = shares.sum(axis=1)
        lack = float(scores[~above].max()) + 1 - float(scores[above].min())
        if lack > 0:
            shares[above, _SHARES.index(share)] += lack


def _answer(
    segment: Segment, question: Question, rows: NDArray[np.intp], x: Floats, shares: Floats,
    exact: NDArray[np.bool_], scan: Scan, limit: int, gone: succession.Ended, repeats: bool,
) -> list[Ranked]:  # fmt: skip
    scores = shares.sum(axis=1)
    order = _best_first(segment, rows, scores)
    stands, absorbed = _merge_evidence(segment, rows, order, exact)
    ceiling = max(question.mass, 1e-6)
    chosen = [i for i in order if i not in absorbed]
    if repeats:
        _, first = np.unique(segment.fingerprint[rows[chosen]], return_index=True)
        limit = len(chosen) if len(first) <= limit else int(np.sort(first)[limit])
    chosen = chosen[: limit + 1]
    out: list[Ranked] = []
    for place, i in enumerate(chosen[:limit]):
        source = stands.get(i, i)
        score = float(scores[source])
        following = float(scores[stands.get(chosen[place + 1], chosen[place + 1])]) if place + 1 < len(chosen) else 0.0
        out.append(
            Ranked(
                row=int(rows[i]), score=score,
                shares={n: round(v, 4) for n, v in zip(_SHARES, shares[source].tolist(), strict=True) if v},
                coverage=float(x[source, _COLUMN["coverage"]]), cosine=float(x[source, _COLUMN["cosine"]]),
                best_share=float(scan.words[rows[source]]) / ceiling, exact=bool(exact[source]),
                margin=score - following, absorbed=tuple(int(rows[a]) for a, m in absorbed.items() if m == i),
                until=gone.until.get(i), below=i in gone.below,
            )
        )  # fmt: skip
    return out


def _best_first(segment: Segment, rows: NDArray[np.intp], scores: Floats) -> list[int]:
    """Candidates, best first; of equal ones the newer, then by id, so that insertion order never shows."""
    newest = segment.at[rows]
    order = np.lexsort((-newest, -scores))
    best, at = scores[order], newest[order]
    if not ((best[1:] == best[:-1]) & (at[1:] == at[:-1])).any():
        return order.tolist()
    return sorted(order.tolist(), key=lambda i: (-scores[i], -newest[i], segment.ids[rows[i]]))


def _merge_evidence(
    segment: Segment, rows: NDArray[np.intp], order: list[int], exact: NDArray[np.bool_]
) -> tuple[dict[int, int], dict[int, int]]:
    """A memory and its evidence as one: which candidate gives a memory its score, which candidates it replaces."""
    stands: dict[int, int] = {}
    absorbed: dict[int, int] = {}
    if not segment.evidence:
        return stands, absorbed
    place = {segment.ids[r]: i for i, r in enumerate(rows.tolist())}
    standing = {i: k for k, i in enumerate(order)}
    memories = [i for i in order if int(rows[i]) in segment.evidence]
    for i in memories:
        for episode in segment.evidence[int(rows[i])]:
            j = place.get(episode)
            if j is None or j in absorbed or exact[j]:
                continue
            absorbed[j] = i
            if standing[j] < standing[stands.get(i, i)]:
                stands[i] = j
    order.sort(key=lambda i: standing[stands.get(i, i)])
    return stands, absorbed
