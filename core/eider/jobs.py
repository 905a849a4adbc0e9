"""Background work: a table of jobs, handlers by kind, and a runner in whichever process owns the store."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from eider.clock import from_db, to_db
from eider.errors import EiderError, InputError

if TYPE_CHECKING:
    from eider.engine import Engine

JobState = Literal["waiting", "running", "done", "dead"]
ATTEMPTS: Final = 5
_FIRST_PAUSE: Final = timedelta(seconds=2)
_FIELDS: Final = (
    "id, kind, user_id, payload, priority, state, attempts, run_after, done, total, error, queued_at, finished_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One queued unit of background work."""

    id: int
    kind: str
    user: str
    payload: Mapping[str, Any]
    priority: int
    """Higher runs first."""
    state: JobState
    attempts: int
    run_after: datetime
    done: int
    total: int
    error: str | None
    queued_at: datetime
    finished_at: datetime | None


Progress = Callable[[int, int], None]
JobHandler = Callable[["Engine", Job, Progress], None]
HANDLERS: Final[dict[str, JobHandler]] = {}


def handles(kind: str) -> Callable[[JobHandler], JobHandler]:
    """Register a function as the handler of one kind of job; it may run twice and must not mind."""

    def register(handler: JobHandler) -> JobHandler:
        HANDLERS[kind] = handler
        return handler

    return register


class Jobs:
    """The queue of one store, and its runner.

    A claim dies with its process: what a killed process was running waits again at the next open. A job that
    fails is tried again with growing pauses and is dead after five attempts; dead jobs stay until looked at.
    """

    def __init__(self, engine: Engine) -> None:
        """Take over the queue; the process owns the store, so older claims are dead."""
        self._engine, self._database = engine, engine.store.database
        self._me = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._wake, self._stopped = threading.Condition(), False
        self._thread: threading.Thread | None = None
        self._running = threading.Lock()
        with self._database.writing() as db:
            db.execute("UPDATE jobs SET state = 'waiting', claimed_by = NULL WHERE state = 'running'")

    def queue(self, kind: str, *, user: str = "", payload: Mapping[str, Any] | None = None, priority: int = 0) -> int:
        """Put a job in; the same waiting job is not queued twice.

        Raises:
            InputError: Nobody handles that kind.
        """
        if kind not in HANDLERS:
            raise InputError(f"job kind {kind!r} has no handler; known are {', '.join(map(repr, sorted(HANDLERS)))}.")
        text = json.dumps(payload or {}, sort_keys=True)
        now = to_db(self._engine.now())
        with self._database.writing() as db:
            same = "SELECT id FROM jobs WHERE kind = ? AND user_id = ? AND payload = ? AND state = 'waiting'"
            found = db.execute(same, [kind, user, text]).fetchall()
            id_ = int((found or db.execute("SELECT nextval('job_ids')").fetchall())[0][0])
            if not found:
                db.execute(
                    "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, NULL, 0, 0, NULL, ?, NULL)",
                    [id_, kind, user, text, priority, now, now],
                )
        self._start()
        return id_

    def listed(self, state: JobState | None = None) -> list[Job]:
        """Jobs, newest first."""
        where = "" if state is None else " WHERE state = ?"
        with self._database.reading() as db:
            sql = f"SELECT {_FIELDS} FROM jobs{where} ORDER BY id DESC"  # noqa: S608 (constants)
            return [_job(row) for row in db.execute(sql, [] if state is None else [state]).fetchall()]

    def run_due(self, timeout: float | None = None) -> int:
        """Run what is due, one after the other; returns how many ran."""
        ran = 0
        deadline = None if timeout is None else self._engine.now() + timedelta(seconds=timeout)
        with self._running:
            while (deadline is None or self._engine.now() < deadline) and (job := self._claim()) is not None:
                self._run(job)
                ran += 1
        return ran

    def _claim(self) -> Job | None:
        with self._database.writing() as db:
            sql = (
                f"SELECT {_FIELDS} FROM jobs WHERE state = 'waiting' AND run_after <= ? "  # noqa: S608
                "ORDER BY priority DESC, id LIMIT 1"
            )
            found = db.execute(sql, [to_db(self._engine.now())]).fetchall()
            if not found:
                return None
            claim = "UPDATE jobs SET state = 'running', claimed_by = ?, attempts = attempts + 1 WHERE id = ?"
            db.execute(claim, [self._me, found[0][0]])
        return _job(found[0])

    def _run(self, job: Job) -> None:
        def progress(done: int, total: int) -> None:
            with self._database.writing() as db:
                db.execute("UPDATE jobs SET done = ?, total = ? WHERE id = ?", [done, total, job.id])

        try:
            handler = HANDLERS.get(job.kind)
            if handler is None:
                raise InputError(f"job kind {job.kind!r} has no handler in this version.")  # noqa: TRY301
            handler(self._engine, job, progress)
        except Exception as error:  # noqa: BLE001 (a job's fault is the job's: noted, and tried again)
            self._failed(job, f"{type(error).__name__}: {error}")
        else:
            with self._database.writing() as db:
                done = "UPDATE jobs SET state = 'done', error = NULL, finished_at = ? WHERE id = ?"
                db.execute(done, [to_db(self._engine.now()), job.id])

    def _failed(self, job: Job, error: str) -> None:
        attempts = job.attempts + 1
        state = "dead" if attempts >= ATTEMPTS else "waiting"
        again = self._engine.now() + _FIRST_PAUSE * 4 ** (attempts - 1)
        with suppress(EiderError), self._database.writing() as db:
            failed = "UPDATE jobs SET state = ?, error = ?, run_after = ?, claimed_by = NULL WHERE id = ?"
            db.execute(failed, [state, error[:500], to_db(again), job.id])

    def busy(self) -> bool:
        """Whether a job runs, or waits and is due."""
        with self._database.reading() as db:
            sql = "SELECT 1 FROM jobs WHERE state = 'running' OR (state = 'waiting' AND run_after <= ?) LIMIT 1"
            return bool(db.execute(sql, [to_db(self._engine.now())]).fetchall())

    def retry(self, id: int) -> None:  # noqa: A002 (the word users know)
        """Let a dead job try again from the start."""
        with self._database.writing() as db:
            sql = "UPDATE jobs SET state = 'waiting', attempts = 0, run_after = ? WHERE id = ? AND state = 'dead'"
            db.execute(sql, [to_db(self._engine.now()), id])
        self._start()

    def resume(self) -> None:
        """Go on with what an earlier process left waiting."""
        with self._database.reading() as db:
            waiting = db.execute("SELECT 1 FROM jobs WHERE state = 'waiting' LIMIT 1").fetchall()
        if waiting:
            self._start()

    def _start(self) -> None:
        """Run in the background from the first queued job on; an idle thread costs nothing but memory."""
        with self._wake:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._follow, name="eider-jobs", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def _follow(self) -> None:
        while not self._stopped:
            with suppress(EiderError):
                self.run_due()
            with self._wake:
                if not self._stopped:
                    self._wake.wait(timeout=_FIRST_PAUSE.total_seconds())

    def stop(self, timeout: float = 5.0) -> None:
        """Let the running job end; the rest waits for the next open."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)


def _job(row: tuple[Any, ...]) -> Job:
    id_, kind, user, payload, priority, state, attempts, after, done, total, error, queued, finished = row
    return Job(
        id=id_, kind=kind, user=user, payload=json.loads(payload), priority=priority, state=state, attempts=attempts,
        run_after=from_db(after), done=done, total=total, error=error, queued_at=from_db(queued),
        finished_at=None if finished is None else from_db(finished),
    )  # fmt: skip
