"""Changing what is believed: correct, end, reinforce, pin. Each writes a new version; nothing is edited."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from eider.model.changes import ChangeSet
from eider.model.errors import ClosedMemoryError, ErasedError, UnknownIdError
from eider.model.ids import new_id
from eider.model.requests import Correct, Deactivate, Named, Pin, Reinforce, Unpin
from eider.model.usage import use_of
from eider.model.values import TRUST, Edge, Memory
from eider.privacy.ingress import Channel, Clean
from eider.privacy.redaction_check import clean_memory, usage_detail
from eider.records.proposals import check_may_change, may_change, propose
from eider.store.engine import Engine


def existing_memory(engine: Engine, id: str, user: str) -> Memory:  # noqa: A002 (the word users know)
    """A user's memory as it stands.

    Raises:
        UnknownIdError: There is none of this user; another user's is not there either.
        ErasedError: It was forgotten.
    """
    found = engine.store.reads.memories([id], user=user)
    if not found:
        raise UnknownIdError("memory", id, user)
    if found[0].state == "erased":
        raise ErasedError(f"memory {id!r}")
    return found[0]


def open_memory(engine: Engine, request: Named[Any]) -> Memory:
    """The named memory, which must still hold.

    Raises:
        ClosedMemoryError: Naming its current successor.
    """
    memory = existing_memory(engine, request.id, request.user)
    if memory.status(engine.now()) not in ("current", "inbox", "quarantined"):
        raise ClosedMemoryError(memory.id, successor(engine, memory))
    return memory


def successor(engine: Engine, memory: Memory) -> str | None:
    """The memory at the end of the chain, if it still holds."""
    passed = {memory.id}
    last: Memory = memory
    while last.superseded_by is not None and last.superseded_by not in passed:
        following = engine.store.reads.memories([last.superseded_by], user=memory.user)
        if not following:
            break
        last = following[0]
        passed.add(last.id)
    return last.id if last is not memory and last.status(engine.now()) == "current" else None


def correct(engine: Engine, accepted: Clean[Correct]) -> Memory:
    """Write a successor and close the memory it replaces, at the same instant; a proposal where that is trusted more."""
    request, channel = accepted.request, accepted.channel
    return engine.planned(lambda: _correct(engine, request, channel))


def _correct(engine: Engine, request: Correct, channel: Channel) -> Memory:
    if (first := _written_before(engine, request, channel)) is not None:
        return first
    old = open_memory(engine, request)
    if not may_change(channel, old):
        return propose(engine, old, channel, op="correct", text=request.text, key=request.key)
    now = engine.now()
    at = max(now, old.valid_from)
    origin = channel.origin("user")
    new = replace(
        clean_memory(old), id=new_id("mem_"), rev=0, text=request.text, origin=origin, trust=TRUST[origin], valid_from=at,
        valid_to=None, recorded_at=now, evidence=(), merged_from=(), superseded_by=None, entities=(),
        agent=channel.agent, state="active", from_precision="instant", to_precision="instant",
        key=request.key, act=None, answers=None, said_again=(), wording="", doubt=None,
    )  # fmt: skip
    closed = replace(
        clean_memory(old), recorded_at=now, valid_to=at, to_precision="instant", superseded_by=new.id, doubt=None
    )
    changes = ChangeSet(
        user=request.user, op="correct", actor=channel.name, at=now, memories=(closed, new),
        reads={old.id: old.rev}, indexing=engine.material.of([new]),
        edges=(Edge(source=new.id, target=old.id, kind="supersedes"),), key=request.key,
    )  # fmt: skip
    done = engine.commit(changes)
    return next(m for m in done.memories if m.id != old.id)


def _written_before(engine: Engine, request: Correct, channel: Channel) -> Memory | None:
    """The answer of an earlier call with the same key, whose target is closed by now."""
    if request.key is None:
        return None
    changes = ChangeSet(user=request.user, op="correct", actor=channel.name, at=engine.now(), key=request.key)
    done = engine.store.commits.repeated(changes)
    return None if done is None else next((m for m in done.memories if m.id != request.id), None)


def deactivate(engine: Engine, accepted: Clean[Deactivate]) -> bool:
    """End a memory without a successor; False when it had ended already, or is trusted more and that is only proposed."""
    request, channel = accepted.request, accepted.channel

    def plan() -> bool:
        memory = existing_memory(engine, request.id, request.user)
        if memory.status(engine.now()) not in ("current", "inbox", "quarantined"):
            return False
        if not may_change(channel, memory):
            propose(engine, memory, channel, op="deactivate")
            return False
        now = engine.now()
        closed = replace(
            clean_memory(memory),
            recorded_at=now,
            valid_to=max(now, memory.valid_from),
            to_precision="instant",
            doubt=None,
        )
        engine.commit(_version(closed, memory, "deactivate", channel, now))
        return True

    return engine.planned(plan)


def reinforce(engine: Engine, accepted: Clean[Reinforce]) -> Memory:
    """A use, said explicitly: the memory decays more slowly from now on."""
    request, channel = accepted.request, accepted.channel

    def plan() -> Memory:
        now = engine.now()
        if request.key is not None:
            asked = ChangeSet(user=request.user, op="reinforce", actor=channel.name, at=now, key=request.key)
            if (done := engine.store.commits.repeated(asked)) is not None and done.memories:
                return done.memories[0]
        memory = open_memory(engine, request)
        if not TRUST[channel.max_trust]:
            check_may_change(channel, [memory], "reinforce")
        before, after = use_of(memory, engine.store.usage.get([memory.id], user=memory.user), now)
        changes = ChangeSet(
            user=request.user, op="reinforce", actor=channel.name, at=now, usage=(after,),
            reads={memory.id: memory.rev}, key=request.key, detail=usage_detail(before),
        )  # fmt: skip
        engine.commit(changes)
        return memory

    return engine.planned(plan)


def pin(engine: Engine, accepted: Clean[Pin]) -> Memory:
    """Keep a memory from decaying; return it as it is afterwards."""
    return engine.planned(lambda: _set_pinned(engine, accepted.request, accepted.channel, wanted=True))


def unpin(engine: Engine, accepted: Clean[Unpin]) -> Memory:
    """Let a pinned memory decay again; return it as it is afterwards."""
    return engine.planned(lambda: _set_pinned(engine, accepted.request, accepted.channel, wanted=False))


def _set_pinned(engine: Engine, request: Pin | Unpin, channel: Channel, *, wanted: bool) -> Memory:
    memory = open_memory(engine, request)
    check_may_change(channel, [memory], "pin" if wanted else "unpin")
    if memory.pinned == wanted:
        return memory
    now = engine.now()
    version = replace(clean_memory(memory), recorded_at=now, pinned=wanted)
    return engine.commit(_version(version, memory, "pin" if wanted else "unpin", channel, now)).memories[0]


def _version(new: Memory, old: Memory, op: str, channel: Channel, at: datetime) -> ChangeSet:
    return ChangeSet(user=old.user, op=op, actor=channel.name, at=at, memories=(new,), reads={old.id: old.rev})
