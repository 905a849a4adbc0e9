"""Memories that quote an utterance, written without any detection: for tests of what reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eider.model.changes import ChangeSet
from eider.model.ids import new_id
from eider.model.values import Memory, MemoryKind, Span
from eider.privacy.redact import redact, redact_name

if TYPE_CHECKING:
    from eider.api.facade import Eider
    from eider.model.values import Episode


def quoted(
    memory: Eider, reply: str, *quotes: str, kind: MemoryKind = "fact", at: str | None = None, session: str = "s",
    scope: str = "global",
) -> tuple[Episode, list[Memory]]:  # fmt: skip
    """Record what a user says, and keep each quotation of it as a memory that rests on it; the whole if none is given."""
    engine = memory._engine
    episode = memory.record(reply, session=session, at=at)
    now = engine.now()
    kept = [
        Memory(
            id=new_id("mem_"), rev=0, kind=kind, text=redact(quote), user=episode.user, agent=redact_name("default"),
            scope=redact_name(scope), origin="user", trust=2, valid_from=episode.at, recorded_at=now, subject=redact_name(""),
            evidence=(Span(episode=episode.id, start=reply.index(quote), end=reply.index(quote) + len(quote)),),
        )
        for quote in quotes or (reply,)
    ]  # fmt: skip
    changes = ChangeSet(
        user=episode.user, op="observe", actor="test", at=now, memories=tuple(kept),
        indexing=engine.material.of(kept),
    )  # fmt: skip
    return episode, list(engine.commit(changes).memories)
