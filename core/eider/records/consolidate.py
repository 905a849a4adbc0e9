"""Consolidation: what has decayed is closed, as a plan that can be looked at first and undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from eider.model.answers import Consolidation
from eider.model.changes import ChangeSet
from eider.model.forgetting_curve import retrievability
from eider.model.requests import Consolidate
from eider.model.usage import days_between, fresh
from eider.model.values import Usage
from eider.privacy.ingress import Channel, Clean
from eider.privacy.redact import redact
from eider.records.proposals import may_change
from eider.records.revise import sealed
from eider.store.engine import Engine


def consolidate(engine: Engine, accepted: Clean[Consolidate]) -> Consolidation:
    """Close current, unpinned memories whose retrievability has fallen below the threshold; nothing is deleted."""
    request, channel = accepted.request, accepted.channel
    return engine.planned(lambda: _consolidate(engine, request, channel))


def _consolidate(engine: Engine, request: Consolidate, channel: Channel) -> Consolidation:
    now = engine.now()
    usage = engine.store.usage.get(None, user=request.user)
    current = [m for m in engine.store.reads.memories(None, user=request.user) if m.status(now) == "current"]
    faded = [m for m in current if not m.pinned and _chance(usage.get(m.id) or fresh(m), now) < request.prune_threshold]
    faded = [m for m in faded if may_change(channel, m)]
    kept = len(current) - len(faded)
    if request.dry_run or not faded:
        return Consolidation(closed=tuple(faded), kept=kept, dry_run=request.dry_run)
    closed = tuple(
        replace(sealed(m), recorded_at=now, valid_to=max(now, m.valid_from), to_precision="instant") for m in faded
    )
    changes = ChangeSet(
        user=request.user, op="consolidate", actor=channel.name, at=now, memories=closed,
        reads={m.id: m.rev for m in faded}, reason=redact(f"retrievability below {request.prune_threshold}"),
    )  # fmt: skip
    done = engine.commit(changes)
    return Consolidation(closed=done.memories, kept=kept, dry_run=False, event=done.event)


def _chance(usage: Usage, now: datetime) -> float:
    return float(retrievability(days_between(usage.last_used, now), usage.stability))
