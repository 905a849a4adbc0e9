"""The inbox: what a person decides. Words that may be worth keeping, and older memories that may no longer hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from eider.learn.plan import Plan, plan_decisions
from eider.learn.reconcile import reconcile
from eider.model.errors import RefusedError
from eider.model.learned import Draft, InboxEntry
from eider.model.requests_learning import Inbox, Settle
from eider.model.values import GLOBAL, TRUST, Edge, Memory
from eider.privacy.ingress import Channel, Clean
from eider.privacy.redaction_check import clean_memory
from eider.records.proposals import asked_to_end
from eider.records.revise import existing_memory
from eider.retrieve.nearest import nearest_memories
from eider.store.arrays import STATE_CODE
from eider.store.engine import Engine

_QUOTED: Final = 160
"""Characters of a text that a question quotes."""


def inbox(engine: Engine, accepted: Clean[Inbox]) -> list[InboxEntry]:
    """Return what waits, newest first, each as a question with two answers."""
    request = accepted.request
    with engine.segments.hold(request.user) as segment:
        rows = segment.alive & segment.is_memory & (segment.state == STATE_CODE["inbox"])
        ids = [segment.ids[row] for row in np.flatnonzero(rows)]
    waiting = [
        m for m in engine.store.reads.memories(ids, user=request.user)
        if m.state == "inbox" and m.valid_to is None and m.act != "revoke" and m.doubt is None
    ]  # fmt: skip
    doubted = [m for m in engine.store.reads.doubted(user=request.user) if m.status(engine.now()) == "current"]
    asked = {m.doubt.by for m in doubted if m.doubt is not None}
    waiting = [*(m for m in waiting if m.id not in asked), *doubted]
    waiting.sort(key=lambda m: m.recorded_at, reverse=True)
    return [_entry(engine, memory) for memory in waiting[: request.limit]]


def _entry(engine: Engine, memory: Memory) -> InboxEntry:
    quoted = _short(memory)
    if memory.doubt is not None and memory.state == "active":
        by = engine.store.reads.memories([memory.doubt.by], user=memory.user)
        later = f"“{_short(by[0])}”" if by else "something said since"
        ends = memory.doubt.relation == "ends"
        question = f"Later came {later}. Does that {'end' if ends else 'replace'} “{quoted}”?"
        yes = f"“{quoted}” ends, and the later words hold" if not ends else f"“{quoted}” ends"
        return InboxEntry(
            id=memory.id, question=question, yes=yes, no="Both hold" if not ends else f"“{quoted}” holds on",
            memory=memory, against=tuple(by), probability=memory.doubt.probability, relation=memory.doubt.relation,
            runner_up=memory.doubt.runner_up,
        )  # fmt: skip
    against = tuple(contradicted(engine, memory))
    if (ends := asked_to_end(engine, memory)) is not None:
        return InboxEntry(
            id=memory.id, question=f"{memory.agent} asks to end “{quoted}”. Shall it end?",
            yes=f"“{quoted}” ends; eider forget {ends.id} erases it", no=f"“{quoted}” holds on", memory=memory, against=(ends,),
        )  # fmt: skip
    if against:
        question = f"“{quoted}” contradicts “{_short(against[0])}”. Does the new statement hold?"
        yes, no = f"It holds, and “{_short(against[0])}” ends", f"“{_short(against[0])}” holds on"
    else:
        question = f"Should this be remembered: “{quoted}”?"
        yes, no = "It is remembered", "It is not remembered"
    return InboxEntry(
        id=memory.id, question=question, yes=yes, no=no, memory=memory, against=against, probability=memory.confidence
    )  # fmt: skip


def _short(memory: Memory) -> str:
    text = " ".join(memory.text.split())
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def settle(engine: Engine, accepted: Clean[Settle]) -> Memory:
    """Answer a question of the inbox; the memory as it is afterwards.

    An agent's answer counts as a model's: what waits gets an agent's trust by it, and nothing that the user said ends
    but by later words of the user.

    Raises:
        RefusedError: It does not wait, or the channel may not decide it.
    """
    request, channel = accepted.request, accepted.channel
    if channel.max_trust not in ("user", "agent"):
        raise RefusedError(f"channel {channel.name!r} may not settle the inbox; a person does, with eider inbox.")
    return engine.planned(lambda: _settle_memory(engine, request, channel))


def _settle_memory(engine: Engine, request: Settle, channel: Channel) -> Memory:
    memory = existing_memory(engine, request.id, request.user)
    if TRUST[channel.max_trust] < TRUST["user"]:
        _refuse_above_agent(engine, memory)
    if memory.state == "active" and memory.doubt is not None and memory.status(engine.now()) == "current":
        return _settle_doubt(engine, request, memory, channel)
    if memory.state != "inbox" or memory.valid_to is not None:
        raise RefusedError(f"memory {memory.id!r} does not wait in the inbox; list what does with inbox().")
    if (ends := asked_to_end(engine, memory)) is not None:
        return _settle_end(engine, request, memory, ends, channel)
    if not request.accept:
        doubted = engine.store.reads.doubted(user=memory.user, by=memory.id)
        free = [replace(clean_memory(m), recorded_at=engine.now(), doubt=None) for m in doubted]
        return _write(engine, request, channel, "reject", [memory, *doubted], [_as_never_held(engine, memory), *free])
    return _accept(engine, request, memory, channel)


def _refuse_above_agent(engine: Engine, memory: Memory) -> None:
    """Refuse an agent's answer where it would end the user's words by anything but later words of the user.

    Raises:
        RefusedError: It would.
    """
    above = [m for m in contradicted(engine, memory) if m.trust > TRUST["agent"]]
    if memory.doubt is not None and memory.state == "active":
        by = engine.store.reads.memories([memory.doubt.by], user=memory.user)
        above += [memory] if not by or by[0].state == "inbox" or by[0].trust < memory.trust else []
    if above or asked_to_end(engine, memory) is not None:
        raise RefusedError(
            f"{memory.id!r} is about what the user said, which only the user ends; ask, and let the user answer with "
            f"eider inbox accept {memory.id} or eider inbox reject {memory.id}."
        )


def _accept(engine: Engine, request: Settle, memory: Memory, channel: Channel) -> Memory:
    """Words that waited hold now: what they contradict ends, and they meet what is near them.

    On a person's word they are the user's; on an agent's they are trusted like an agent, and guide nobody.
    """
    now, trust = engine.now(), TRUST[channel.max_trust]
    draft = Draft(
        kind=memory.kind, text=memory.text, scope=memory.scope, importance=memory.importance, trust=trust,
        valid_from=memory.valid_from, valid_to=memory.valid_to,
    )  # fmt: skip
    neighbours = nearest_memories(
        engine, memory.user, memory.text, now, scopes={memory.scope, GLOBAL}, least_trust=min(1, memory.trust)
    )
    against = [m for m in contradicted(engine, memory) if m.status(now) == "current"]
    decisions = [
        d for d in reconcile([draft], [neighbours], now=now)
        if d.relation in ("supersede", "merge", "doubt") and d.target not in {m.id for m in against}
    ]  # fmt: skip
    active = replace(clean_memory(memory), recorded_at=now, state="active", trust=trust)
    found = {m.id: m for m in (*neighbours, *against, memory)}
    decisions = decisions or list(reconcile([draft], [[]], now=now))
    plan = plan_decisions(
        engine, [draft], decisions, found, channel, user=memory.user, now=now, said_at=memory.valid_from,
        given={0: active},
    )  # fmt: skip
    for old in against:
        ends = max(now, old.valid_from)
        plan.memories[old.id] = replace(plan.version(old), valid_to=ends, to_precision="instant", superseded_by=memory.id, doubt=None)  # fmt: skip
        plan.edges.append(Edge(source=memory.id, target=old.id, kind="supersedes"))
    return _commit(engine, request, channel, "accept", plan)


def _settle_end(engine: Engine, request: Settle, proposal: Memory, memory: Memory, channel: Channel) -> Memory:
    """What an agent asked to end ends, or holds on; the question is gone."""
    now = engine.now()
    read, written = [proposal], [_as_never_held(engine, proposal)]
    if request.accept and memory.status(now) == "current":
        read.append(memory)
        written.append(
            replace(
                clean_memory(memory),
                recorded_at=now,
                valid_to=max(now, memory.valid_from),
                to_precision="instant",
                doubt=None,
            )
        )
    return _write(engine, request, channel, "accept" if request.accept else "reject", read, written)


def _settle_doubt(engine: Engine, request: Settle, memory: Memory, channel: Channel) -> Memory:
    """The older memory ends, or holds on beside the later words; a question about several is answered for all."""
    now = engine.now()
    doubt = memory.doubt
    assert doubt is not None  # noqa: S101 (the caller looked)
    by = engine.store.reads.memories([doubt.by], user=memory.user)
    waits = bool(by) and by[0].state == "inbox"
    takes_back = waits and by[0].act == "revoke"
    version = replace(clean_memory(memory), recorded_at=now, doubt=None)
    if request.accept:
        version = replace(
            version, valid_to=max(now, memory.valid_from), to_precision="instant",
            superseded_by=None if takes_back or not by else by[0].id,
        )  # fmt: skip
    written, read = [version], [memory]
    others = [m for m in engine.store.reads.doubted(user=memory.user, by=doubt.by) if m.id != memory.id]
    if takes_back and request.accept:
        written += [replace(clean_memory(m), recorded_at=now, doubt=None) for m in others]
        read += others
    if takes_back and (request.accept or not others):
        written.append(_as_never_held(engine, by[0]))
        read.append(by[0])
    elif waits and not takes_back and request.accept:
        written.append(replace(clean_memory(by[0]), recorded_at=now, state="active", trust=TRUST["user"]))
        read.append(by[0])
    return _write(engine, request, channel, "accept" if request.accept else "reject", read, written)


def _as_never_held(engine: Engine, memory: Memory) -> Memory:
    """Words that are not kept: they never held."""
    return replace(clean_memory(memory), recorded_at=engine.now(), valid_to=memory.valid_from, state="active")


def contradicted(engine: Engine, memory: Memory) -> list[Memory]:
    """Return what a memory in the inbox stands against."""
    ids = engine.store.reads.linked(memory.id, "contradicts", user=memory.user)
    return engine.store.reads.memories(ids, user=memory.user)


def _write(
    engine: Engine, request: Settle, channel: Channel, op: str, read: Sequence[Memory], written: Sequence[Memory]
) -> Memory:
    plan = Plan(now=engine.now(), known={m.id: m for m in read})
    plan.memories.update({m.id: m for m in written})
    if written[0].superseded_by is not None:
        plan.edges.append(Edge(source=written[0].superseded_by, target=written[0].id, kind="supersedes"))
    return _commit(engine, request, channel, op, plan)


def _commit(engine: Engine, request: Settle, channel: Channel, op: str, plan: Plan) -> Memory:
    changes = plan.changes(request.user, op, channel)
    return next(m for m in engine.commit(changes).memories if m.id == request.id)
