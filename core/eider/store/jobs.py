"""Background work: a table of jobs, handlers by kind, and a runner in whichever process owns the store."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from eider.model.clock import to_db
from eider.model.errors import EiderError, InputError, RefusedError, UnknownJobError
from eider.privacy.redact import redact
from eider.store import job_rows
from eider.store.job_rows import STATES, Batch, Job, JobState

if TYPE_CHECKING:
    from eider.store.database import Cursor
    from eider.store.engine import Engine

ATTEMPTS: Final = 8
"""Failures until a job is dead: with the pauses between them close to two hours, the length of many an outage."""
CLAIMS: Final = 20
"""Claims until a job is dead whose process ended each time: it may be what ends it. A guess."""
KEPT: Final = timedelta(days=30)
"""How long a job that is done can be looked at. A guess."""
_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_IDLE_PAUSE: Final = 60.0
"""Seconds between two looks at an empty queue; whoever puts something in wakes the runner, so this is for the rest."""

Progress = Callable[[int, int], None]
JobHandler = Callable[["Engine", Job, Progress], None]
HANDLERS: Final[dict[str, JobHandler]] = {}
OWED: Final[set[str]] = set()
"""Kinds that finish what somebody was promised; they cannot be cancelled or purged before they are done."""


def handles(kind: str, *, owed: bool = False) -> Callable[[JobHandler], JobHandler]:
    """Register a function as the handler of one kind of job; it may run twice and must not mind.

    Args:
        kind: The name that `Jobs.queue` takes.
        owed: Whether somebody was promised that it happens.
    """

    def register(handler: JobHandler) -> JobHandler:
        HANDLERS[kind] = handler
        (OWED.add if owed else OWED.discard)(kind)
        return handler

    return register


def pause_after(attempts: int) -> timedelta:
    """How long a job waits that has failed so often; the same for every job and process.

    >>> [pause_after(n).total_seconds() for n in (1, 2, 3, 6, 7)]
    [2.0, 8.0, 32.0, 2048.0, 3600.0]
    """
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 4 ** min(attempts - 1, 8))


class Jobs:
    """The queue of one store, and its runner.

    A claim dies with its process: what a killed process was running waits again at the next open. A job that
    fails is tried again with growing pauses and in the end is dead; dead jobs stay until looked at. While the
    engine says that background work is paused no job begins; what runs ends.
    """

    def __init__(self, engine: Engine) -> None:
        """Take over the queue; the process owns the store, so older claims are dead."""
        self._engine, self._database = engine, engine.store.database
        self._me = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._wake, self._stopped, self._called = threading.Condition(), False, False
        self._thread: threading.Thread | None = None
        self._running = threading.Lock()
        self._first: set[int] = set()
        if not self._database.read_only:
            with self._database.writing() as db:
                job_rows.take_over(db, now=to_db(engine.now()), claims=CLAIMS, keep=KEPT)

    # ------------------------------------------------------------------ the queue

    def queue(
        self, kind: str, *, user: str = "", payload: Mapping[str, Any] | None = None, priority: int = 0,
        batch: str | None = None, after: float = 0.0,
    ) -> int:  # fmt: skip
        """Put a job in; the same waiting job is not queued twice.

        Args:
            kind: What is to be done.
            user: Whose rows it is about.
            payload: What its handler needs to know: ids, never content.
            priority: Higher runs first.
            batch: A label shared by jobs that were queued together.
            after: Seconds until it may begin.

        Raises:
            InputError: Nobody handles that kind.
        """
        if kind not in HANDLERS:
            raise InputError(f"job kind {kind!r} has no handler; known are {', '.join(map(repr, sorted(HANDLERS)))}.")
        text = json.dumps(payload or {}, sort_keys=True)
        with self._database.writing() as db:
            now = self._engine.now()
            due = to_db(now + timedelta(seconds=after))
            id_ = job_rows.put(db, kind, user, text, priority, batch, now=to_db(now), due=due)
        self._start()
        return id_

    def listed(self, state: JobState | None = None, *, batch: str | None = None, limit: int | None = None) -> list[Job]:
        """Jobs, newest first; a snapshot has none."""
        if self._database.read_only:
            return []
        with self._database.reading() as db:
            return job_rows.listed(db, state, batch, limit)

    def batches(self) -> list[Batch]:
        """Jobs that were queued together, and how far they are; the newest first."""
        if self._database.read_only:
            return []
        with self._database.reading() as db:
            return job_rows.batches(db)

    def counts(self) -> dict[str, int]:
        """State → number of jobs."""
        with self._database.reading() as db:
            return job_rows.counts(db)

    def job(self, id: int) -> Job:  # noqa: A002 (the word users know)
        """One job.

        Raises:
            UnknownJobError: There is none.
        """
        if self._database.read_only:
            raise UnknownJobError(id)
        with self._database.reading() as db:
            return _known(db, id)

    def retry(self, id: int) -> Job:  # noqa: A002
        """Let a job that is dead, or waits to be tried again, begin from the start.

        Raises:
            UnknownJobError: There is none.
            RefusedError: It runs or is done.
        """
        self._ready(id, wanted="tried again")
        self._start()
        return self.job(id)

    def hurry(self, id: int) -> Job:  # noqa: A002
        """Let a job be the next to run in the background.

        Raises:
            UnknownJobError: There is none.
            RefusedError: It is done, or background work is paused.
        """
        self._allowed(id)
        if self.job(id).state != "running":
            self._ready(id, wanted="run")
        self._first.add(id)
        self._start()
        return self.job(id)

    def cancel(self, id: int) -> Job:  # noqa: A002
        """Take a job out that does not run; returns what it was.

        Raises:
            UnknownJobError: There is none.
            RefusedError: It runs, or finishes what somebody was promised.
        """
        with self._database.writing() as db:
            found = _known(db, id)
            if found.state == "running":
                raise RefusedError(f"job {id} runs; wait until it has ended.")
            if found.kind in OWED and found.state != "done":
                raise RefusedError(f"job {id} ({found.kind}) finishes what was promised; run it: eider jobs run {id}.")
            job_rows.remove(db, id)
        return found

    def purge(self, state: JobState = "done", before: datetime | None = None) -> int:
        """Take out jobs that are done, dead or waiting; returns how many.

        Batches that are under way stay whole, and what finishes a promise stays until it is done.

        Args:
            state: Which.
            before: Only those that ended (or, waiting, were queued) before.

        Raises:
            InputError: Jobs of that state cannot be taken out.
        """
        if state not in STATES or state == "running":
            raise InputError(f"jobs of state {state!r} cannot be purged; take 'done', 'dead' or 'waiting'.")
        with self._database.writing() as db:
            return job_rows.purge(db, state, None if before is None else to_db(before), sorted(OWED))

    def busy(self) -> bool:
        """Whether a job runs, or waits, is due, and may begin."""
        with self._database.reading() as db:
            return job_rows.busy(db, None if self._engine.paused() else to_db(self._engine.now()))

    # ------------------------------------------------------------------ the runner

    def run_due(self, timeout: float | None = None) -> int:
        """Run what is due, one after the other; returns how many ran."""
        self._engine.writable()
        ran = 0
        deadline = None if timeout is None else self._engine.now() + timedelta(seconds=timeout)
        with self._running:
            while not self._engine.paused() and (deadline is None or self._engine.now() < deadline):
                job = self._claim()
                if job is None:
                    break
                self._run(job)
                ran += 1
        return ran

    def run(self, id: int, told: Progress | None = None) -> Job:  # noqa: A002
        """Run one job now and in this thread, whatever its turn; returns it as it ended.

        Raises:
            UnknownJobError: There is none.
            RefusedError: It is done, or background work is paused.
        """
        self._allowed(id)
        with self._running:  # a job that runs in the background ends first: it may be this one
            job = self.job(id)
            if job.state in ("waiting", "dead"):
                self._ready(id, wanted="run")
                if (claimed := self._claim(id)) is not None:
                    self._run(claimed, told)
            elif job.state == "done":
                raise RefusedError(f"job {id} is done; there is nothing left to run.")
        return self.job(id)

    def _allowed(self, id_: int) -> None:
        self._engine.writable()
        if self._engine.paused():
            raise RefusedError(f"background work is paused, so job {id_} does not run; end that with eider resume.")

    def _ready(self, id_: int, *, wanted: str) -> None:
        """Make a job due; a dead one starts over."""
        with self._database.writing() as db:
            found = _known(db, id_)
            if found.state in ("running", "done"):
                raise RefusedError(
                    f"job {id_} is {found.state} and cannot be {wanted}; look with eider jobs show {id_}."
                )
            job_rows.ready(db, id_, now=to_db(self._engine.now()))

    def _claim(self, id_: int | None = None) -> Job | None:
        now = to_db(self._engine.now())
        with self._database.reading() as db:  # most looks find nothing, and reading waits for nobody
            if job_rows.due(db, now, self._first, id_) is None:
                return None
        with self._database.writing() as db:
            found = job_rows.due(db, now, self._first, id_)
            if found is not None:
                job_rows.claim(db, found.id, self._me)
                self._first.discard(found.id)
        return found

    def _run(self, job: Job, told: Progress | None = None) -> None:
        def progress(done: int, total: int) -> None:
            with self._database.writing() as db:
                job_rows.note_progress(db, job.id, done, total)
            if told is not None:
                told(done, total)

        try:
            handler = HANDLERS.get(job.kind)
            if handler is None:
                raise InputError(f"job kind {job.kind!r} has no handler in this version.")  # noqa: TRY301
            handler(self._engine, job, progress)
        except Exception as error:  # noqa: BLE001 (a job's fault is the job's: noted, and tried again)
            wait = getattr(error, "retry_after", None) or 0.0  # a service may say when it can be asked again
            self._failed(job, str(redact(f"{type(error).__name__}: {error}")), timedelta(seconds=wait))
        else:
            with self._database.writing() as db:
                job_rows.finish(db, job.id, now=to_db(self._engine.now()))

    def _failed(self, job: Job, error: str, least: timedelta) -> None:
        attempts, now = job.attempts + 1, self._engine.now()
        with suppress(EiderError), self._database.writing() as db:
            if attempts >= ATTEMPTS:
                job_rows.bury(db, job.id, error, now=to_db(now))
            else:
                job_rows.put_back(db, job.id, error, after=to_db(now + max(least, pause_after(attempts))))

    def resume(self) -> None:
        """Go on with what an earlier process left waiting."""
        if self.counts().get("waiting"):
            self._start()

    def _start(self) -> None:
        """Run in the background from the first queued job on; an idle thread costs nothing but memory."""
        with self._wake:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._follow, name="eider-jobs", daemon=True)
                self._thread.start()
            self._called = True  # also where the runner is between its last look and its rest
            self._wake.notify_all()

    def _follow(self) -> None:
        while not self._stopped:
            pause = _FIRST_PAUSE.total_seconds()
            with suppress(EiderError):
                self.run_due()
                pause = self._rest()
            with self._wake:
                if not (self._stopped or self._called):
                    self._wake.wait(timeout=pause)
                self._called = False

    def _rest(self) -> float:
        """Seconds until a job may be due: no longer than an idle runner rests, no shorter than a failure's first pause."""
        with self._database.reading() as db:
            due = job_rows.next_due(db)
        left = _IDLE_PAUSE if due is None else (due - self._engine.now()).total_seconds()
        return min(_IDLE_PAUSE, max(_FIRST_PAUSE.total_seconds(), left))

    def stop(self, timeout: float = 5.0) -> None:
        """Let the running job end; the rest waits for the next open."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)


def _known(db: Cursor, id_: int) -> Job:
    found = job_rows.one(db, id_)
    if found is None:
        raise UnknownJobError(id_)
    return found


__all__ = ["ATTEMPTS", "HANDLERS", "STATES", "Batch", "Job", "JobState", "Jobs", "Progress", "handles", "pause_after"]
