"""Imports meet what was known before them, as everything that enters does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from eider.learn.plan import plan_decisions
from eider.learn.reconcile import reconcile
from eider.model.learned import Draft
from eider.privacy.redaction_check import clean_memory
from eider.records.exchange.export import import_ as bring
from eider.records.exchange.export import import_lines as bring_lines
from eider.retrieve.nearest import nearest_of_many

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eider.model.answers import Imported
    from eider.model.requests import Import, ImportLines
    from eider.model.values import Memory
    from eider.privacy.ingress import Channel, Clean
    from eider.store.engine import Engine

_BATCH: Final = 250
"""Statements held against what is known in one commit."""


def import_(engine: Engine, accepted: Clean[Import]) -> Imported:
    """Bring rows in, and hold the statements among them against what was known before, not against each other."""
    return _meeting_known(engine, accepted, lambda: bring(engine, accepted))


def import_lines(engine: Engine, accepted: Clean[ImportLines]) -> Imported:
    """Bring in lines of another tool, and hold the statements among them against what was known before."""
    return _meeting_known(engine, accepted, lambda: bring_lines(engine, accepted))


def _meeting_known(
    engine: Engine, accepted: Clean[Import] | Clean[ImportLines], bring: Callable[[], Imported]
) -> Imported:  # fmt: skip
    before, user = engine.store.events.head[0], accepted.request.user
    done = bring()
    if accepted.request.dry_run or not done.memories:
        return done
    everything = engine.store.reads.memories(None, user=user)
    new = [m for m in everything if m.rev > before and m.status(engine.now()) == "current"]
    if len(new) < len(everything):
        ids = [m.id for m in new]
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            engine.planned(lambda part=part: _reconcile(engine, user, part, frozenset(ids), accepted.channel))
    return done


def _reconcile(engine: Engine, user: str, ids: Sequence[str], new: frozenset[str], channel: Channel) -> None:
    now = engine.now()
    memories = [m for m in engine.store.reads.memories(ids, user=user) if m.status(now) == "current"]
    made = engine.material.of(memories)
    neighbours = nearest_of_many(
        engine, user, [made[m.id].vector for m in memories], [m.scope for m in memories], besides=new
    )
    met = [(m, group) for m, group in zip(memories, neighbours, strict=True) if group]
    drafts = [_draft(m) for m, _ in met]
    decisions = reconcile(drafts, [group for _, group in met], now=now)
    known = {m.id: m for m, group in met for m in (m, *group)}
    changing = [d for d in decisions if d.relation != "none" and d.target is not None]
    at_work = {d.draft for d in changing}
    given = {n: replace(clean_memory(m), recorded_at=now) for n, (m, _) in enumerate(met) if n in at_work}
    plan = plan_decisions(
        engine,
        drafts,
        [d for d in decisions if d.draft in at_work],
        known,
        channel,
        user=user,
        now=now,
        said_at=now,
        given=given,
    )
    for one in decisions:
        memory, same = met[one.draft][0], known.get(one.target or "")
        if one.relation == "none" and same is not None and same.trust == memory.trust and same.scope == memory.scope:
            ends = max(now, memory.valid_from)
            plan.memories[memory.id] = replace(
                clean_memory(memory), recorded_at=now, superseded_by=same.id, valid_to=ends, to_precision="instant"
            )
    if plan.memories:
        engine.commit(plan.changes(user, "reconcile", channel, decisions))


def _draft(memory: Memory) -> Draft:
    return Draft(
        kind=memory.kind, text=memory.text, scope=memory.scope, importance=memory.importance, trust=memory.trust,
        valid_from=memory.valid_from, valid_to=memory.valid_to,
    )  # fmt: skip
