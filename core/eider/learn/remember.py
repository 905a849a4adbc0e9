"""Keeping statements that are given as such: one, many, or standing rules; each is held against what is known."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from eider.learn.plan import plan_decisions
from eider.learn.reconcile import comparable, reconcile
from eider.model.changes import ChangeSet
from eider.model.errors import InputError, MissingExtraError, ModelError
from eider.model.ids import new_id
from eider.model.learned import Decision, Draft
from eider.model.requests import Record, Remember, RememberMany
from eider.model.requests_learning import AddRules
from eider.model.usage import use_of
from eider.model.values import GLOBAL, TRUST, Memory
from eider.privacy.ingress import Channel, Clean, accept
from eider.privacy.redaction_check import usages_detail
from eider.records.record import part_key
from eider.retrieve.nearest import nearest_memories, nearest_of_many
from eider.store.engine import Engine

_BATCH: Final = 500
"""Statements per transaction: holding so many against what is known takes about a second."""
_LET_OTHERS_WRITE: Final = 0.002
"""Seconds between two transactions: a lock that is let go and taken again at once is never another's."""
_ONE_BY_ONE: Final = 8
"""Statements of one call up to which each looks for its neighbours by rank; more are looked up by meaning, together."""


def remember(engine: Engine, accepted: Clean[Remember], beside: Collection[str] = ()) -> Memory:
    """Keep one statement; saying what is already known strengthens it instead of adding it.

    Args:
        engine: The open store.
        accepted: The statement.
        beside: Ids of memories that the same author gave with it, which it does not change.
    """
    return engine.planned(lambda: _remember(engine, accepted, beside))


def _remember(engine: Engine, accepted: Clean[Remember], beside: Collection[str]) -> Memory:
    request, channel = accepted.request, accepted.channel
    if (first := _said_before(engine, request, channel)) is not None:
        return first
    memory = _memory(engine, accepted)
    twin = engine.store.statements.twin(memory) if memory.valid_to is None else None
    if twin is not None:
        _note_uses(engine, [twin], channel, memory.key)
        return twin
    return _add(engine, [memory], channel, memory.key, beside)[0]


def remember_many(engine: Engine, accepted: Clean[RememberMany]) -> list[Memory]:
    """Keep many statements; new ones in one transaction each batch, known ones strengthened.

    They are held against what was known before, not against each other: a list is one author's.
    """
    said = accepted.statements
    if any(one.request.key is not None for one in said):
        kept: list[Memory] = []
        for one in said:
            kept.append(remember(engine, one, {m.id for m in kept}))
        return kept
    return _in_batches(engine, said, accepted.channel, accepted.request.user, accepted.request.key)


def add_rules(engine: Engine, accepted: Clean[AddRules]) -> list[Memory]:
    """Keep explicit instructions as rules, as they are given; each is held against what was known before."""
    request, channel = accepted.request, accepted.channel
    scope = request.scope or GLOBAL
    said = [
        accept(Remember(user=request.user, text=one.request.text, kind="rule", scope=scope), channel, engine.now())
        for one in _without_hedges(engine, accepted)
    ]
    return _in_batches(engine, said, channel, request.user, None)


def _without_hedges(engine: Engine, accepted: Clean[AddRules]) -> Sequence[Clean[Record]]:
    """In eager mode those that do not merely hedge; what was said outright is kept where no model can be asked."""
    settings = engine.agents.of(accepted.channel.agent)
    if settings.mode != "eager" or TRUST[accepted.channel.max_trust] < 1:
        return accepted.records
    from eider.learn.model_assist import standing

    try:
        firm = set(standing(engine.agents.model(settings), [one.request.text for one in accepted.records]))
    except (ModelError, MissingExtraError):
        return accepted.records
    return [one for one in accepted.records if one.request.text in firm]


def _in_batches(
    engine: Engine, said: Sequence[Clean[Remember]], channel: Channel, user: str, key: str | None
) -> list[Memory]:
    kept: list[Memory] = []
    for start in range(0, len(said), _BATCH):
        if start:
            time.sleep(_LET_OTHERS_WRITE)
        batch, part = said[start : start + _BATCH], part_key(key, start)
        kept += engine.planned(
            lambda batch=batch, part=part: _remember_batch(engine, batch, channel, user=user, key=part)
        )
    return kept


def _said_before(engine: Engine, request: Remember, channel: Channel) -> Memory | None:
    """The answer of an earlier call with the same key, whether it added a memory or strengthened one."""
    if request.key is None:
        return None
    for op in ("remember", "restate"):
        asked = ChangeSet(user=request.user, op=op, actor=channel.name, at=engine.now(), key=request.key)
        done = engine.store.commits.repeated(asked)
        if done is not None and done.memories:
            return next((m for m in done.memories if m.key == request.key), done.memories[0])
    return None


def _note_uses(engine: Engine, twins: Sequence[Memory], channel: Channel, key: str | None) -> None:
    """A restatement by the user is a use; by anybody else it changes nothing."""
    if TRUST[channel.max_trust] < TRUST["user"] or not twins:
        return
    now = engine.now()
    known = engine.store.usage.get([twin.id for twin in twins], user=twins[0].user)
    uses = [use_of(twin, known, now) for twin in twins]
    changes = ChangeSet(
        user=twins[0].user, op="restate", actor=channel.name, at=now, usage=tuple(after for _, after in uses),
        reads={twin.id: twin.rev for twin in twins}, key=key,
        detail=usages_detail(before for before, _ in uses),
    )  # fmt: skip
    engine.commit(changes)


def _remember_batch(
    engine: Engine, said: Sequence[Clean[Remember]], channel: Channel, *, user: str, key: str | None
) -> list[Memory]:
    asked = ChangeSet(user=user, op="remember", actor=channel.name, at=engine.now(), key=key)
    first = engine.store.commits.repeated(asked) if key is not None else None
    written = {(comparable(m.text), m.kind, m.scope): m for m in (() if first is None else first.memories)}
    answer: list[Memory] = []
    new: dict[tuple[object, ...], Memory] = {}
    restated: dict[str, Memory] = {}
    memories = [_memory(engine, one) for one in said]
    twins = engine.store.statements.twins(memories)
    for one, memory, twin in zip(said, memories, twins, strict=True):
        if twin is not None and memory.valid_to is None:
            restated[twin.id] = twin
            answer.append(twin)
        elif (before := written.get((comparable(memory.text), memory.kind, memory.scope))) is not None:
            answer.append(before)  # the same call wrote it, and it has ended since
        else:
            same = (comparable(memory.text), memory.kind, memory.scope, memory.valid_to, one.request.valid_from)
            answer.append(new.setdefault(same, memory))
    if new:
        stored = _add(engine, list(new.values()), channel, key if first is None else None)
        now = dict(zip((m.id for m in new.values()), stored, strict=True))
        answer = [now.get(m.id, m) for m in answer]
    if first is None:
        _note_uses(engine, list(restated.values()), channel, None)
    return answer


def _add(
    engine: Engine, memories: Sequence[Memory], channel: Channel, key: str | None, beside: Collection[str] = ()
) -> list[Memory]:
    """Write new statements with what each does to what is known; the memories that say them, in their order."""
    user, now = memories[0].user, engine.now()
    made = engine.material.of(memories)
    drafts = [
        Draft(
            kind=m.kind, text=m.text, scope=m.scope, importance=m.importance, trust=m.trust, valid_from=m.valid_from,
            valid_to=m.valid_to,
        )
        for m in memories
    ]  # fmt: skip
    if len(drafts) <= _ONE_BY_ONE:
        neighbours = [
            nearest_memories(engine, user, d.text, now, scopes={d.scope, GLOBAL}, least_trust=min(1, d.trust))
            for d in drafts
        ]
    else:
        neighbours = nearest_of_many(engine, user, [made[m.id].vector for m in memories], [m.scope for m in memories])
    neighbours = [[m for m in group if m.id not in beside] for group in neighbours]
    known = {m.id: m for group in neighbours for m in group}
    found = [
        _in_its_words(d, drafts[d.draft], known.get(d.target or "")) for d in reconcile(drafts, neighbours, now=now)
    ]
    given = dict(enumerate(memories))
    plan = plan_decisions(engine, drafts, found, known, channel, user=user, now=now, said_at=now, given=given)
    changes = plan.changes(user, "remember", channel, found)
    changes = replace(changes, indexing={i: x for i, x in made.items() if i in plan.memories}, key=key)
    written = {m.id: m for m in engine.commit(changes).memories}
    return [written.get(i) or known[i] for i in (plan.answers[n] for n in range(len(drafts)))]


def _in_its_words(decision: Decision, draft: Draft, known: Memory | None) -> Decision:
    """What is decided of a statement that is given as such: it is kept in its own words, in the place of those that
    said the same; what was said elsewhere, or by somebody of more trust, holds beside it.
    """  # noqa: D205
    if decision.relation != "none" or known is None:
        return decision
    if known.scope != draft.scope or known.trust > draft.trust:
        return replace(decision, relation="add", target=None)
    return replace(decision, relation="merge" if known.kind == draft.kind else "supersede")


def _memory(engine: Engine, accepted: Clean[Remember]) -> Memory:
    said, now = accepted.request, engine.now()
    start, from_precision = accepted.times.get("valid_from", (now, "instant"))
    end, to_precision = accepted.times.get("valid_to", (None, "instant"))
    if end is not None and end <= start:
        raise InputError(
            f"valid_to={end.isoformat()!r} is not after valid_from={start.isoformat()!r}; give a later valid_to."
        )
    return Memory(
        id=new_id("mem_"), rev=0, kind=said.kind, text=said.text, user=said.user, agent=accepted.channel.agent,
        scope=said.scope, origin=accepted.origin, trust=TRUST[accepted.origin], valid_from=start, recorded_at=now,
        importance=said.importance, valid_to=end, from_precision=from_precision, to_precision=to_precision,
        pinned=said.pinned, key=said.key,
    )  # fmt: skip
