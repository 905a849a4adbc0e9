"""Scopes as they are learned: where a model says something applies, which scopes there are, and keeping them few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from eider.learn.scope_model import judge_of
from eider.model import config
from eider.model.changes import ChangeSet, ScopeName
from eider.model.errors import ConfigError, InputError, ModelError
from eider.model.learned import ScopeCount, ScopePlan, ScopeStep
from eider.model.requests_learning import ConsolidateScopes, Scopes
from eider.model.values import GLOBAL, Memory
from eider.privacy.ingress import Channel, Clean, accept
from eider.privacy.redact import redact, redact_name
from eider.privacy.redaction_check import clean_memory
from eider.records.scope_names import (
    READ,
    allowed,
    fault,
    is_short,
    merges,
    tidy,
)
from eider.records.scope_registry import known_name, likeness, scope_names
from eider.store.arrays import STATE_CODE, micros
from eider.store.engine import Engine

if TYPE_CHECKING:
    from eider.store.jobs import Job

_SHOWN: Final = 8
"""Memories of a scope that a model is shown."""
_JOB: Final = "consolidate_scopes"
_OPEN: Final = ("current", "inbox", "quarantined")


# ---------------------------------------------------------------------- where a model says that something applies


def asked_scope(engine: Engine, user: str, agent: str, scope: str, *, context: str, statement: str) -> str:
    """Where a model says that something applies; what was found without it where it does not answer."""
    about = engine.agents.of(agent)
    judge = judge_of(engine, agent)
    if judge is None:
        return scope
    known = scope_names(engine, user, about)
    try:
        said = judge.choose(statement, context[:READ], known, new=about.dynamic_scopes)
    except ModelError:
        return scope
    if said is None or tidy(said) == GLOBAL:
        return GLOBAL
    found = known_name(engine, user, about, said)
    return found if found in known or (about.dynamic_scopes and is_short(found)) else GLOBAL


# ---------------------------------------------------------------------- which there are


def scopes(engine: Engine, accepted: Clean[Scopes]) -> list[ScopeCount]:
    """All scopes of a user with what is in them: `global` first, then by size."""
    request, channel = accepted.request, accepted.channel
    counts = _count(engine, request.user)
    declared = engine.agents.of(channel.agent).scopes
    registered: dict[str, list[str]] = {}
    for agent, name in engine.store.scopes.registered(user=request.user):
        registered.setdefault(name, []).append(agent)
    found = [
        ScopeCount(
            name=name, memories=counts[name], agents=tuple(registered.get(name, ())),
            known="always" if name == GLOBAL else "declared" if name in declared else "registered" if name in registered else "used",
        )
        for name in {GLOBAL, *declared, *registered, *counts}
    ]  # fmt: skip
    return sorted(found, key=lambda s: (s.name != GLOBAL, -s.memories, s.name))


def _count(engine: Engine, user: str) -> Counter[str]:
    """Scope → current memories."""
    now = micros(engine.now())
    with engine.segments.hold(user) as segment:
        current = segment.alive & segment.is_memory & (segment.state == STATE_CODE["active"])
        current &= segment.valid_to > now
        sizes = np.bincount(segment.scope[current], minlength=len(segment.scopes) + 1)
        return Counter({name: int(sizes[code]) for name, code in segment.scopes.items() if sizes[code]})


# ---------------------------------------------------------------------- keeping them few


def consolidate_scopes(engine: Engine, accepted: Clean[ConsolidateScopes]) -> ScopePlan:
    """Merge, rename and split scopes; a plan to look at, and one change that can be undone.

    Raises:
        InputError: A step that was passed cannot be taken; the message names it.
    """
    request, channel = accepted.request, accepted.channel
    about = engine.agents.of(channel.agent)
    if about.mode == "frugal":
        return ScopePlan(dry_run=request.dry_run, why=f"agent {channel.agent!r} is frugal: scopes stay as they are")
    listed = scopes(engine, accept(Scopes(user=request.user), channel, engine.now()))
    names = {s.name: s.memories for s in listed if s.name != GLOBAL}
    if len(names) < 2:  # noqa: PLR2004 (one cannot be merged with itself)
        return ScopePlan(dry_run=request.dry_run, why="there are fewer than two scopes besides global")
    if request.steps is not None:
        known = set(names)
        for step in request.steps:
            if wrong := fault(step, known):
                raise InputError(f"step {step.op} of {', '.join(map(repr, step.scopes))} cannot be taken: {wrong}.")
            known = (known - set(step.scopes)) | set(step.into)
        steps, without = list(request.steps), ""
    else:
        steps, without = _propose(engine, request.user, channel.agent, names)
    if not steps:
        return ScopePlan(dry_run=request.dry_run, why=f"nothing to merge, rename or split{without}")
    return engine.planned(lambda: _apply(engine, request, steps, channel, without))


def _propose(engine: Engine, user: str, agent: str, names: Mapping[str, int]) -> tuple[list[ScopeStep], str]:
    """Merges by rule, then what a model adds, and what was done without; declared names stay, none is in two steps."""
    declared = engine.agents.of(agent).scopes
    steps = list(merges(names, declared, likeness(engine)))
    touched = {s for step in steps for s in (*step.scopes, *step.into)}
    judge = judge_of(engine, agent)
    if judge is None:
        return steps, "; no model could be asked, so only names that are alike were looked at"
    try:
        said = judge.propose(_examples(engine, user, names))
    except ModelError as error:
        return steps, f"; the model did not answer ({error})"
    for step in said:
        made = replace(step, into=tuple(n if n in names else tidy(n) for n in step.into))
        involved = {*made.scopes, *made.into}
        fits = all(n in names or is_short(n) for n in made.into)
        if fits and allowed(made, names, declared) and not involved & touched:
            steps.append(made)
            touched |= involved
    return steps, ""


def _examples(engine: Engine, user: str, names: Mapping[str, int]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {name: [] for name in names}
    now = engine.now()
    for memory in sorted(engine.store.reads.memories(None, user=user), key=lambda m: m.recorded_at, reverse=True):
        said = texts.get(str(memory.scope))
        if said is not None and len(said) < _SHOWN and memory.status(now) == "current" and memory.trust >= 1:
            said.append(memory.text)
    return texts


def _apply(
    engine: Engine, request: ConsolidateScopes, steps: Sequence[ScopeStep], channel: Channel, without: str
) -> ScopePlan:
    now = engine.now()
    open_ones = {m.id: m for m in engine.store.reads.memories(None, user=request.user) if m.status(now) in _OPEN}
    place: dict[str, str] = {i: str(m.scope) for i, m in open_ones.items()}
    for step in steps:
        ids = [i for i, scope in place.items() if scope in step.scopes]
        if step.op != "split":
            place.update(dict.fromkeys(ids, step.into[0]))
        elif ids:
            texts = engine.embedder.embed([open_ones[i].text for i in ids], "document")
            names = engine.embedder.embed([n.rpartition(":")[2].replace("-", " ") for n in step.into], "query")
            place.update(
                {i: step.into[int(best)] for i, best in zip(ids, (texts @ names.T).argmax(axis=1), strict=True)}
            )
    moved = [m for i, m in open_ones.items() if place[i] != m.scope]
    versions = tuple(replace(clean_memory(m), scope=redact_name(place[m.id]), recorded_at=now) for m in moved)
    added, removed = _rename_registered(engine, request.user, steps, channel)
    why = "; ".join(f"{s.op} {', '.join(s.scopes)} into {', '.join(s.into)}" for s in steps)
    plan = ScopePlan(steps=tuple(steps), memories=versions, dry_run=request.dry_run, why=why + without)
    changes = ChangeSet(
        user=request.user, op="consolidate_scopes", actor=channel.name, at=now, memories=versions,
        reads={m.id: m.rev for m in moved}, registers=added, unregisters=removed, reason=redact(why),
    )  # fmt: skip
    if request.dry_run or not changes:
        return plan
    done = engine.commit(changes)
    return replace(plan, memories=done.memories, event=done.event)


def _rename_registered(
    engine: Engine, user: str, steps: Sequence[ScopeStep], channel: Channel
) -> tuple[tuple[ScopeName, ...], tuple[ScopeName, ...]]:
    """What steps mean for the registered names: (to note, to take out)."""
    before = engine.store.scopes.registered(user=user)
    after = set(before)
    for step in steps:
        gone = set(step.scopes) - set(step.into)
        agents = {agent for agent, name in after if name in step.scopes} or {channel.agent}
        after = {one for one in after if one[1] not in gone} | {(a, n) for a in agents for n in step.into}
    sorted_new = sorted(after - set(before))
    removed = [one for one in before if one not in after]
    return _clean(sorted_new), _clean(removed)


def _clean(names: Sequence[ScopeName]) -> tuple[ScopeName, ...]:
    return tuple((redact_name(agent), redact_name(name)) for agent, name in names)


# ---------------------------------------------------------------------- by themselves


def queue_when_due(engine: Engine, user: str, agent: str, learned: Sequence[Memory]) -> None:
    """Queue a consolidation when enough was learned since the last one; what was committed is told in any case."""
    if not learned or engine.agents.of(agent).mode == "frugal":
        return
    last = engine.store.job_queue.last_queued(_JOB, user=user)
    since = engine.store.statements.count_new(user=user, since=last)
    with suppress(ConfigError):  # a bad setting is told when a memory is opened
        if since >= config.scope_threshold():
            engine.jobs.queue(_JOB, user=user, payload={"agent": agent})


def consolidate_queued(engine: Engine, job: Job) -> None:
    """The job that `queue_when_due` queues."""
    channel = Channel(name="jobs", max_trust="agent", agent=job.payload["agent"])
    consolidate_scopes(engine, accept(ConsolidateScopes(user=job.user, dry_run=False), channel, engine.now()))
