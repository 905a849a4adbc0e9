"""Ranked rows become results: their texts, how they read in a prompt, and the reasons for them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from eider.model.answers import EndedSpan, Recollection, Why
from eider.model.values import TRUST, Episode, Memory
from eider.retrieve.rendering import day_in_words, line_of
from eider.retrieve.weights import WEIGHTS, Weights
from eider.store.arrays import STATE_CODE
from eider.store.segment.columns import FOREVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eider.retrieve.rank import Ranked
    from eider.retrieve.visible import View
    from eider.store.engine import Engine
    from eider.store.segment.segment import Segment

_STATED = (STATE_CODE["active"], STATE_CODE["superseded"])


def fetch(
    engine: Engine, segment: Segment, found: Sequence[Ranked], user: str, view: View, weights: Weights = WEIGHTS,
    *, leave_out_ended: bool = False,
) -> list[Recollection]:  # fmt: skip
    """Return the ranked rows with their texts: those the segment keeps, the others from the truth.

    Args:
        engine: The open store.
        segment: Whose rows were ranked.
        found: Rows, best first.
        user: Whose they are.
        view: The request's instants.
        weights: What they were ranked by.
        leave_out_ended: Whether lines are to be without the parts that no longer hold.
    """
    closed = {r.row: _closed_memories(segment, r.row, view) for r in found if r.until is None}
    rested = [e for r in found for e in segment.evidence.get(r.row, ())]
    ids = [segment.ids[r.row] for r in found]
    items = read(engine, segment, [*ids, *rested, *(m for ms in closed.values() for m in ms)], user, view.known_at)
    answered = [
        m.answers.episode for i in ids if isinstance(m := items.get(i), Memory) and m.answers is not None
        and m.answers.episode not in items
    ]  # fmt: skip
    if answered:
        items = {**items, **read(engine, segment, answered, user, view.known_at)}
    dates = segment.dates
    answer: list[Recollection] = []
    for one, id_ in zip(found, ids, strict=True):
        if (item := items.get(id_)) is None:
            continue
        until = None if one.until is None else datetime.fromtimestamp(one.until / 1_000_000, UTC)
        ended = _ended_spans(item.id, [m for i in closed.get(one.row, ()) if isinstance(m := items.get(i), Memory)])
        by, since = (None, None) if until is not None else _doubted_by(segment, one.row)
        answered_in = (item.answers.episode,) if isinstance(item, Memory) and item.answers is not None else ()
        cited = (*segment.evidence.get(one.row, ()), *answered_in)
        said = {e: x for e in cited if isinstance(x := items.get(e), Episode)}
        if isinstance(item, Episode) and item.metadata:
            item = replace(item, metadata=deepcopy(item.metadata))
        line = line_of(
            item, said, now=view.now, until=until, ended=ended, leave_out=leave_out_ended, known=dates,
            dated=bool(segment.windows[one.row, 0, 1] > 0), outdated=since,
        )  # fmt: skip
        answer.append(
            Recollection(
                id=item.id, text=item.text, score=one.score, coverage=one.coverage, cosine=one.cosine,
                why=Why(shares=one.shares, weights=weights.version, notes=notes(item, view.now, until, ended, since)),
                memory=item if isinstance(item, Memory) else None,
                episode=item if isinstance(item, Episode) else None, line=line, until=until, ended=ended,
                outdated_by=by or "",
            )
        )  # fmt: skip
    return answer


def read(
    engine: Engine, segment: Segment, ids: Sequence[str], user: str, known_at: datetime | None = None
) -> Mapping[str, Episode | Memory]:  # fmt: skip
    """Return rows by id: those the segment keeps in full, the others from the store, which are then kept."""
    known = {i: segment.items[i] for i in ids if i in segment.items} if known_at is None else {}
    missing = list(dict.fromkeys(i for i in ids if i not in known))
    if not missing:
        return known
    if known_at is None:
        missing = segment.to_read(missing)
    episodes = engine.store.reads.episodes([i for i in missing if i.startswith("ep_")], user=user)
    memories = engine.store.reads.memories(
        [i for i in missing if not i.startswith("ep_")], user=user, known_at=known_at
    )
    new = {i.id: i for i in (*episodes, *memories)}
    if known_at is None:
        segment.keep(new.values())
    return known | new


def _closed_memories(segment: Segment, row: int, view: View) -> list[str]:
    """Ids of the memories that rest on an utterance and have ended, while others hold."""
    cited = segment.cited.get(segment.ids[row], ())
    until, state = segment.until, segment.state
    return [segment.ids[m] for m in cited if until[m] <= view.as_of and state[m] in _STATED]


def _doubted_by(segment: Segment, row: int) -> tuple[str | None, date | None]:
    """What may have replaced all that a row says, and since when; (None, None) where nothing did."""
    memories = segment.cited.get(segment.ids[row], [row])
    by = [segment.row_of.get(segment.successor.get(m, ""), -1) for m in memories if segment.until[m] == FOREVER]
    if len(by) < len(memories) or min(by) < 0:
        return None, None
    last = max(by, key=lambda r: int(segment.valid_from[r]))
    return segment.ids[last], datetime.fromtimestamp(int(segment.valid_from[last]) / 1_000_000, UTC).date()


def _ended_spans(episode: str, memories: Sequence[Memory]) -> tuple[EndedSpan, ...]:
    spans = {
        EndedSpan(start=s.start, end=s.end, until=m.valid_to)
        for m in memories
        for s in (*m.evidence, *m.said_again)
        if s.episode == episode and m.valid_to is not None
    }
    apart: list[EndedSpan] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
    return tuple(apart)


def notes(
    item: Episode | Memory, now: datetime, until: datetime | None = None, ended: Sequence[EndedSpan] = (),
    outdated: date | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Return what a reader should know of an item before relying on it."""
    found: list[str] = []
    if item.trust < TRUST["user"]:
        found.append(f"origin {item.origin}")
    if isinstance(item, Memory):
        status = item.status(now)
        if status != "current":
            ends = f", until {day_in_words(item.valid_to.date())}" if item.valid_to else ""
            found.append(f"{status}{ends}")
        if item.pinned:
            found.append("pinned")
    elif until is not None:
        found.append(f"no longer holds, until {day_in_words(until.date())}")
    if outdated is not None:
        found.append(f"perhaps outdated since {day_in_words(outdated)}")
    found += [f"{item.text[s.start : s.end]!r} until {day_in_words(s.until.date())}" for s in ended]
    return tuple(found)
