"""Routes of the job queue: list, show, retry, purge, run.

The same answers serve the server's HTTP API and a command line that holds a store itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from eider.api.wire import encode
from eider.model.clock import parse_instant
from eider.model.errors import InputError, RefusedError
from eider.store.jobs import STATES, Job, JobState

if TYPE_CHECKING:
    from eider.service.http_request import HttpRequest
    from eider.store.engine import Engine

JobAnswer = Callable[["Engine", Mapping[str, Any]], object]
_TIMES: Final = ("run_after", "queued_at", "finished_at")


def list_jobs(engine: Engine, said: Mapping[str, Any]) -> object:
    """List jobs of one state or all, newest first, with counts."""
    jobs = engine.jobs.listed(_state_filter(said), batch=said.get("batch"), limit=_number_field(said, "limit"))
    return {
        "jobs": encode(jobs), "counts": engine.jobs.counts(), "batches": encode(engine.jobs.batches()),
        "paused": engine.paused(),
    }  # fmt: skip


def show_jobs(engine: Engine, said: Mapping[str, Any]) -> object:
    """Return the jobs with the given ids."""
    return {"jobs": [encode(engine.jobs.job(id_)) for id_ in _job_ids(said)]}


def retry_jobs(engine: Engine, said: Mapping[str, Any]) -> object:
    """Retry the given jobs, or all dead ones."""
    ids = _job_ids(said) or [job.id for job in engine.jobs.listed("dead")]
    return {"jobs": [encode(engine.jobs.retry(id_)) for id_ in ids]}


def purge_jobs(engine: Engine, said: Mapping[str, Any]) -> object:
    """Remove the given jobs, or those of one state."""
    if ids := _job_ids(said):
        for id_ in ids:
            engine.jobs.cancel(id_)
        return {"purged": len(ids)}
    before = said.get("before")
    until = None if before is None else parse_instant(str(before), tz=str(said.get("tz") or "UTC"))[0]
    return {"purged": engine.jobs.purge(_state_filter(said) or "done", until)}


def run_jobs(engine: Engine, said: Mapping[str, Any]) -> object:
    """Start the given jobs, or all waiting ones, in the background."""
    named = _job_ids(said)
    if named:
        return {"jobs": [encode(engine.jobs.hurry(id_)) for id_ in named]}
    hurried: list[Job] = []
    for job in reversed(engine.jobs.listed("waiting")):
        with suppress(InputError):  # somebody took it out meanwhile
            hurried.append(_run_now(engine, job))
    return {"jobs": encode(hurried)}


def _run_now(engine: Engine, job: Job) -> Job:
    try:
        return engine.jobs.hurry(job.id)
    except RefusedError:
        if engine.paused():
            raise
        return engine.jobs.job(job.id)  # done since it was listed


ANSWERS: Final[Mapping[str, JobAnswer]] = {
    "jobs/list": list_jobs, "jobs/show": show_jobs, "jobs/retry": retry_jobs, "jobs/purge": purge_jobs, "jobs/run": run_jobs,
}  # fmt: skip


def answers(
    store: Callable[[Mapping[str, Any]], AbstractContextManager[Engine]],
) -> dict[str, Callable[[HttpRequest], object]]:
    """Return the job routes; `store` gives the engine of the store a request means."""

    def route(answer: JobAnswer) -> Callable[[HttpRequest], object]:
        def asked(one: HttpRequest) -> object:
            with store(one.body) as engine:
                return answer(engine, one.body)

        return asked

    return {name: route(answer) for name, answer in ANSWERS.items()}


def job_of(given: Mapping[str, Any]) -> Job:
    """Decode a job, ignoring unknown fields."""
    known = {f.name for f in fields(Job)}
    times = {n: datetime.fromisoformat(given[n]) if given.get(n) else None for n in _TIMES}
    return Job(**{**{k: v for k, v in given.items() if k in known}, **times})  # pyright: ignore[reportArgumentType]


def _state_filter(said: Mapping[str, Any]) -> JobState | None:
    given = said.get("state")
    found: JobState | None = next((state for state in STATES if state == given), None)
    if given is not None and found is None:
        raise InputError(f"state {given!r} is unknown; use one of {', '.join(map(repr, STATES))}.")
    return found


def _job_ids(said: Mapping[str, Any]) -> list[int]:
    given = said.get("ids") or ()
    if not isinstance(given, list | tuple) or not all(type(i) is int for i in given):
        raise InputError(f"ids={given!r} cannot be used; pass a list of numbers as jobs/list shows them.")
    return list(given)


def _number_field(said: Mapping[str, Any], name: str) -> int | None:
    given = said.get(name)
    if given is not None and (type(given) is not int or given < 0):
        raise InputError(f"{name}={given!r} cannot be used; pass a number from 0 on.")
    return given
