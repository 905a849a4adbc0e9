"""Links that follow from the rows: nothing of them is kept, so nothing can be out of step.

A row is linked to those beside it in time, those that name the same rare things, those that mean the like, what caused it
and what it caused, what it replaced and what it rests on. What is named in many rows links nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.language import analysis
from eider.language.causes import causes_in
from eider.language.questions.names import names_in
from eider.store.segment.columns import FOREVER

if TYPE_CHECKING:
    from eider.model.links import LinkKind
    from eider.store.segment.segment import Segment

HUB_SHARE: Final = 0.05
"""Share of the rows from which a name is in too many to say that two belong together."""
HUB_LEAST: Final = 12
"""Rows that may share a name however few there are in all. A guess."""
_HOURS: Final = 6.0
"""Hours within which lines without a conversation in common are near in time. A guess."""
_MICROS: Final = 3_600_000_000
_AT_ONCE: Final = _MICROS // 4
"""Microseconds within which one line goes on from the line before. A guess."""
_BESIDE: Final = 3
"""Neighbours in a conversation on either side."""
_ALIKE: Final = 0.35
"""Least cosine of a semantic link; the default embedder gives unrelated sentences 0.0 to 0.3."""
_APART: Final = 3.0
"""Standard deviations above the mean of a row's cosines from which another is alike: the border of any embedder."""
_MOST: Final = 12
"""Links of one kind of one row."""
_SAYS: Final = 0.6
"""Share of a clause's weight that a row's words cover which says it. A guess, shared with lines that replace each other."""
_ABOUT: Final = 0.3
"""Share of a row's own weight that a clause covers which it says: a long text has the words of many clauses. A guess."""
_LEAST_WORDS: Final = 2
"""Words that a row shares with a clause at the least."""
_AS_IF: Final = 100
_CAUSES_READ: Final = 40
"""Rows whose texts are read for what they say of causes."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link from one row of a segment to another."""

    row: int
    kind: LinkKind
    weight: float
    outward: bool
    reason: str


def links_of(segment: Segment, row: int, visible: NDArray[np.bool_], texts: Mapping[int, str]) -> list[Link]:
    """Return the derived links of a row, the closest of each kind first, never to the row itself.

    Args:
        segment: Whose rows.
        row: The row.
        visible: Rows that may be linked to.
        texts: Row → text, for this row and as many of `rows_to_read` as there are.
    """
    open_ = visible & segment.alive
    open_[row] = False
    found: list[Link] = []
    for kind in (_replacing, _resting, _in_time):
        found += kind(segment, row, open_)
    found += causal_links(segment, row, open_, texts)
    found += _naming(segment, open_, texts.get(row, ""))
    found += _alike(segment, row, open_)
    best: dict[tuple[int, str, bool], Link] = {}
    for link in found:
        place = (link.row, link.kind, link.outward)
        if place not in best or best[place].weight < link.weight:
            best[place] = link
    return sorted(best.values(), key=lambda link: (-link.weight, segment.ids[link.row]))


def rows_to_read(segment: Segment, row: int, visible: NDArray[np.bool_]) -> list[int]:
    """Return the rows whose texts tell the causal links of a row: those that share its words, and its neighbours."""
    terms = np.unique(segment.postings.of(row))
    score = np.zeros(segment.rows, np.float32)
    for term in terms.tolist():
        holders, _ = segment.postings.lookup(term)
        score[holders] += _weight(segment, term)
    score[~visible] = 0
    score[row] = 0
    best = np.argsort(-score, kind="stable")[:_CAUSES_READ]
    near = [r for r in (int(segment.before[row]), int(segment.after[row])) if r >= 0 and visible[r]]
    return list(dict.fromkeys([row, *near, *(r for r in best.tolist() if score[r] > 0)]))


def causal_links(segment: Segment, row: int, visible: NDArray[np.bool_], texts: Mapping[int, str]) -> list[Link]:
    """Return what caused what a row says (inward), and what it caused (outward).

    Args:
        segment: Whose rows.
        row: The row.
        visible: Rows that may be linked to.
        texts: Row → text of the rows that are read, the row itself among them.
    """
    found: list[Link] = []
    for other, text in texts.items():
        for clause, outward in (
            (c, side) for said in causes_in(text) for c, side in ((said.cause, False), (said.effect, True))
        ):
            reason = f"it says {clause!r}" if clause else "one goes on from the other"
            for third, share in _that_say(segment, clause, other, texts):
                if other == row and visible[third]:
                    found.append(Link(third, "causal", share, outward, reason))
                elif third == row and visible[other]:
                    found.append(Link(other, "causal", share, not outward, reason))
    return found


def _that_say(segment: Segment, clause: str, own: int, texts: Mapping[int, str]) -> Iterator[tuple[int, float]]:
    """Rows of those read that say a clause of a row, with the share of it they cover; of an empty one the row before."""
    if not clause:
        before = int(segment.before[own])
        if before >= 0 and segment.at[own] - segment.at[before] <= _AT_ONCE:
            yield before, 1.0
        return
    numbers = segment.postings.number
    asked = list(dict.fromkeys(analysis.terms(clause, numbers).tolist()))
    weights = {numbers[h]: _weight(segment, numbers[h]) for h in asked if h in numbers}
    mass = sum(weights.values()) + (len(asked) - len(weights)) * float(np.log1p(2.0 * max(segment.total, _AS_IF) + 1.0))
    if len(weights) < _LEAST_WORDS:
        return
    for other in texts:
        words = set(segment.postings.of(other).tolist())
        shared = words & weights.keys()
        common = sum(weights[t] for t in shared)
        if other == own or len(shared) < _LEAST_WORDS or common < _SAYS * mass:
            continue
        if common >= _ABOUT * sum(_weight(segment, t) for t in words):
            yield other, min(1.0, common / max(mass, 1e-6))


def hubs(segment: Segment) -> int:
    """Return from how many rows on a name links nothing."""
    return max(HUB_LEAST, int(HUB_SHARE * len(segment)))


def _weight(segment: Segment, term: int) -> float:
    """Inverse document frequency as if there were a hundred rows at least: of two rows none is telling."""
    df, total = float(segment.postings.df[term]), max(segment.total, _AS_IF)
    return float(np.log1p((total - df + 0.5) / (df + 0.5)))


def _replacing(segment: Segment, row: int, visible: NDArray[np.bool_]) -> list[Link]:
    found: list[Link] = []
    later = segment.row_of.get(segment.successor.get(row, ""), -1)
    if later >= 0 and visible[later]:
        doubt = segment.valid_to[row] == FOREVER
        reason = "it may have replaced this" if doubt else "it replaced this"
        found.append(Link(later, "supersedes", 0.5 if doubt else 1.0, outward=False, reason=reason))
    own = segment.ids[row]
    for r in [r for r, by in segment.successor.items() if by == own and visible[r]]:
        doubt = segment.valid_to[r] == FOREVER
        reason = "this may have replaced it" if doubt else "this replaced it"
        found.append(Link(r, "supersedes", 0.5 if doubt else 1.0, outward=True, reason=reason))
    return found


def _resting(segment: Segment, row: int, visible: NDArray[np.bool_]) -> list[Link]:
    rests = [segment.row_of[e] for e in segment.evidence.get(row, ()) if e in segment.row_of]
    found = [Link(r, "evidence", 1.0, outward=True, reason="this rests on it") for r in rests if visible[r]]
    cited = segment.cited.get(segment.ids[row], ())
    return found + [Link(r, "evidence", 1.0, outward=False, reason="it rests on this") for r in cited if visible[r]]


def _in_time(segment: Segment, row: int, visible: NDArray[np.bool_]) -> list[Link]:
    found: list[Link] = []
    for steps, outward, word in ((segment.before, False, "before"), (segment.after, True, "after")):
        other = row
        for distance in range(1, _BESIDE + 1):
            other = int(steps[other])
            if other < 0:
                break
            if visible[other]:
                found.append(Link(other, "temporal", 1 / distance, outward, f"said {word} it in the conversation"))
    gap = np.abs(segment.at - segment.at[row])
    near = np.flatnonzero(
        visible & (gap <= _HOURS * _MICROS) & ((segment.session != segment.session[row]) | segment.is_memory)
    )
    for other in near[np.argsort(gap[near], kind="stable")][:_MOST].tolist():
        hours = float(gap[other]) / _MICROS
        after = bool(segment.at[other] >= segment.at[row])
        found.append(Link(other, "temporal", 0.5 * float(np.exp(-hours / _HOURS)), after, f"{hours:.1f} hours apart"))
    return found


def names_of(segment: Segment, text: str) -> dict[int, str]:
    """Return the names in a text that other rows hold as well and few of all rows do: term → the word."""
    number, most = segment.postings.number, hubs(segment)
    found: dict[int, str] = {}
    for name in names_in(text):
        for term in analysis.terms(name, number).tolist():
            place = number.get(term, -1)
            if place >= 0 and 1 < segment.postings.df[place] <= most:
                found.setdefault(place, name)
    return found


def _naming(segment: Segment, visible: NDArray[np.bool_], text: str) -> list[Link]:
    named = names_of(segment, text)
    score = np.zeros(segment.rows, np.float32)
    for term in named:
        score[segment.postings.lookup(term)[0]] += _weight(segment, term)
    mass = sum(_weight(segment, term) for term in named)
    score[~visible] = 0
    best = [r for r in np.argsort(-score, kind="stable")[:_MOST].tolist() if score[r] > 0]
    words = {r: sorted({name for t, name in named.items() if t in segment.postings.of(r)}) for r in best}
    return [
        Link(r, "entity", min(1.0, float(score[r]) / max(mass, 1e-6)), outward=True, reason=", ".join(words[r]))
        for r in best
    ]  # fmt: skip


def _alike(segment: Segment, row: int, visible: NDArray[np.bool_]) -> list[Link]:
    if not segment.vectors.width or not segment.vectors.present[row] or not visible.any():
        return []
    own = segment.vectors.take(np.array([row]))[0]
    cosine = segment.vectors.scan(own)
    others = cosine[visible]
    border = max(_ALIKE, float(others.mean() + _APART * others.std()) if len(others) > _MOST else _ALIKE)
    near = np.flatnonzero(visible & (cosine >= border))
    best = near[np.argsort(-cosine[near], kind="stable")][:_MOST]
    exact = segment.vectors.take(best) @ own
    return [
        Link(int(r), "semantic", min(1.0, float(c)), outward=True, reason=f"likeness {c:.2f}")
        for r, c in zip(best, exact, strict=True)
        if c >= _ALIKE
    ]  # fmt: skip


def hub_names(segment: Segment, texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names in texts that are in so many rows that they link nothing, in alphabetical order."""
    number, most, found = segment.postings.number, hubs(segment), dict[int, str]()
    for text in texts:
        for name in names_in(text):
            for term in analysis.terms(name, number).tolist():
                if segment.postings.df[number[term]] > most if term in number else False:
                    found.setdefault(term, name)
    return tuple(sorted(set(found.values())))
