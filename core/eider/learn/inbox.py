"""The inbox: what contradicts something known and waits for a person to say which holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eider.model.changes import ChangeSet
from eider.model.errors import RefusedError
from eider.model.requests_learning import Inbox, Settle
from eider.model.values import TRUST, Edge, Memory
from eider.privacy.ingress import Channel, Clean
from eider.records.revise import known, sealed
from eider.store.arrays import STATE_CODE
from eider.store.engine import Engine


def inbox(engine: Engine, accepted: Clean[Inbox]) -> list[Memory]:
    """What waits, newest first."""
    request = accepted.request
    with engine.segments.hold(request.user) as segment:
        rows = segment.alive & segment.is_memory & (segment.state == STATE_CODE["inbox"])
        ids = [segment.ids[row] for row in np.flatnonzero(rows)]
    waiting = [
        m for m in engine.store.reads.memories(ids, user=request.user) if m.state == "inbox" and m.valid_to is None
    ]
    return sorted(waiting, key=lambda m: m.recorded_at, reverse=True)[: request.limit]


def settle(engine: Engine, accepted: Clean[Settle]) -> Memory:
    """Accept what waits, which ends what it contradicts, or reject it, which ends it.

    Raises:
        RefusedError: It does not wait, or the channel may not decide: only a person does.
    """
    request, channel = accepted.request, accepted.channel
    if TRUST[channel.max_trust] < TRUST["user"]:
        raise RefusedError(f"channel {channel.name!r} may not settle the inbox; a person does, with eider inbox.")
    return engine.planned(lambda: _settled(engine, request, channel))


def _settled(engine: Engine, request: Settle, channel: Channel) -> Memory:
    memory = known(engine, request.id, request.user)
    if memory.state != "inbox" or memory.valid_to is not None:
        raise RefusedError(f"memory {memory.id!r} does not wait in the inbox; list what does with inbox().")
    now = engine.now()
    if not request.accept:
        ended = replace(sealed(memory), recorded_at=now, valid_to=memory.valid_from, state="active")
        return engine.commit(_change(request, channel, "reject", [memory], (ended,))).memories[0]
    starts = max(now, memory.valid_from)
    accepted = replace(sealed(memory), recorded_at=now, state="active", valid_from=starts)
    against = [m for m in contradicted(engine, memory) if m.status(now) == "current"]
    closed = [
        replace(sealed(m), recorded_at=now, valid_to=max(starts, m.valid_from), to_precision="instant", superseded_by=memory.id)
        for m in against
    ]  # fmt: skip
    return engine.commit(_change(request, channel, "accept", [memory, *against], (accepted, *closed))).memories[0]


def contradicted(engine: Engine, memory: Memory) -> list[Memory]:
    """What a memory in the inbox stands against."""
    ids = engine.store.reads.linked(memory.id, "contradicts", user=memory.user)
    return engine.store.reads.memories(ids, user=memory.user)


def _change(request: Settle, channel: Channel, op: str, read: list[Memory], new: tuple[Memory, ...]) -> ChangeSet:
    first, *others = new
    edges = tuple(Edge(source=first.id, target=m.id, kind="supersedes") for m in others)
    reads = {m.id: m.rev for m in read}
    return ChangeSet(
        user=request.user, op=op, actor=channel.name, at=first.recorded_at, memories=new, reads=reads, edges=edges
    )
