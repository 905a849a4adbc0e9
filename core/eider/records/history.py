"""Accounts of what is kept: history, events, health, differences, reasons."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np

from eider.model.answers import Diff, Explanation, Health, Version
from eider.model.errors import InputError, UnknownIdError
from eider.model.forgetting_curve import retrievability
from eider.model.learned import PLAIN
from eider.model.requests_reading import DiffOf, Events, HealthOf, History, WhyOf
from eider.model.runs import STEP_OPS
from eider.model.usage import days_between, fresh
from eider.model.values import GLOBAL, KINDS, Event, Memory
from eider.privacy.ingress import Clean
from eider.store.arrays import EPISODE_KIND
from eider.store.engine import Engine


def history(engine: Engine, accepted: Clean[History]) -> list[Version]:
    """All versions of a memory, oldest first, each with the change that wrote it."""
    request = accepted.request
    versions = engine.store.reads.versions(request.id, user=request.user)
    if not versions:
        raise UnknownIdError("memory", request.id, request.user)
    wrote = engine.store.events.newest(user=request.user, seqs=[m.rev for m in versions], limit=len(versions))
    by_seq = {event.seq: event for event in wrote}
    return [Version(memory=m, event=by_seq.get(m.rev)) for m in versions]


def events(engine: Engine, accepted: Clean[Events]) -> list[Event]:
    """What changed, newest first; the steps of a run are shown with the run."""
    request = accepted.request
    return engine.store.events.newest(user=request.user, limit=request.limit, without=STEP_OPS)


def why(engine: Engine, accepted: Clean[WhyOf]) -> Explanation:
    """What a memory rests on, and how it came to be as it is."""
    request = accepted.request
    found = engine.store.reads.memories([request.id], user=request.user)
    if not found:
        raise UnknownIdError("memory", request.id, request.user)
    memory, now = found[0], engine.now()
    episodes = {e.id: e for e in engine.store.reads.episodes([s.episode for s in memory.evidence], user=request.user)}
    quoted = tuple(
        (episodes[s.episode], episodes[s.episode].text[s.start : s.end])
        for s in memory.evidence
        if s.episode in episodes
    )
    usage = engine.store.usage.get([memory.id], user=request.user).get(memory.id) or fresh(memory)
    touched = engine.store.events.newest(user=request.user, ids=[memory.id], limit=100)
    replaces = tuple(m.id for m in engine.store.reads.replaced([memory.id], user=request.user)) + memory.merged_from
    chance = float(retrievability(days_between(usage.last_used, now), usage.stability))
    return Explanation(
        memory=memory, status=memory.status(now), evidence=quoted, events=tuple(reversed(touched)),
        replaces=tuple(dict.fromkeys(replaces)), replaced_by=memory.superseded_by, usage=usage, retrievability=chance,
        summary=_summary(memory, now, touched, chance, _doubt_text(engine, memory)),
        against=tuple(engine.store.reads.memories(engine.store.reads.linked(memory.id, "contradicts", user=request.user), user=request.user)),
    )  # fmt: skip


def _doubt_text(engine: Engine, memory: Memory) -> list[str]:
    """Say which later statement may have replaced a memory, how likely that is, and what else it may mean."""
    if (doubt := memory.doubt) is None:
        return []
    by = engine.store.reads.memories([doubt.by], user=memory.user)
    later = f"“{by[0].text}” ({doubt.by})" if by else doubt.by
    return [
        f"Whether it still holds is in doubt since {later}: with {doubt.probability:.0%} it ended",
        f"Most likely the later one {PLAIN.get(doubt.relation, doubt.relation)}, or else it {PLAIN.get(doubt.runner_up, doubt.runner_up)}; eider inbox asks",
    ]


def _summary(memory: Memory, now: datetime, touched: list[Event], chance: float, doubted: list[str]) -> str:
    """Say in whole sentences where a memory comes from, whether it holds, and how likely it is still wanted."""
    sources = {"user": "The user told it", "agent": "An agent noted it", "import": "It was imported"}
    first = min((e.at for e in touched), default=memory.recorded_at)
    where = "everywhere" if memory.scope == GLOBAL else f"in {memory.scope}"
    said = {0: "and it stands as it was given", 1: "and it rests on what was said then"}
    quotes = said.get(len(memory.evidence), f"and it rests on {len(memory.evidence)} quotations")
    parts = [
        f"A {memory.kind} that applies {where}",
        f"{sources.get(memory.origin, f'It was read in a {memory.origin}')} on {first:%Y-%m-%d}, {quotes}",
    ]
    if memory.evidence and memory.confidence < 1:
        parts.append(f"That it was worth keeping was {memory.confidence:.0%} likely")
    parts += doubted
    status = memory.status(now)
    if status == "current":
        parts.append(f"It holds; the chance that it is still wanted is {chance:.0%}")
    elif status in ("superseded", "expired") and memory.valid_to is not None:
        after = f" and was replaced by {memory.superseded_by}" if memory.superseded_by else ""
        parts.append(f"It held until {memory.valid_to:%Y-%m-%d}{after}")
    else:
        waits = {"inbox": "It waits for a decision: `settle` gives it", "quarantined": "It is set aside and not used"}
        parts.append(waits.get(status, f"It is {status}"))
    return ". ".join(parts) + "."


def diff(engine: Engine, accepted: Clean[DiffOf]) -> Diff:
    """What was learned, changed and closed between two instants."""
    request = accepted.request
    since = accepted.time("since") or datetime.min.replace(tzinfo=UTC)
    until = accepted.time("until") or accepted.now
    if until < since:
        raise InputError(f"until={until.isoformat()!r} is before since={since.isoformat()!r}; swap them.")
    before = {m.id: m for m in engine.store.reads.memories(None, user=request.user, known_at=since)}
    after = {m.id: m for m in engine.store.reads.memories(None, user=request.user, known_at=until)}
    changed = [(before[i], m) for i, m in after.items() if i in before and before[i].rev != m.rev]
    closed = [m for was, m in changed if was.holds(since) and not m.holds(until)]
    gone = {m.id for m in closed}
    return Diff(
        since=since, until=until,
        added=tuple(sorted((m for i, m in after.items() if i not in before), key=lambda m: (m.recorded_at, m.id))),
        closed=tuple(sorted(closed, key=lambda m: (m.recorded_at, m.id))),
        changed=tuple((was, now) for was, now in changed if now.id not in gone),
    )  # fmt: skip


def health(engine: Engine, accepted: Clean[HealthOf]) -> Health:
    """How much of what is kept, and what runs with less than it could."""
    request = accepted.request
    user, now = request.user, engine.now()
    memories = engine.store.reads.memories(None, user=user)
    current = [m for m in memories if m.status(now) == "current"]
    usage = engine.store.usage.get(None, user=user)
    held = [usage.get(m.id) or fresh(m) for m in current]
    chances = tuple(float(retrievability(days_between(u.last_used, now), u.stability)) for u in held)
    with engine.segments.hold(user) as segment:
        said = segment.alive & (segment.kind == EPISODE_KIND)
        episodes, times = int(said.sum()), segment.at[said]
    span = (_instant(int(np.min(times))), _instant(int(np.max(times)))) if episodes else (None, None)
    look = engine.second_look
    troubles = engine.embedder.degraded, engine.store.index.trouble, None if look is None else look.trouble
    return Health(
        user=user, episodes=episodes, memories=dict(Counter(m.status(now) for m in memories)),
        kinds={k: n for k in KINDS if (n := sum(m.kind == k for m in current))},
        scopes=dict(Counter(m.scope for m in current)), retrievability=chances,
        pending_index=engine.store.index.pending(user), embedder=engine.embedder.fingerprint,
        degraded=tuple(x for x in troubles if x), oldest=span[0], newest=span[1],
        events=engine.store.events.count(user=user),
    )  # fmt: skip


def _instant(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
