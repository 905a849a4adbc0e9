"""Recall ranks for context; search filters for people. Both only read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.language.dates import EventAnchor, Window, event_asked
from eider.model.answers import Page, Recollection, Why
from eider.model.clock import local_date, local_zone, utc, zone
from eider.model.outcomes import Recalled
from eider.model.values import Episode, Memory
from eider.model.verbs import Filters, Recall, Search, When
from eider.privacy.redact import redact_name
from eider.providers.token_budget import pack
from eider.retrieve.query import Question
from eider.retrieve.rank import Ranked, rank
from eider.retrieve.weights import WEIGHTS, Weights, as_shipped, balanced
from eider.store.arrays import EPISODE_KIND, KIND_CODE, ORIGIN_CODE, STATE_CODE, micros
from eider.store.engine import Engine
from eider.store.segment.segment import Segment

Sieve = Callable[[Segment, Sequence[Ranked]], Sequence[Ranked]]
"""What of the ranked rows is wanted at all; looked at before their texts are fetched, which costs most."""
_EVENT_REACH: Final = 60
"""Days before or after an anchoring event ("before the trip") that are looked at. A guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Filters as instants: what one request may see."""

    now: datetime
    tz: str
    as_of: int
    since: int | None
    until: int | None
    known_at: datetime | None


def recall(engine: Engine, request: Recall) -> list[Recollection]:
    """The kept lines that bear on a question, best first."""
    found = in_all_layers(engine, request)
    if request.budget is not None:
        sizes = [engine.counter.count(r.text) for r in found]
        found = pack(found, sizes, request.budget)
    engine.usage.shown(request.user, [r.id for r in found if r.memory is not None and not r.layer])
    if request.loop is not None:
        _note(engine, request.user, request.loop, found)
    return found


def _note(engine: Engine, user: str, loop: str, found: Sequence[Recollection]) -> None:
    """Remember what an open loop was shown, with the evidence as it would be without the user's balance."""
    if engine.loop(loop, user).closed_at is not None:
        return
    share = engine.lexical_share(user)
    seen = [(r.id, *as_shipped(r.why.shares, share)) for r in found if not r.layer]
    noted = [Recalled(id=i, ask=0, words=words, meaning=meaning, rest=rest) for i, words, meaning, rest in seen]
    engine.notes.noted(user, loop, noted)


def in_all_layers(engine: Engine, request: Recall, sieve: Sieve | None = None) -> list[Recollection]:
    """What the store and the layers beneath it hold, best first; notes nothing as shown."""
    view = view_of(engine, request)
    weights = balanced(engine.lexical_share(request.user))
    found = _in_store(engine, request, view, weights, sieve)
    for layer in engine.layers:
        asked_there = replace(request, user=layer.published_for(request.user))
        theirs = _in_store(layer, asked_there, view, weights, sieve)
        found = merged(found, [replace(r, layer=layer.name) for r in theirs])
    return found[: request.limit]


def merged(own: Sequence[Recollection], other: Sequence[Recollection]) -> list[Recollection]:
    """Own results and a layer's by score; a layer's line that the own store says as well is left out."""
    said = {r.text.casefold().strip() for r in own}
    extra = [r for r in other if r.text.casefold().strip() not in said]
    return sorted([*own, *extra], key=lambda r: (-r.score, bool(r.layer)))


def view_of(engine: Engine, request: Filters) -> View:
    """The request's instants, in the asker's zone and clock."""
    now = engine.now() if request.now is None else utc(request.now, request.tz, "now")
    tz = local_zone() if request.tz is None else request.tz
    zone(tz)

    def instant(at: When | None, name: str) -> datetime | None:
        return engine.bound(at, request.tz if isinstance(at, datetime) else tz, name)[0]

    as_of, since, until = (
        instant(request.as_of, "as_of"),
        instant(request.since, "since"),
        instant(request.until, "until"),
    )
    return View(
        now=now, tz=tz, as_of=micros(as_of or now), since=None if since is None else micros(since),
        until=None if until is None else micros(until), known_at=instant(request.known_at, "known_at"),
    )  # fmt: skip


def _in_store(
    engine: Engine, request: Recall, view: View, weights: Weights, sieve: Sieve | None = None
) -> list[Recollection]:  # fmt: skip
    if view.known_at is not None:
        segment = Segment.build(engine.store.rows(user=request.user, known_at=view.known_at))
        return _ranked(engine, segment, request, view, weights, sieve)
    if engine.is_large(request.user) and not _filtered(request):
        vector = engine.embedder.embed([request.query], "query")[0]
        if (nominated := engine.nominated(request.user, request.query, vector)) is not None:
            return _ranked(engine, nominated, request, view, weights, sieve)
    with engine.segments.hold(request.user) as segment:
        return _ranked(engine, segment, request, view, weights, sieve)


def _filtered(request: Recall) -> bool:
    """Whether most of what the index nominates might be filtered out again."""
    filters = (request.scopes, request.kinds, request.origins, request.since, request.until, request.session)
    return any(f is not None for f in (*filters, request.as_of))


def _ranked(
    engine: Engine, segment: Segment, request: Recall, view: View, weights: Weights, sieve: Sieve | None
) -> list[Recollection]:  # fmt: skip
    found: Sequence[Ranked] = ranked(engine, segment, request, view, weights)
    if sieve is not None:
        found = sieve(segment, found)
    return fetched(engine, segment, found, request.user, view, weights)


def ranked(
    engine: Engine, segment: Segment, request: Recall, view: View, weights: Weights = WEIGHTS
) -> list[Ranked]:  # fmt: skip
    """Rows of one segment that answer, best first."""
    if not len(segment):
        return []
    question = asked(engine, segment, request, view)
    visible = seen(segment, request, view, question.window)
    return rank(segment, question, visible, limit=request.limit, weights=weights)


def asked(engine: Engine, segment: Segment, request: Recall, view: View) -> Question:
    """The question read against the segment, with "before the trip" resolved to days."""
    today = local_date(view.now, view.tz)

    def embed(text: str) -> NDArray[np.float32]:
        return engine.embedder.embed([text], "query")[0]

    question = Question.read(request.query, segment, today=today, now=micros(view.now), embed=embed)
    if question.window is None and (anchor := event_asked(request.query)) is not None:
        days = _event_window(segment, anchor, request, view, embed)
        question = replace(question, window=days)
    return question


def _event_window(segment: Segment, anchor: EventAnchor, request: Recall, view: View, embed: object) -> Window | None:
    """Days around an event, found by recalling the event itself; None unless one line clearly speaks of it."""
    today = local_date(view.now, view.tz)
    event = Question.read(anchor.phrase, segment, today=today, now=micros(view.now), embed=embed)  # pyright: ignore[reportArgumentType]
    best = rank(segment, event, seen(segment, request, view, None), limit=1)
    if not best or best[0].coverage < 0.99:  # noqa: PLR2004 (every word of the phrase)
        return None
    day = datetime.fromordinal(int(segment.column("day")[best[0].row])).date()
    reach = timedelta(days=_EVENT_REACH)
    if anchor.relation == "before":
        return Window(start=day - reach, end=day, precision="span")
    if anchor.relation == "during":
        return Window(start=day, end=day + timedelta(days=7), precision="span")
    return Window(start=day, end=day + reach, precision="span")


def seen(segment: Segment, request: Filters, view: View, window: Window | None) -> NDArray[np.bool_]:
    """Rows that a request may see: those that hold at its instant and pass its filters."""
    column = segment.column
    starts, ends = column("valid_from"), column("valid_to")
    begun = starts <= view.as_of
    if request.as_of is None:  # what was said is findable at once, also when the speaker's clock runs ahead
        begun |= ~column("memory")
    mask = segment.alive & np.isin(column("state"), _STATED) & begun
    holds = ends > view.as_of
    if window is not None and request.as_of is None:
        holds |= (
            (ends > _edge(window, view.tz, end=False)) & (starts < _edge(window, view.tz, end=True)) & (ends > starts)
        )
    mask &= holds
    if view.since is not None:
        mask &= np.where(column("memory"), ends, starts + 1) > view.since
    if view.until is not None:
        mask &= starts < view.until
    if request.session is not None:
        mask &= _of_session(segment, redact_name(request.session))
    return mask & _chosen(segment, request)


def _chosen(segment: Segment, request: Filters) -> NDArray[np.bool_]:
    mask = np.ones(segment.rows, np.bool_)
    if request.scopes is not None:
        codes = [segment.scopes[s] for s in map(redact_name, request.scopes) if s in segment.scopes]
        mask &= np.isin(segment.column("scope"), codes)
    if request.kinds is not None:
        kinds = [EPISODE_KIND if k == "episode" else KIND_CODE[k] for k in request.kinds]
        mask &= np.isin(segment.column("kind"), kinds)
    if request.origins is not None:
        mask &= np.isin(segment.column("origin"), [ORIGIN_CODE[o] for o in request.origins])
    return mask


def _of_session(segment: Segment, session: str) -> NDArray[np.bool_]:
    mask = np.zeros(segment.rows, np.bool_)
    if session in segment.sessions and session:
        mask |= (segment.column("session") == segment.sessions[session]) & ~segment.column("memory")
        for row, episodes in segment.evidence.items():
            mask[row] |= any(mask[segment.row_of[e]] for e in episodes if e in segment.row_of)
    return mask


def _edge(window: Window, tz: str, *, end: bool) -> int:
    day = window.end if end else window.start
    return micros(datetime.combine(day, time(), zone(tz)).astimezone(UTC))


def fetched(
    engine: Engine, segment: Segment, found: Sequence[Ranked], user: str, view: View, weights: Weights = WEIGHTS
) -> list[Recollection]:  # fmt: skip
    """The ranked rows with their texts: those the segment keeps, the others from the truth."""
    ids = [segment.ids[r.row] for r in found]
    items = {i: segment.items[i] for i in ids if i in segment.items} if view.known_at is None else {}
    missing = [i for i in ids if i not in items]
    episodes = engine.store.episodes([i for i in missing if i.startswith("ep_")], user=user)
    kept = [i for i in missing if not i.startswith("ep_")]
    read = [*episodes, *engine.store.memories(kept, user=user, known_at=view.known_at)]
    if view.known_at is None:
        segment.keep(read)
    items |= {i.id: i for i in read}
    answer: list[Recollection] = []
    for one, id_ in zip(found, ids, strict=True):
        item = items.get(id_)
        if item is not None:
            if isinstance(item, Episode) and item.metadata:  # what is kept is nobody's to change
                item = replace(item, metadata=deepcopy(item.metadata))
            answer.append(recollection(item, one, view, weights))
    return answer


def recollection(item: Episode | Memory, found: Ranked, view: View, weights: Weights = WEIGHTS) -> Recollection:
    """One result with its reasons."""
    why = Why(shares=found.shares, weights=weights.version, notes=notes(item, view.now))
    memory = item if isinstance(item, Memory) else None
    episode = item if isinstance(item, Episode) else None
    return Recollection(
        id=item.id, text=item.text, score=found.score, why=why, memory=memory, episode=episode,
        coverage=found.coverage, cosine=found.cosine,
    )  # fmt: skip


def notes(item: Episode | Memory, now: datetime) -> tuple[str, ...]:
    """What a reader should know of an item before relying on it."""
    found: list[str] = []
    if item.trust < 2:  # noqa: PLR2004 (2 is the user's own word)
        found.append(f"origin {item.origin}")
    if isinstance(item, Memory):
        status = item.status(now)
        if status != "current":
            ended = f" on {item.valid_to:%Y-%m-%d}" if item.valid_to else ""
            found.append(f"{status}{ended}")
        if item.pinned:
            found.append("pinned")
    return tuple(found)


def search(engine: Engine, request: Search) -> Page:
    """Everything that matches, page by page; without a text, the newest first."""
    view = view_of(engine, request)
    with engine.segments.hold(request.user) as segment:
        visible = _listed(segment, request, view)
        rows = np.flatnonzero(visible)
        if request.text.strip() and len(rows):
            ask = Recall(user=request.user, query=request.text)
            question = replace(asked(engine, segment, ask, view), window=None)
            ranked = rank(segment, question, visible, limit=max(_COUNTED, request.offset + request.limit))
            ranked = [r for r in ranked if r.coverage > 0 or r.cosine > _ALIKE]
            total = len(ranked)
            shown = ranked[request.offset : request.offset + request.limit]
        else:
            order = rows[np.argsort(-segment.column("at")[rows], kind="stable")]
            total = len(order)
            shown = [_unranked(int(row)) for row in order[request.offset : request.offset + request.limit]]
        items = fetched(engine, segment, shown, request.user, view)
    return Page(items=tuple(items), total=total, offset=request.offset, limit=request.limit)


_STATED: Final = (STATE_CODE["active"], STATE_CODE["superseded"])
"""States of a statement that was made; the validity decides whether it holds."""
_COUNTED: Final = 1_000
"""Matches that are counted whole: as many as the ranker looks at twice in a large store."""
_ALIKE: Final = 0.3
"""Cosine from which a line without a common word still counts as a match for people. A guess."""


def _listed(segment: Segment, request: Search, view: View) -> NDArray[np.bool_]:
    if request.status is None:
        return seen(segment, request, view, None)
    column = segment.column
    state, open_ = column("state"), column("valid_to") > view.as_of
    of_status = {
        "current": (state == STATE_CODE["active"]) & open_,
        "superseded": state == STATE_CODE["superseded"],
        "expired": (state == STATE_CODE["active"]) & ~open_,
        "inbox": state == STATE_CODE["inbox"],
        "quarantined": state == STATE_CODE["quarantined"],
        "erased": np.zeros(segment.rows, np.bool_),
    }[request.status]
    return segment.alive & column("memory") & of_status & _chosen(segment, request)


def _unranked(row: int) -> Ranked:
    return Ranked(row=row, score=0.0, shares={}, coverage=0.0, cosine=0.0, best_share=0.0, exact=False, margin=0.0)
