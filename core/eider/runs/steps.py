"""Keeping what steps give, and reading it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Final

from eider.model.clock import utc
from eider.model.errors import InputError, RunHeldError, TooLargeError, UnknownIdError
from eider.model.requests_runs import KeepStep, StepOutputOf
from eider.model.runs import JSON, MAX_CONTENT, Content, Cut, Run, Seen, Step, StepOutput
from eider.model.validation import one_of
from eider.model.values import TRUST
from eider.privacy.ingress import Clean
from eider.privacy.redact import redact_name
from eider.runs.lifecycle import held, process_of, readable_run
from eider.runs.references import INPUTS, find, parse
from eider.store.engine import Engine

WHYS: Final = ("parameter", "reference", "previous", "all", "argument")
_COUNTED: Final = 200_000
"""Characters whose tokens are counted; of a longer text the rest is estimated from them."""


def keep_step(engine: Engine, accepted: Clean[KeepStep]) -> Step:
    """Keep what a step gave; the same step again answers as the first time.

    Raises:
        RunHeldError: Another process took the run over.
        TooLargeError: The output is larger than 16 MiB.
    """
    request, now = accepted.request, engine.now()
    run = held(engine, request.id, request.user, request.holder)
    steps = engine.store.steps.of([run.id], user=run.user)[run.id]
    content = None if request.error is not None else _content(request)
    saw = tuple(
        Seen(step=redact_name(s.step), why=one_of(s.why, WHYS, "why"), field=redact_name(s.field)) for s in request.saw
    )
    child = None if request.child is None else engine.store.runs.get(request.child, user=run.user)
    step = Step(
        run=run.id, name=request.step, number=request.number, kind=request.kind, seq=0,
        status="done" if request.error is None else "failed", after=max((s.seq for s in steps), default=0) if request.after is None else request.after,
        started_at=now if request.started_at is None else utc(datetime.fromisoformat(request.started_at), None, "started_at"),
        ended_at=now, trust=_trust(run, steps, saw, TRUST[accepted.origin], child_trust(engine, child)),
        media=JSON if content is None else content.media, size=0 if content is None else len(content.data),
        tokens=0 if content is None else count_tokens(engine, content), digest="" if content is None else content.digest,
        model=request.model, error=request.error or "", sees=request.sees, saw=saw,
        cut=tuple(Cut(step=redact_name(c.step), kept=c.kept, of=c.of, why=redact_name(c.why)) for c in request.cut),
        child=None if child is None else child.id, in_order=request.in_order,
    )  # fmt: skip
    with engine.turn():
        kept = engine.store.steps.keep(step, content, user=run.user, holder=request.holder)
    if kept is None:
        raise RunHeldError(run.id, run.name, process_of(held(engine, run.id, run.user, request.holder).holder))
    return kept


def _content(request: KeepStep) -> Content:
    if request.base64 is None:
        content = Content.of(request.output)
    else:
        data = b64decode(request.base64)
        media = str(request.media)
        content = Content(media, data)
    if len(content.data) > MAX_CONTENT:
        raise TooLargeError(f"output of step {request.step!r}", len(content.data), MAX_CONTENT, "bytes")
    return content


def _trust(run: Run, steps: list[Step], saw: tuple[Seen, ...], own: int, child: int) -> int:
    """The least of a step's own origin and of all that it was given."""
    by_ref = {s.ref: s.trust for s in steps}
    given = [run.trust]  # what went in is at hand in every step
    for one in saw:
        if one.why == "argument":
            given += by_ref.values()
        elif one.step in by_ref:
            given.append(by_ref[one.step])
        elif one.step != INPUTS:
            raise InputError(f"saw {one.step!r} is no step of the run; name one of {', '.join((INPUTS, *by_ref))}.")
    return min(own, child, *given)


def child_trust(engine: Engine, child: Run | None) -> int:
    """Return how far a sub-run's answer is trusted: the least of all its steps."""
    if child is None:
        return max(TRUST.values())
    steps = engine.store.steps.of([child.id], user=child.user)[child.id]
    return min((child.trust, *(s.trust for s in steps)))


def count_tokens(engine: Engine, content: Content) -> int:
    """Count the tokens of an output; those of a very long one are estimated from its beginning."""
    if not content.is_text:
        return 0
    text = content.text()
    if len(text) <= _COUNTED:
        return engine.counter.count(text)
    return -(-engine.counter.count(text[:_COUNTED]) * len(text) // _COUNTED)


def step_output(engine: Engine, accepted: Clean[StepOutputOf]) -> StepOutput:
    """Read what a step gave.

    Raises:
        StepReferenceError: There is no such step, it failed, or several are meant.
    """
    request = accepted.request
    run = readable_run(engine, request.id, request.user, request.session)
    reference = parse(request.step)
    if reference.name == INPUTS:
        digest, model, name = run.inputs, "", INPUTS
    else:
        step = find(reference, engine.store.steps.of([run.id], user=run.user)[run.id])
        digest, model, name = step.digest, step.model, step.ref
    content = engine.store.steps.contents([digest], user=run.user).get(digest)
    if content is None:
        raise UnknownIdError("output", f"{run.id}/{name}", run.user)
    value = content.value()
    is_bytes = isinstance(value, bytes)
    return StepOutput(
        run=run.id, step=name, media=content.media, digest=digest, value=None if is_bytes else value,
        base64=b64encode(value).decode() if is_bytes else None, model=model,
    )  # fmt: skip
