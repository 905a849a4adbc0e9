"""Beginning, holding, ending and resuming runs, and letting go of those that are not to be kept."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from eider.model import config
from eider.model.errors import ConfigError, RefusedError, RunChangedError, RunHeldError, UnknownIdError
from eider.model.ids import new_id
from eider.model.processes import is_running
from eider.model.requests_runs import BeginRun, EndRun, JudgeRun, RenewRun
from eider.model.runs import RETENTION_SECONDS, Content, Run
from eider.model.values import TRUST
from eider.privacy.ingress import Clean
from eider.runs.active import KnownRun, known_run, save_run
from eider.runs.active import renew_run as write_renewal
from eider.store.engine import Engine
from eider.store.maintenance import is_wasteful

LEASE: Final = timedelta(seconds=90)
"""How long a holder on another machine may be silent; it renews three times as often. A guess."""


def begin_run(engine: Engine, accepted: Clean[BeginRun]) -> Run:
    """Begin a run, or go on with the one of that name and key.

    Raises:
        RunHeldError: Another process works on it.
        RunChangedError: It was begun with other inputs.
    """
    request, now = accepted.request, engine.now()
    inputs = Content.of({} if request.inputs is None else request.inputs)
    trust = TRUST[accepted.origin]
    if request.parent is not None:
        parent = run_held_by(engine, request.parent, request.user, request.holder)
        trust = min((trust, parent.run.trust, *(s.trust for s in parent.steps if s.ref in request.seen)))
    with engine.turn():
        engine.writable()
        known = None if request.key is None else engine.store.runs.by_key(request.name, request.key, user=request.user)
        if known is not None and not is_expired(known, now):
            return _resume(engine, known, accepted, inputs, now)
        run = Run(
            id=new_id("run_"), user=request.user, agent=accepted.channel.agent, name=request.name, status="running",
            sees=request.sees, history=request.history, scope=request.scope, session=request.session, trust=trust,
            started_at=now, active_at=now, key=request.key if known is None else None, parent=request.parent,
            parent_step=request.parent_step, inputs=inputs.digest, holder=request.holder, holds_until=_until(request.holder, now),
        )  # fmt: skip
        save_run(engine, run, "begin_run", accepted.channel.name, inputs)
    if not run.history and run.parent is None:
        expire_later(engine, run.user, retention())
    return run


def _resume(engine: Engine, known: Run, accepted: Clean[BeginRun], inputs: Content, now: datetime) -> Run:
    request = accepted.request
    steps = tuple(engine.store.steps.of([known.id], user=known.user)[known.id])
    if known.status == "running" and known.holder != request.holder and is_held(known, now):
        raise RunHeldError(known.id, known.name, process_of(known.holder))
    if request.inputs is not None and inputs.digest != known.inputs:
        raise RunChangedError(
            known.id,
            known.name,
            "its inputs were others",
            "Begin another run with another key, or pass the same inputs.",
        )
    if known.status == "done":
        return replace(known, steps=steps)
    run = replace(
        known, status="running", holder=request.holder, holds_until=_until(request.holder, now), active_at=now,
        attempts=known.attempts + 1, error="", ended_at=None, expires_at=None,
    )  # fmt: skip
    save_run(engine, run, "begin_run", accepted.channel.name)
    return replace(run, steps=steps)


def renew_run(engine: Engine, accepted: Clean[RenewRun]) -> Run:
    """Note that a run's holder lives.

    Raises:
        RunHeldError: Another process took it over.
    """
    request = accepted.request
    with engine.turn():
        run, now = run_held_by(engine, request.id, request.user, request.holder).run, engine.now()
        run = replace(run, active_at=now, holds_until=_until(request.holder, now))
        write_renewal(engine, run)
    return run


def end_run(engine: Engine, accepted: Clean[EndRun]) -> Run:
    """End a run, or let go of it; ending again changes nothing but the outcome.

    Raises:
        RunHeldError: Another process took it over.
    """
    request = accepted.request
    with engine.turn():
        run, now = found_run(engine, request.id, request.user).run, engine.now()
        if run.holder not in (request.holder, ""):
            raise RunHeldError(run.id, run.name, process_of(run.holder))
        if run.status == "done":
            if request.outcome is not None:
                run = replace(run, outcome=float(request.outcome))
                save_run(engine, run, "judge_run", accepted.channel.name)
            return run
        ended = request.status != "stopped"
        expires = now + timedelta(seconds=retention()) if not run.history and run.parent is None else None
        run = replace(
            run, status=request.status, error=request.error, holder="", holds_until=None, active_at=now,
            ended_at=now if ended else None, expires_at=expires, output=request.output or run.output,
            outcome=run.outcome if request.outcome is None else float(request.outcome),
        )  # fmt: skip
        save_run(engine, run, "end_run", accepted.channel.name)
    if expires is not None:
        expire_later(engine, run.user, retention())
    if run.parent is None and is_wasteful(engine):
        engine.jobs.queue("compact")
    return run


def judge_run(engine: Engine, accepted: Clean[JudgeRun]) -> Run:
    """Say how an ended run went; it may be said again."""
    request = accepted.request
    with engine.turn():
        run = found_run(engine, request.id, request.user).run
        if run.status == "running":
            raise RefusedError(f"run {run.id!r} is not over; end it with outcome=, or set run.outcome in its block.")
        run = replace(run, outcome=float(request.outcome))
        save_run(engine, run, "judge_run", accepted.channel.name)
    return run


# ---------------------------------------------------------------------- looking up


def found_run(engine: Engine, id: str, user: str) -> KnownRun:  # noqa: A002 (the word users know)
    """Return a user's run.

    Raises:
        UnknownIdError: There is none, or it is over and not to be kept any longer.
    """
    found = known_run(engine, id, user)
    if found is None or is_expired(found.run, engine.now()):
        raise UnknownIdError("run", id, user)
    return found


def readable_run(engine: Engine, id: str, user: str, session: str | None) -> KnownRun:  # noqa: A002
    """Return a run whose outputs may be read.

    Raises:
        RefusedError: It has ended, keeps no history, and another conversation asks.
    """
    found = found_run(engine, id, user)
    root = found.run
    while root.parent is not None:
        root = found_run(engine, root.parent, user).run
    if not root.history and root.status != "running" and (root.session is None or root.session != session):
        raise RefusedError(
            f"run {id!r} keeps no history: until it is erased only follow-ups in its own conversation may read it; "
            "pass the session it was begun with."
        )
    return found


def run_held_by(engine: Engine, id: str, user: str, holder: str) -> KnownRun:  # noqa: A002
    """Return a running run that `holder` works on.

    Raises:
        RunHeldError: Another process does.
        RefusedError: It has ended.
    """
    found = found_run(engine, id, user)
    run = found.run
    if run.status != "running":
        raise RefusedError(f"run {id!r} is {run.status}; resume it with its key, or begin another.")
    if run.holder != holder:
        raise RunHeldError(run.id, run.name, process_of(run.holder))
    return found


def is_expired(run: Run, now: datetime) -> bool:
    """Whether the time for follow-ups of a run without history is over."""
    return run.expires_at is not None and run.expires_at <= now


# ---------------------------------------------------------------------- who holds a run


@lru_cache(maxsize=1)
def machine() -> str:
    """Return a name for where process numbers mean something: this machine and its namespace of processes."""
    namespace = ""
    with suppress(OSError):
        namespace = f"{Path('/proc/sys/kernel/random/boot_id').read_text()[:8]}-{str(Path('/proc/self/ns/pid').readlink())[5:-1]}"
    return f"{socket.gethostname()[:60]}-{namespace}".replace(":", "-")


def holder_of_this_process(word: str) -> str:
    """Return how a process names itself as the holder of a run; `word` tells several of one process apart."""
    return f"{machine()}:{os.getpid()}:{_start_of_process(os.getpid())}:{word}"


def process_of(holder: str) -> str:
    """Return a holder in words."""
    place, pid, *_ = (*holder.split(":"), "?")
    return f"process {pid}" + ("" if place == machine() else f" on {place}")


def is_held(run: Run, now: datetime) -> bool:
    """Whether a run's holder lives, as far as can be told: on another machine, while it renews."""
    place, pid, started, *_ = (*run.holder.split(":"), "", "", "")
    if place == machine() and pid.isdecimal():
        return _start_of_process(int(pid)) == started
    return run.holds_until is not None and run.holds_until > now


def _until(holder: str, now: datetime) -> datetime | None:
    return None if holder.split(":", maxsplit=1)[0] == machine() else now + LEASE


def _start_of_process(pid: int) -> str:
    """When a process began, in the kernel's ticks; "alive" where that cannot be read, "" where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        pass
    if Path("/proc/self").exists():
        return ""
    return "alive" if is_running(pid) else ""


# ---------------------------------------------------------------------- retention


def retention() -> float:
    """Seconds that a run without history is kept after its end.

    Raises:
        ConfigError: The setting is no number.
    """
    said = config.setting("run_retention")
    if said is None:
        return RETENTION_SECONDS
    try:
        seconds = float(said)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"setting 'run_retention' is {said!r}; set seconds of at least 0, such as '7200'.")
    return seconds


def expire_later(engine: Engine, user: str, seconds: float) -> None:
    """Erase runs that are not to be kept, once their time is over."""
    engine.jobs.queue("expire_runs", user=user, after=seconds + 1.0)
