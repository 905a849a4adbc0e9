"""Trust is an order: a channel changes rows of its own trust and below, and proposes what should become of the others.

A proposal is a memory that waits in the inbox, beside what it is about, which stays as it is until a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable

from eider.model.changes import ChangeSet
from eider.model.errors import RefusedError
from eider.model.ids import new_id
from eider.model.values import TRUST, Edge, EdgeKind, Memory
from eider.privacy.ingress import Channel
from eider.privacy.redact import redact, redact_name
from eider.store.engine import Engine


def may_change(channel: Channel, memory: Memory) -> bool:
    """Whether a channel is trusted at least as much as a memory."""
    return TRUST[channel.max_trust] >= memory.trust


def check_may_change(channel: Channel, memories: Iterable[Memory], what: str) -> None:
    """Refuse a change to what is trusted more than the channel.

    Raises:
        RefusedError: Naming the memory.
    """
    for memory in memories:
        if not may_change(channel, memory):
            raise RefusedError(
                f"channel {channel.name!r} may not {what} {memory.id!r}, which was said by somebody of more trust; the user does."
            )


def propose(
    engine: Engine, old: Memory, channel: Channel, *, op: str, text: str | None = None, key: str | None = None
) -> Memory:  # fmt: skip
    """Write what a channel would have become of a memory of more trust; return the proposal.

    Args:
        engine: The open store.
        old: What it is about.
        channel: Who proposes.
        op: Verb that was asked for.
        text: What should stand in its place; None asks that it ends.
        key: Idempotency key of the request.
    """
    now, origin = engine.now(), channel.origin("user")
    kind: EdgeKind = "asks_to_end" if text is None else "contradicts"
    new = Memory(
        id=new_id("mem_"), rev=0, kind=old.kind, text=redact(old.text) if text is None else redact(text), user=old.user,
        agent=channel.agent, scope=redact_name(old.scope), origin=origin, trust=TRUST[origin], valid_from=now,
        recorded_at=now, subject=redact(old.subject), importance=old.importance, state="inbox",
        key=None if key is None else redact_name(key),
    )  # fmt: skip
    changes = ChangeSet(
        user=old.user, op=op, actor=channel.name, at=now, memories=(new,), indexing=engine.material.of([new]),
        edges=(Edge(source=new.id, target=old.id, kind=kind),), key=key, reason=redact("proposed"),
    )  # fmt: skip
    return next(iter(engine.commit(changes).memories))


def asked_to_end(engine: Engine, proposal: Memory) -> Memory | None:
    """Return the memory of which a proposal asks that it ends; None where it asks for something else."""
    ids = engine.store.reads.linked(proposal.id, "asks_to_end", user=proposal.user)
    found = engine.store.reads.memories(ids, user=proposal.user)
    return found[0] if found else None
