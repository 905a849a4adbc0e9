"""Undo: a compensating change, planned from the revisions an event wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from eider.model.changes import ChangeSet, ScopeName
from eider.model.errors import ErasedError, RefusedError, UndoConflictError, UnknownIdError
from eider.model.requests import Undo
from eider.model.runs import RUN_OPS, STEP_OPS
from eider.model.usage import fresh
from eider.model.values import Event, Memory, Metadata, Usage
from eider.privacy.ingress import Channel, Clean
from eider.privacy.redact import redact, redact_name
from eider.privacy.redaction_check import clean_memory, usage_detail, usages_detail
from eider.records.proposals import check_may_change
from eider.store.engine import Engine
from eider.store.event_chain import event_seq

_BALANCE: Final = "balance"
_TICK: Final = timedelta(microseconds=1)
_FINAL: Final = {
    "record": "an utterance is kept as it was said; forget it instead",
    "forget": "what was erased is gone",
    "reset_learned": "outcomes to come will teach it again",
    "learn_decay": "reset_learned takes back all that outcomes taught",
    "requote": "it gave what was learned the words it was said in; correct the memory instead",
    **dict.fromkeys((*RUN_OPS, *STEP_OPS), "a run is kept as it went; forget it instead"),
    "link": "unlink takes it back",
    "unlink": "link says it again",
    "import": "forget what it brought, or import into a fresh store",
}


def undo(engine: Engine, accepted: Clean[Undo]) -> Event:
    """Take back what an event changed; the event stays in the history, and the undo can be undone.

    Raises:
        UnknownIdError: No such event of this user.
        UndoConflictError: Later changes build on it.
        ErasedError: What it was about has been forgotten.
    """
    request, channel = accepted.request, accepted.channel
    return engine.planned(lambda: _undo(engine, request, channel))


def _undo(engine: Engine, request: Undo, channel: Channel) -> Event:
    event, payload = _named_event(engine, request)
    before: Mapping[str, int | None] = payload["memories"]
    now = engine.now()
    current = {m.id: m for m in engine.store.reads.memories(list(before), user=request.user)}
    if gone := [i for i in before if i not in current or current[i].state == "erased"]:
        raise ErasedError(f"memory {gone[0]!r}, which event {event.id!r} is about,")
    if moved := [m for m in current.values() if m.rev != event.seq]:
        raise _conflict(event, _later(engine, request.user, event, [m.id for m in moved]))
    changed = [i for i, rev in before.items() if rev is not None]
    earlier = {m.id: m for m in engine.store.reads.memories(changed, user=request.user, known_at=event.at - _TICK)}
    check_may_change(channel, (*current.values(), *earlier.values()), "undo a change to")
    versions = tuple(_as_before(engine, m, before[m.id], now, earlier.get(m.id)) for m in current.values())
    usage, was = _usage_before(engine, request.user, event, payload)
    learned, knew = _learned_before(engine, request.user, event, payload)
    changes = ChangeSet(
        user=request.user, op="undo", actor=channel.name, at=now, memories=versions, usage=usage,
        reads={m.id: m.rev for m in current.values()}, reason=redact(f"undo of {event.id}"), detail={**was, **knew}, learned=learned,
        registers=_scopes(payload, "removed"), unregisters=_scopes(payload, "added"),
    )  # fmt: skip
    if not changes:
        raise RefusedError(f"event {event.id!r} ({event.op}) changed nothing that could be taken back.")
    return engine.commit(changes).event


def _named_event(engine: Engine, request: Undo) -> tuple[Event, Mapping[str, Any]]:
    seq = event_seq(request.id)
    found = engine.store.events.newest(user=request.user, seqs=[seq], limit=1) if seq is not None else []
    if not found:
        raise UnknownIdError("event", request.id, request.user)
    event = found[0]
    if event.op in _FINAL:
        raise RefusedError(f"event {event.id!r} ({event.op}) cannot be undone: {_FINAL[event.op]}.")
    payload = engine.store.events.payload(event.seq, user=request.user)
    if payload is None:
        raise ErasedError(f"the content of event {event.id!r}")
    return event, payload  # pyright: ignore[reportReturnType] (JSON of our own making)


def _scopes(payload: Mapping[str, Any], what: str) -> tuple[ScopeName, ...]:
    """Names of scopes that an event registered, or took out."""
    said: Mapping[str, Any] = payload.get("scopes") or {}
    return tuple((redact_name(agent), redact_name(name)) for agent, name in said.get(what, ()))


def _later(engine: Engine, user: str, event: Event, ids: list[str]) -> list[Event]:
    touched = engine.store.events.newest(user=user, ids=ids, limit=1000)
    return [e for e in reversed(touched) if e.seq > event.seq]


def _conflict(event: Event, later: list[Event]) -> RefusedError:
    """Later changes can be undone first; a forget cannot."""
    if forgets := [e for e in later if e.op == "forget"]:
        return ErasedError(f"part of what event {event.id!r} was about was forgotten by {forgets[0].id!r}; that")
    return UndoConflictError(event.id, [e.id for e in later])


def _as_before(engine: Engine, memory: Memory, rev: int | None, now: datetime, earlier: Memory | None) -> Memory:
    """The version before the event; what the event created is withdrawn: it never held."""
    if rev is None:
        return replace(clean_memory(memory), recorded_at=now, valid_to=memory.valid_from, superseded_by=None)
    if earlier is None or earlier.rev != rev:  # asked for one by one only where the clock says otherwise
        earlier = next(m for m in engine.store.reads.versions(memory.id, user=memory.user) if m.rev == rev)
    return replace(clean_memory(earlier), recorded_at=now)


def _usage_before(
    engine: Engine, user: str, event: Event, payload: Mapping[str, Any]
) -> tuple[tuple[Usage, ...], Metadata]:
    detail = payload.get("detail") or {}
    if "usages" in detail:
        each = [_one_before(engine, user, event, one) for one in detail["usages"]]
        return tuple(was for was, _ in each), usages_detail(now for _, now in each)
    if "stability" not in detail:
        return (), {}
    was, now = _one_before(engine, user, event, detail)
    return (was,), usage_detail(now)


def _one_before(engine: Engine, user: str, event: Event, detail: Mapping[str, Any]) -> tuple[Usage, Usage]:
    """A memory's usage before the event, and as it is."""
    id_ = detail["id"]
    found = engine.store.reads.memories([id_], user=user)
    if not found or found[0].state == "erased":
        raise ErasedError(f"memory {id_!r}, which event {event.id!r} is about,")
    now = engine.store.usage.get([id_], user=user).get(id_) or fresh(found[0])
    if later := [e for e in _later(engine, user, event, [id_]) if _is_use(engine, user, e, id_)]:
        raise _conflict(event, later)
    last = datetime.fromisoformat(detail["last_used"])
    return Usage(id=id_, stability=detail["stability"], last_used=last, uses=detail["uses"], shown=now.shown), now


def _learned_before(
    engine: Engine, user: str, event: Event, payload: Mapping[str, Any]
) -> tuple[Mapping[str, Mapping[str, Any] | None], Metadata]:
    """The balance of words and meaning before the event; later outcomes build on it."""
    detail = payload.get("detail") or {}
    if _BALANCE not in detail:
        return {}, {}
    kept = engine.store.learned.documents(user=user).get(_BALANCE)
    if kept is not None and kept.version > event.seq:
        later = engine.store.events.newest(user=user, seqs=[kept.version], limit=1)
        raise UndoConflictError(event.id, [e.id for e in later])
    now: Metadata | None = None if kept is None else {redact_name(n): kept.content[n] for n in kept.content}
    return {_BALANCE: detail[_BALANCE]}, {redact(_BALANCE): now}


def _is_use(engine: Engine, user: str, event: Event, id: str) -> bool:  # noqa: A002 (the word users know)
    """Whether an event changed how this memory counts as used."""
    payload: Mapping[str, Any] = engine.store.events.payload(event.seq, user=user) or {}
    detail: Mapping[str, Any] = payload.get("detail") or {}
    return id in (detail.get("id"), *(one["id"] for one in detail.get("usages", ())))
