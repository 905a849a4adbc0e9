"""What the ranker looks at in each candidate, one column per signal: a first look at all rows, and the candidates among their neighbours.

Evidence is absolute: a share of the question's weight, a cosine, a day's distance. Only the columns ending
in `_best` are relative, to the best candidate. A row without neighbours is its own window and its own
sitting: missing context is neutral, never zero. What neighbours say counts for short rows, not for long
ones. Columns that describe the shape of a text, whatever is asked, are centred among the candidates of each
kind (episode, memory), so that neither kind wins by form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.language.analysis import TRAITS
from eider.model.forgetting_curve import retrievability
from eider.model.values import KINDS
from eider.retrieve.text_signals import text_signals
from eider.store.segment.ranked_rows import ALONE, K1, B

if TYPE_CHECKING:
    from eider.retrieve.query import Question
    from eider.store.segment.segment import Segment

GROUPS: Final[dict[str, str]] = {
    "coverage": "words", "phrase": "words", "coverage_alone": "words", "pair": "words", "near_pair": "words",
    "passage": "words", "beginning": "words", "heading": "words", "names_asked": "words", "digits_asked": "words",
    "window_best": "context", "coverage_before": "context", "coverage_window": "context", "coverage_window_short": "context",
    "answers_short": "context", "reply": "context",
    "cosine": "meaning", "cosine_best": "meaning", "cosine_window": "meaning", "cosine_sitting": "meaning",
    "cosine_sitting_short": "meaning", "cosine_alone": "meaning",
    "subject": "subject", "first_person": "subject",
    "date": "date", "date_inside": "date", "date_said": "date", "when_dated": "date", "when_time": "date",
    "information": "shape", "length": "shape", "length_ratio": "shape", "short": "shape", "question": "shape",
    "greeting": "shape", "names": "shape", "opening": "shape", "number": "shape", "who_names": "shape", "place": "shape",
    "memory": "kind", "guidance": "kind", "guidance_request": "kind", "background": "kind", "wish_cosine": "kind",
    "recency": "recency", "strength": "recency", "importance": "importance", "scope": "scope", "pinned": "pin",
}  # fmt: skip
"""Every signal, and the name under which its share is shown to people."""
NAMES: Final = tuple(GROUPS)
_AT: Final = {name: i for i, name in enumerate(NAMES)}
_TRAIT: Final = {name: i for i, name in enumerate(TRAITS)}
_SHAPE: Final = [_AT[n] for n in ("information", "length", "question", "greeting", "names", "opening")]
_PREFERENCE: Final = KINDS.index("preference")
_RULE: Final = KINDS.index("rule")
_CONTEXT: Final = KINDS.index("context")
_DAY: Final = 86_400_000_000
REACH: Final = 5
"""Rows looked at on either side."""
_FAINT: Final = 0.1
"""A smoothed cosine below which even the best candidate is not alike: it must not be blown up to 1."""
_BEST: Final = 3
"""Rows of a sitting whose likeness counts for it."""
_VAGUE: Final = 40
"""Days from which a period named in a text says little about when."""
_FAR: Final = 21
"""Days from which a row has nothing to do with the period asked about."""
_OPENING: Final = 2
"""Rows that open a sitting: people say there what is new."""
_SIDE: Final = (0.25, 0.5, 1.0, 0.5, 0.25)
"""How much the rows at distance 2, 1, 0, 1, 2 count in a smoothed cosine (bench README)."""

Floats = NDArray[np.float32]


@dataclass(slots=True, eq=False)
class Scan:
    """What one pass over all rows found, shared by nomination and features."""

    hits: list[tuple[NDArray[np.int32], Floats]]
    """Rows and counts of each distinct term, dead rows included."""
    visible: NDArray[np.bool_]
    words: Floats
    """BM25 of each row's own text, zero where not visible."""
    likeness: Floats
    """Cosine of each row, or its estimate; zero where not visible."""
    exact: bool
    """Whether `likeness` is the cosine."""


@dataclass(slots=True, eq=False)
class Near:
    """Candidates with the rows around them."""

    rows: NDArray[np.intp]
    slots: NDArray[np.int32]
    """Shape `(c, 11)`: place in `used` of each row of the window, `len(used)` where there is none."""
    used: NDArray[np.intp]
    counts: Floats
    """Shape `(c, 11, terms)`: how often each term occurs in each row of the window."""
    linked: NDArray[np.bool_]
    """Whether a candidate has a neighbour at all."""
    traits: Floats
    window: NDArray[np.intp]
    """Shape `(c, 11)`: row numbers, -1 where there is none."""

    @classmethod
    def of(cls, segment: Segment, scan: Scan, rows: NDArray[np.intp]) -> Near:
        """Follow the links from each candidate; rows that may not be seen count as missing."""
        window = np.full((len(rows), 2 * REACH + 1), -1, np.intp)
        window[:, REACH] = rows
        for name, sign in (("before", -1), ("after", 1)):
            step = np.append(getattr(segment, name), np.int32(-1))
            reached = rows
            for distance in range(1, REACH + 1):
                reached = step[reached]
                window[:, REACH + sign * distance] = reached
        visible = np.append(scan.visible, np.False_)
        window[~visible[window]] = -1
        marked = np.zeros(segment.rows + 1, np.bool_)
        marked[window] = True
        marked[-1] = False
        used = np.flatnonzero(marked)
        slot = np.full(segment.rows + 1, len(used), np.int32)
        slot[used] = np.arange(len(used), dtype=np.int32)
        found = np.zeros((len(used) + 1, len(scan.hits)), np.float32)
        for t, (holders, times) in enumerate(scan.hits):
            at = slot[holders]
            keep = at < len(used)
            found[at[keep], t] = times[keep]
        slots = slot[window]
        linked = (window[:, REACH - 1] >= 0) | (window[:, REACH + 1] >= 0)
        return cls(rows, slots, used, found[slots], linked, segment.traits[rows], window)

    def around(self, values: Floats, default: float = 0.0) -> Floats:
        """Values of the rows used, spread over the windows, shape `(c, 11)`."""
        return np.append(values, np.float32(default))[self.slots]


def matrix(segment: Segment, question: Question, scan: Scan, candidates: NDArray[np.intp]) -> Floats:
    """Signals of the candidates, shape `(len(candidates), len(NAMES))`.

    Args:
        segment: Whose rows.
        question: What is asked.
        scan: What the first look found.
        candidates: Row numbers.
    """
    x = np.zeros((len(candidates), len(NAMES)), np.float32)
    near = Near.of(segment, scan, candidates)
    for name, values in text_signals(segment, question, candidates).items():
        x[:, _AT[name]] = values
    x[~near.linked, _AT["coverage_alone"]] = x[~near.linked, _AT["coverage"]]
    short = x[:, _AT["short"]]
    _context(x, segment, question, scan, near, short)
    if question.vector is not None:
        _meaning(x, segment, question, scan, near)
        x[:, _AT["cosine_sitting_short"]] = x[:, _AT["cosine_sitting"]] * short
    _subject(x, segment, question, near)
    _dates(x, segment, question, near)
    _shape(x, segment, question, near)
    _state(x, segment, question, near)
    return x


def _context(x: Floats, segment: Segment, question: Question, scan: Scan, near: Near, short: Floats) -> None:
    mass = max(question.mass, 1e-6)
    counts = near.counts
    middle = counts[:, REACH - 2 : REACH + 3].sum(axis=1)
    lengths = near.around(segment.length[near.used].astype(np.float32))[:, REACH - 2 : REACH + 3].sum(axis=1)
    typical = np.where(near.linked, _mean(lengths[near.linked]), _mean(lengths[~near.linked]))
    bm25 = middle * (K1 + 1) / (middle + (K1 * (1 - B + B * lengths / typical))[:, None])
    score = bm25 @ question.idf + _speakers_near(segment, question, near)
    x[:, _AT["window_best"]] = score / (float(score.max(initial=0.0)) or 1.0)
    has = counts > 0
    x[:, _AT["coverage_before"]] = has[:, REACH - 1 : REACH + 1].any(axis=1) @ question.idf / mass
    x[:, _AT["coverage_window"]] = has.any(axis=1) @ question.idf / mass
    x[:, _AT["coverage_window_short"]] = x[:, _AT["coverage_window"]] * short
    before = near.window[:, REACH - 1]
    asked = segment.traits[before, _TRAIT["question"]] * (before >= 0)
    other = segment.speaker[before] != segment.speaker[near.rows]
    x[:, _AT["answers_short"]] = asked * other * (has[:, REACH - 1] @ question.idf) / mass * short
    best = float(scan.words.max(initial=0.0)) or 1.0
    x[:, _AT["reply"]] = np.append(scan.words, np.float32(0))[before] * other * (before >= 0) / best


def _mean(values: Floats) -> float:
    return max(float(values.mean()), 1.0) if len(values) else 1.0


def _speakers_near(segment: Segment, question: Question, near: Near) -> Floats:
    """Evidence of the named speakers' presence within two rows, as if their names stood in the text."""
    if not question.speakers:
        return np.zeros(len(near.rows), np.float32)
    speaker = near.around(segment.speaker[near.used].astype(np.float32), -1.0)[:, REACH - 2 : REACH + 3]
    share = segment.speaker_shares
    total = np.zeros(len(near.rows), np.float32)
    for code in question.speakers:
        count = (speaker == code).sum(axis=1)
        idf = np.log1p((1 - share[code]) / max(share[code], 1e-6))
        total += idf * count * (K1 + 1) / (count + K1)
    return total.astype(np.float32)


def _meaning(x: Floats, segment: Segment, question: Question, scan: Scan, near: Near) -> None:
    query = question.vector
    assert query is not None  # noqa: S101 (the caller asked)
    inner = near.slots[:, REACH - 2 : REACH + 3]
    cosine = np.zeros(len(near.used) + 1, np.float32)
    if scan.exact:
        cosine[:-1] = scan.likeness[near.used]
    else:
        needed = np.zeros(len(near.used) + 1, np.bool_)
        needed[inner] = True
        needed[-1] = False
        cosine[needed] = segment.vectors.take(near.used[needed[:-1]]) @ query
    close = cosine[inner]
    own = close[:, 2]
    smooth = np.where(near.linked, close @ np.array(_SIDE, np.float32), ALONE * own)
    top = float(smooth.max(initial=0.0))
    x[:, _AT["cosine"]] = own
    x[:, _AT["cosine_best"]] = np.maximum(smooth, 0) / max(top, _FAINT)
    x[:, _AT["cosine_window"]] = np.where(near.linked, close.max(axis=1), own)
    x[:, _AT["cosine_sitting"]] = _sitting_likeness(segment, question, scan, near.rows)
    x[~near.linked, _AT["cosine_alone"]] = own[~near.linked]


def _sitting_likeness(segment: Segment, question: Question, scan: Scan, rows: NDArray[np.intp]) -> Floats:
    """Mean of the three best cosines in each candidate's sitting."""
    block = segment.block
    wanted = np.zeros(segment.blocks, np.bool_)
    wanted[block[rows]] = True
    members = np.flatnonzero(wanted[block] & scan.visible)
    order = np.argsort(block[members] * 4.0 - scan.likeness[members])
    group = block[members][order]
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    sizes = np.diff(np.append(starts, len(group)))
    rank = np.arange(len(group)) - np.repeat(starts, sizes)
    best = members[order][rank < _BEST]
    if scan.exact:
        values = scan.likeness[best]
    else:
        assert question.vector is not None  # noqa: S101 (the caller asked)
        values = segment.vectors.take(best) @ question.vector
    sums = np.zeros(segment.blocks, np.float32)
    np.add.at(sums, block[best], values)
    counts = np.zeros(segment.blocks, np.float32)
    counts[group[starts]] = np.minimum(sizes, _BEST)
    return (sums[block[rows]] / np.maximum(counts[block[rows]], 1)).astype(np.float32)


def _subject(x: Floats, segment: Segment, question: Question, near: Near) -> None:
    """Rows said by the person the question is about, as far as that tells rows apart."""
    if question.subject >= 0:
        speaker = segment.speaker[near.rows]
        share = float(segment.speaker_shares[question.subject])
        memory = segment.is_memory[near.rows]
        named = np.zeros(segment.rows, np.bool_)
        for term in question.named.tolist():
            named[segment.postings.lookup(term)[0]] = True
        names_subject = named[near.rows]
        match = np.where(memory, names_subject, np.where(speaker < 0, 0.5, speaker == question.subject))
    elif question.role >= 0:
        share = float(segment.role_shares[question.role])
        memory = segment.is_memory[near.rows]
        match = np.where(memory, 0.5, segment.role[near.rows] == question.role)
    else:
        return
    match = match * min(1.0, 2 * (1 - share))
    x[:, _AT["subject"]] = match
    x[:, _AT["first_person"]] = match * near.traits[:, _TRAIT["first_person"]]


def _dates(x: Floats, segment: Segment, question: Question, near: Near) -> None:
    windows = segment.windows[near.rows]
    dated = near.traits[:, _TRAIT["date"]]
    if "when" in question.wants:
        x[:, _AT["when_dated"]] = dated
        x[:, _AT["when_time"]] = near.traits[:, _TRAIT["time"]]
    if question.window is None:
        return
    talk = ~segment.is_memory[near.rows]
    at = segment.at[near.rows]
    x[:, _AT["date"]] = nearness(at, question) * talk
    x[:, _AT["date_inside"]] = inside(at, question) * talk
    first, last = question.window.start.toordinal(), question.window.end.toordinal() - 1
    given = windows[:, :, 1] > 0
    gap = np.maximum(np.maximum(first - windows[:, :, 1], windows[:, :, 0] - last), 0)
    wide = np.where(windows[:, :, 1] - windows[:, :, 0] > _VAGUE, 0.3, 1.0)
    x[:, _AT["date_said"]] = (given * wide * np.exp(-gap / 4.0)).max(axis=1)


def inside(at: NDArray[np.int64], question: Question) -> NDArray[np.bool_]:
    """Return which instants lie within the days asked about, in the asker's zone."""
    first, end = question.span or (0, 0)
    return (at >= first) & (at < end)


def nearness(at: NDArray[np.int64], question: Question) -> Floats:
    """Return 1 within the days asked about, falling by e per week outside, 0 from three weeks on."""
    first, end = question.span or (0, 0)
    days = np.where(at < first, (first - at - 1) // _DAY + 1, np.where(at >= end, (at - end) // _DAY + 1, 0))
    return np.where(days <= _FAR, np.exp(-np.clip(days, 0, _FAR) / 7), 0).astype(np.float32)


def _shape(x: Floats, segment: Segment, question: Question, near: Near) -> None:
    wants = question.wants
    trait = near.traits
    for name in ("question", "greeting", "names"):
        x[:, _AT[name]] = trait[:, _TRAIT[name]]
    linked = segment.session[near.rows] >= 0
    x[:, _AT["opening"]] = linked & (segment.place[near.rows] < _OPENING)
    if "number" in wants:
        x[:, _AT["number"]] = trait[:, _TRAIT["number"]]
    if wants & {"who", "where"}:
        x[:, _AT["who_names"]] = trait[:, _TRAIT["names"]]
    if "travel" in wants:
        x[:, _AT["place"]] = trait[:, _TRAIT["place"]]
    _centre(x, segment, near)


def _centre(x: Floats, segment: Segment, near: Near) -> None:
    """Take from each candidate's shape what is usual among its speaker's; memories are statements and have none."""
    talk = ~segment.is_memory[near.rows]
    shape = x[:, _SHAPE] * talk[:, None]
    speaker = np.where(talk, segment.speaker[near.rows], -2)
    for code in set(speaker.tolist()) - {-2}:
        mine = speaker == code
        shape[mine] -= shape[mine].mean(axis=0)
    x[:, _SHAPE] = shape


def _state(x: Floats, segment: Segment, question: Question, near: Near) -> None:
    memory = segment.is_memory[near.rows]
    kind = segment.kind[near.rows]
    x[:, _AT["memory"]] = memory
    user = memory | (segment.role[near.rows] == 0)
    x[:, _AT["wish_cosine"]] = segment.wish[near.rows] * user * np.maximum(x[:, _AT["cosine"]], 0)
    x[:, _AT["guidance"]] = (kind == _PREFERENCE) | (kind == _RULE)
    x[:, _AT["background"]] = kind == _CONTEXT
    if "request" in question.wants:
        x[:, _AT["guidance_request"]] = x[:, _AT["guidance"]]
    if question.now:
        age = np.maximum(question.now - segment.at[near.rows], 0) / _DAY
        x[:, _AT["recency"]] = 1 / (1 + age / 30)
    x[memory, _AT["importance"]] = (segment.importance[near.rows][memory] - 3) / 2
    x[memory, _AT["pinned"]] = segment.pinned[near.rows][memory]
    special = segment.scope[near.rows] != segment.scopes.get("global", -1)
    x[:, _AT["scope"]] = special & memory
    if question.now and memory.any():
        stable = np.maximum(segment.stability[near.rows][memory], 0.01)
        idle = np.maximum(question.now - segment.last_used[near.rows][memory], 0) / _DAY
        x[memory, _AT["strength"]] = retrievability(idle, stable)
