"""Which function answers which verb; a test holds this against the table in `eider.model.verbs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from eider.guide.inject import inject
from eider.model.answers import Drained, Listing
from eider.model.verbs import Drain
from eider.privacy.ingress import Door
from eider.records.consolidate import consolidate
from eider.records.exchange.export import export, import_
from eider.records.forget import forget, forget_user
from eider.records.history import diff, events, health, history, why
from eider.records.record import record, record_many, remember, remember_many
from eider.records.revise import correct, deactivate, pin, reinforce
from eider.records.sql import sql
from eider.records.undo import undo
from eider.retrieve.recall import recall
from eider.retrieve.search import search
from eider.store.engine import Engine
from eider.store.jobs import Job, Progress, handles
from eider.store.maintenance import publish, rebuild, verify

Handler = Callable[[Engine, Any, Door], Any]


def _reading(answer: Callable[[Engine, Any], Any]) -> Handler:
    """Readers do not care through which door they were asked."""
    return lambda engine, request, _: answer(engine, request)


def _listing(answer: Callable[[Engine, Any], list[Any]]) -> Handler:
    """The same for those that list: notebooks show it as a table."""
    return lambda engine, request, _: Listing(answer(engine, request))


def _late(module: str, name: str) -> Handler:
    """A handler that is imported when it is first needed: learning brings language data that recall has no use for."""

    def handler(engine: Engine, request: Any, door: Door) -> Any:
        found = getattr(import_module(module), name)(engine, request, door)
        return Listing(found) if type(found) is list else found

    return handler


def drain(engine: Engine, request: Drain) -> Drained:
    """Bring the search index up to date and run due jobs."""
    engine.usage.flush()
    engine.notes.flush()
    ran = engine.jobs.run_due(request.timeout)
    applied = engine.opened.outbox.drain()
    return Drained(applied=applied, left=engine.opened.outbox.pending(), jobs=ran)


@handles("scrub", owed=True)
def scrub(engine: Engine, job: Job, progress: Progress) -> None:
    """Let erased bytes leave the disk."""
    del job
    engine.scrub()
    progress(1, 1)


@handles("learn")
def learn(engine: Engine, job: Job, progress: Progress) -> None:
    """What a model could not be asked when it was said."""
    from eider.learn.deferred import learned

    learned(engine, job)
    progress(1, 1)


@handles("sweep_loops")
def sweep_loops(engine: Engine, job: Job, progress: Progress) -> None:
    """Loops that nobody judged in time."""
    from eider.learn.loops import sweep

    sweep(engine, job, progress)


@handles("learn_decay")
def learn_decay(engine: Engine, job: Job, progress: Progress) -> None:
    """What an outcome teaches the online model of forgetting."""
    from eider.learn.online_decay import learn_decay

    learn_decay(engine, job, progress)


@handles("consolidate_scopes")
def consolidate_scopes(engine: Engine, job: Job, progress: Progress) -> None:
    """Scopes that have become many."""
    from eider.learn.scopes import consolidated

    consolidated(engine, job)
    progress(1, 1)


@handles("backup")
def backup(engine: Engine, job: Job, progress: Progress) -> None:
    """A scheduled backup."""
    from eider.records.backup.commands import scheduled

    scheduled(engine, job)
    progress(1, 1)


HANDLERS: Final[Mapping[str, Handler]] = {
    "record": record,
    "record_many": record_many,
    "remember": remember,
    "remember_many": remember_many,
    "observe": _late("eider.learn.observe", "observe"),
    "direct": _late("eider.learn.observe", "direct"),
    "policy": _late("eider.guide.policy", "policy"),
    "scopes": _late("eider.learn.scopes", "scopes"),
    "consolidate_scopes": _late("eider.learn.scopes", "consolidate_scopes"),
    "inbox": _late("eider.learn.inbox", "inbox"),
    "settle": _late("eider.learn.inbox", "settle"),
    "open_loop": _late("eider.learn.loops", "open_loop"),
    "set_outcome": _late("eider.learn.loops", "set_outcome"),
    "close_loop": _late("eider.learn.loops", "close_loop"),
    "learned": _late("eider.learn.loops", "learned"),
    "reset_learned": _late("eider.learn.loops", "reset_learned"),
    "recall": _listing(recall),
    "inject": _reading(inject),
    "search": _reading(search),
    "correct": correct,
    "deactivate": deactivate,
    "reinforce": reinforce,
    "pin": pin,
    "unpin": pin,
    "forget": forget,
    "forget_user": forget_user,
    "history": _listing(history),
    "events": _listing(events),
    "health": _reading(health),
    "diff": _reading(diff),
    "why": _reading(why),
    "undo": undo,
    "consolidate": consolidate,
    "drain": _reading(drain),
    "export": _reading(export),
    "import_": import_,
    "sql": _reading(sql),
    "verify": lambda engine, request, _: verify(engine, deep=request.deep),
    "rebuild": lambda engine, request, _: rebuild(engine, request.progress),
    "publish": lambda engine, request, _: publish(engine, request.path),
}
