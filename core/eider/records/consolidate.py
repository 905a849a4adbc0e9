"""Retention: what every memory is worth keeping, and closing the least worth, as a plan that is looked at first and undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from eider.model.answers import Consolidation, Retention
from eider.model.changes import ChangeSet
from eider.model.errors import UnknownIdError
from eider.model.requests import Consolidate
from eider.model.requests_reading import RetentionOf
from eider.model.retention import retention
from eider.model.usage import fresh
from eider.privacy.ingress import Channel, Clean
from eider.privacy.redact import redact
from eider.privacy.redaction_check import clean_memory
from eider.records.proposals import may_change
from eider.store.engine import Engine


def retention_of(engine: Engine, accepted: Clean[RetentionOf]) -> list[Retention]:
    """Return how current memories stand against forgetting, the least worth first."""
    request = accepted.request
    found = _standings(engine, request.user)
    if request.candidates:
        found = [one for one in found if not one.immune and one.score < request.threshold]
    return found[: request.limit]


def consolidate(engine: Engine, accepted: Clean[Consolidate]) -> Consolidation:
    """Close current memories that fell below the threshold or beyond the cap and are not immune; nothing is deleted."""
    request, channel = accepted.request, accepted.channel
    return engine.planned(lambda: _consolidate(engine, request, channel))


def _standings(engine: Engine, user: str) -> list[Retention]:
    now, usage = engine.now(), engine.store.usage.get(None, user=user)
    links = Counter(end for edge in engine.store.reads.links(None, user=user) for end in {edge.source, edge.target})
    current = (m for m in engine.store.reads.memories(None, user=user) if m.status(now) == "current")
    found = [retention(m, usage.get(m.id) or fresh(m), links[m.id], now) for m in current]
    return sorted(found, key=lambda one: (bool(one.immune), one.score, one.memory.id))


def _consolidate(engine: Engine, request: Consolidate, channel: Channel) -> Consolidation:
    now, found = engine.now(), _standings(engine, request.user)
    for id_ in request.protect:
        if not engine.store.reads.memories([id_], user=request.user):
            raise UnknownIdError("memory", id_, request.user)
    open_ = [
        one for one in found if not one.immune and one.memory.id not in request.protect and may_change(channel, one.memory)
    ]  # fmt: skip
    reasons = _reasons(open_, len(found), request)
    closing = [one.memory for one in open_ if one.memory.id in reasons]
    kept, immune = len(found) - len(closing), sum(bool(one.immune) for one in found)
    note = ""
    if request.most is not None and kept > request.most:
        held = f"{immune} immune, {len(found) - len(open_) - immune} protected or of more trust than this channel's"
        note = f"{kept} memories stay, more than the {request.most} allowed: no other may be closed ({held})"
    plan = Consolidation(
        closed=tuple(closing), kept=kept, dry_run=request.dry_run, reasons=reasons, immune=immune, note=note
    )
    if request.dry_run or not closing:
        return plan
    closed = tuple(
        replace(clean_memory(m), recorded_at=now, valid_to=max(now, m.valid_from), to_precision="instant")
        for m in closing
    )
    cap = "" if request.most is None else f", and at most {request.most} stay"
    changes = ChangeSet(
        user=request.user, op="consolidate", actor=channel.name, at=now, memories=closed,
        reads={m.id: m.rev for m in closing}, reason=redact(f"retention below {request.prune_threshold}{cap}"),
    )  # fmt: skip
    done = engine.commit(changes)
    return replace(plan, closed=done.memories, event=done.event)


def _reasons(candidates: Sequence[Retention], current: int, request: Consolidate) -> Mapping[str, str]:
    """Why each is closed: id → reason, of candidates in order, the least worth first."""
    faded = [one for one in candidates if one.score < request.prune_threshold]
    reasons = {one.memory.id: f"score {one.score:.2f}, below {request.prune_threshold:g}" for one in faded}
    beyond = 0 if request.most is None else max(0, current - len(faded) - request.most)
    capped = [one for one in candidates if one.memory.id not in reasons][:beyond]
    return reasons | {
        one.memory.id: f"score {one.score:.2f}, among the least of {current}, where {request.most} may stay"
        for one in capped
    }
