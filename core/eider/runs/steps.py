"""Keeping what steps give, and reading it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Final

from eider.model.clock import utc
from eider.model.errors import InputError, TooLargeError, UnknownIdError
from eider.model.requests_runs import KeepStep, StepOutputOf
from eider.model.runs import JSON, MAX_CONTENT, WHYS, Content, Cut, Seen, Step, StepOutput
from eider.model.validation import one_of
from eider.model.values import TRUST
from eider.privacy.ingress import Clean
from eider.privacy.redact import redact_name
from eider.runs.active import KnownRun, save_step
from eider.runs.lifecycle import found_run, readable_run, run_held_by
from eider.runs.references import INPUTS, find, parse
from eider.store.engine import Engine

_COUNTED: Final = 8_000
"""Characters whose tokens are counted; of a longer text samples of that length together are."""
_SAMPLES: Final = 8


def keep_step(engine: Engine, accepted: Clean[KeepStep]) -> Step:
    """Keep what a step gave; the same step again answers as the first time.

    Raises:
        RunHeldError: Another process took the run over.
        TooLargeError: The output is larger than 16 MiB.
    """
    request = accepted.request
    content = None if request.error is not None else _content(request)
    tokens = 0 if content is None else count_tokens(engine, content)
    saw = tuple(
        Seen(step=redact_name(s.step), why=one_of(s.why, WHYS, "why"), field=redact_name(s.field)) for s in request.saw
    )
    with engine.turn():
        known, now = run_held_by(engine, request.id, request.user, request.holder), engine.now()
        before = next((s for s in known.steps if s.name == request.step and s.number == request.number), None)
        if before is not None and before.status == "done":
            return before
        child = None if request.child is None else found_run(engine, request.child, request.user)
        last = known.steps[-1].seq if known.steps else 0
        step = Step(
            run=known.run.id, name=request.step, number=request.number, kind=request.kind, seq=last + 1,
            status="done" if request.error is None else "failed", after=last if request.after is None else request.after,
            started_at=now if request.started_at is None else utc(datetime.fromisoformat(request.started_at), None, "started_at"),
            ended_at=now, trust=_trust(known, saw, TRUST[accepted.origin], child), media=JSON if content is None else content.media,
            size=0 if content is None else len(content.data), tokens=tokens, digest="" if content is None else content.digest,
            model=request.model, error=request.error or "", sees=request.sees, saw=saw,
            cut=tuple(Cut(step=redact_name(c.step), kept=c.kept, of=c.of, why=redact_name(c.why)) for c in request.cut),
            child=None if child is None else child.run.id, in_order=request.in_order,
            attempts=1 if before is None else before.attempts + 1,
        )  # fmt: skip
        save_step(engine, known, step, content, "keep_step", accepted.channel.name)
    return step


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


def _trust(known: KnownRun, saw: tuple[Seen, ...], own: int, child: KnownRun | None) -> int:
    """The least of a step's own origin and of all that it was given; what went in is at hand in every step."""
    by_ref = {s.ref: s.trust for s in known.steps}
    given = [own, known.run.trust]
    if child is not None:
        given += (child.run.trust, *(s.trust for s in child.steps))
    for one in saw:
        if one.why == "argument":
            given += by_ref.values()
        elif one.step in by_ref:
            given.append(by_ref[one.step])
        elif one.step != INPUTS:
            raise InputError(f"saw {one.step!r} is no step of the run; name one of {', '.join((INPUTS, *by_ref))}.")
    return min(given)


def count_tokens(engine: Engine, content: Content) -> int:
    """Count the tokens of an output; those of a long one are estimated from samples all over it."""
    if not content.is_text:
        return 0
    text = content.text()
    if len(text) <= _COUNTED:
        return engine.counter.count(text)
    size, step = _COUNTED // _SAMPLES, (len(text) - _COUNTED // _SAMPLES) // (_SAMPLES - 1)
    counted = sum(engine.counter.count(text[i * step : i * step + size]) for i in range(_SAMPLES))
    return -(-counted * len(text) // (size * _SAMPLES))


def step_output(engine: Engine, accepted: Clean[StepOutputOf]) -> StepOutput:
    """Read what a step gave.

    Raises:
        StepReferenceError: There is no such step, it failed, or several are meant.
    """
    request = accepted.request
    known = readable_run(engine, request.id, request.user, request.session)
    run, steps = known.run, known.steps
    reference = parse(request.step)
    if reference.name == INPUTS:
        digest, model, name = run.inputs, "", INPUTS
    else:
        step = find(reference, steps)
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
