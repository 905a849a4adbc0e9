"""Runs that are worked on, with their steps, at hand: only the process that owns a store writes them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from eider.model.runs import Content, Run, Step
from eider.store.engine import Engine

_MOST: Final = 256
"""Runs at hand in one store."""


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run and its steps, in the order of completion."""

    run: Run
    steps: tuple[Step, ...]
    version: int
    """Of the user's rows when it was read: whatever was erased since is read anew."""


class _Known:
    """The runs of one open store that were used last."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.runs: OrderedDict[tuple[str, str], KnownRun] = OrderedDict()

    def put(self, known: KnownRun) -> KnownRun:
        with self.lock:
            self.runs[known.run.user, known.run.id] = known
            self.runs.move_to_end((known.run.user, known.run.id))
            while len(self.runs) > _MOST:
                self.runs.popitem(last=False)
        return known


_stores: Final[WeakKeyDictionary[Engine, _Known]] = WeakKeyDictionary()


def known_run(engine: Engine, id: str, user: str) -> KnownRun | None:  # noqa: A002 (the word users know)
    """Return a user's run with its steps; None where there is none."""
    known = _stores.setdefault(engine, _Known())
    version = engine.version(user)
    with known.lock:
        found = known.runs.get((user, id))
    if found is not None and found.version == version:
        return found
    run = engine.store.runs.get(id, user=user)
    if run is None:
        return None
    return known.put(KnownRun(run, tuple(engine.store.steps.of([id], user=user)[id]), version))


def save_run(engine: Engine, run: Run, op: str, actor: str, inputs: Content | None = None) -> None:
    """Write a run and the event of it; the caller holds the writer's turn."""
    engine.store.runs.save(run, inputs, op=op, actor=actor, at=engine.wrote(engine.now()))
    _put_run(engine, run, new=inputs is not None)


def renew_run(engine: Engine, run: Run) -> None:
    """Write that a run's holder lives; the caller holds the writer's turn."""
    engine.store.runs.renew(run)
    _put_run(engine, run)


def _put_run(engine: Engine, run: Run, *, new: bool = False) -> None:
    known = _stores.setdefault(engine, _Known())
    found = known.runs.get((run.user, run.id))
    if new or found is not None:
        known.put(KnownRun(run, found.steps if found else (), engine.version(run.user)))


def save_step(engine: Engine, known: KnownRun, step: Step, content: Content | None, op: str, actor: str) -> None:
    """Write a step and the event of it, in place of one that failed before; the caller holds the writer's turn."""
    at = engine.wrote(engine.now())
    engine.store.steps.save(step, content, user=known.run.user, op=op, actor=actor, at=at)
    others: Sequence[Step] = [s for s in known.steps if (s.name, s.number) != (step.name, step.number)]
    _stores[engine].put(KnownRun(known.run, tuple(sorted((*others, step), key=lambda s: s.seq)), known.version))
