"""Runs to look at, and outputs made memories."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from eider.learn.remember import remember
from eider.model.errors import TooLargeError
from eider.model.requests import Remember
from eider.model.requests_runs import PromoteStep, RunOf, Runs
from eider.model.runs import Run, text_of
from eider.model.validation import MAX_STATEMENT
from eider.model.values import TRUST, Memory, Origin
from eider.privacy.ingress import Clean, accept
from eider.runs.active import save_step
from eider.runs.lifecycle import found_run, is_expired, is_held, readable_run
from eider.runs.references import parse
from eider.runs.render import outputs_of
from eider.store.engine import Engine


def runs(engine: Engine, accepted: Clean[Runs]) -> list[Run]:
    """List runs, newest first, without their steps; those that keep no history and have ended are named, not shown."""
    request, now = accepted.request, engine.now()
    found = engine.store.runs.listed(
        user=request.user, name=request.name, session=request.session, parent=request.parent, limit=request.limit
    )
    return [_as_it_is(run, now) for run in found if not is_expired(run, now)]


def run_of(engine: Engine, accepted: Clean[RunOf]) -> Run:
    """Show a run with its steps."""
    request = accepted.request
    known = readable_run(engine, request.id, request.user, request.session)
    return replace(_as_it_is(known.run, engine.now()), steps=known.steps)


def _as_it_is(run: Run, now: datetime) -> Run:
    """A run whose process is gone has stopped, whatever was last noted of it."""
    return replace(run, status="stopped") if run.status == "running" and not is_held(run, now) else run


def promote_step(engine: Engine, accepted: Clean[PromoteStep]) -> Memory:
    """Make what a step gave a memory, trusted no more than the step is.

    Raises:
        TooLargeError: The output is longer than a memory; name a field of it, or pass a text.
    """
    request = accepted.request
    known = readable_run(engine, request.id, request.user, request.session)
    run, outputs, reference = known.run, outputs_of(engine, known, after=None, declared=()), parse(request.step)
    step, value = outputs.look_up(reference)
    text = request.text or (outputs.text(reference) if isinstance(value, bytes) else text_of(value))
    if len(text) > MAX_STATEMENT:
        raise TooLargeError(f"output of {request.step!r}", len(text), MAX_STATEMENT)
    trust = run.trust if step is None else step.trust
    lowest: dict[int, Origin] = {0: "tool", 1: "agent", 2: "user"}
    channel = accepted.channel.narrowed(accepted.channel.name, lowest[min(trust, TRUST[accepted.channel.max_trust])])
    asked = Remember(text=text, user=request.user, kind=request.kind, scope=request.scope or run.scope)
    memory = remember(engine, accept(asked, channel, accepted.now))
    if step is not None and memory.id not in step.promoted:
        with engine.turn():
            known = found_run(engine, run.id, run.user)
            fresh = next(s for s in known.steps if s.ref == step.ref)
            promoted = replace(fresh, promoted=(*fresh.promoted, memory.id))
            save_step(engine, known, promoted, None, "promote_step", channel.name)
    return memory
