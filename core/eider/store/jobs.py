"""Background work: a table of jobs, handlers by kind, and a runner in whichever process owns the store."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from eider.model.errors import EiderError, InputError, RefusedError, UnknownJobError
from eider.privacy.redact import redact
from eider.store.job import STATES, Batch, Job, JobState
from eider.store.protocols import Store

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
JobHandler = Callable[[Any, Job, Progress], None]
"""Takes the engine whose job it is; the engine imports this module, so its type is not named here."""
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

    def __init__(
        self, engine: object, store: Store, now: Callable[[], datetime], paused: Callable[[], bool]
    ) -> None:  # fmt: skip
        """Take over the queue; the process owns the store, so older claims are dead.

        Args:
            engine: Handed to the handlers.
            store: Where the queue is kept.
            now: The store's present.
            paused: Whether background work has to wait.
        """
        self._engine, self._place, self._now, self._paused = engine, store.place, now, paused
        self._queue, self._results, self._list = store.job_queue, store.job_results, store.job_list
        self._me = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._wake, self._stopped, self._called = threading.Condition(), False, False
        self._thread: threading.Thread | None = None
        self._running = threading.Lock()
        self._first: set[int] = set()
        if not self._place.read_only:
            self._queue.take_over(now=now(), claims=CLAIMS, keep=KEPT)

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
        now = self._now()
        due = now + timedelta(seconds=after)
        id_ = self._queue.add(kind, user=user, payload=text, priority=priority, batch=batch, now=now, due=due)
        self._start()
        return id_

    def listed(self, state: JobState | None = None, *, batch: str | None = None, limit: int | None = None) -> list[Job]:
        """Jobs, newest first; a snapshot has none."""
        if self._place.read_only:
            return []
        return self._list.listed(state, batch=batch, limit=limit)

    def batches(self) -> list[Batch]:
        """Jobs that were queued together, and how far they are; the newest first."""
        if self._place.read_only:
            return []
        return self._list.batches()

    def counts(self) -> dict[str, int]:
        """State → number of jobs."""
        return self._list.counts()

    def job(self, id: int) -> Job:  # noqa: A002 (the word users know)
        """One job.

        Raises:
            UnknownJobError: There is none.
        """
        if self._place.read_only:
            raise UnknownJobError(id)
        return _known(id, self._list.get(id))

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
        found = self.job(id)

        def check(job: Job | None) -> None:
            now = _known(id, job)
            if now.state == "running":
                raise RefusedError(f"job {id} runs; wait until it has ended.")
            if now.kind in OWED and now.state != "done":
                raise RefusedError(f"job {id} ({now.kind}) finishes what was promised; run it: eider jobs run {id}.")

        self._list.remove(id, check=check)
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
        return self._list.purge(state, before=before, keep_kinds=sorted(OWED))

    def busy(self) -> bool:
        """Whether a job runs, or waits, is due, and may begin."""
        return self._queue.busy(None if self._paused() else self._now())

    # ------------------------------------------------------------------ the runner

    def run_due(self, timeout: float | None = None) -> int:
        """Run what is due, one after the other; returns how many ran."""
        self._place.check_writable()
        ran = 0
        deadline = None if timeout is None else self._now() + timedelta(seconds=timeout)
        with self._running:
            while not self._paused() and (deadline is None or self._now() < deadline):
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
        self._place.check_writable()
        if self._paused():
            raise RefusedError(f"background work is paused, so job {id_} does not run; end that with eider resume.")

    def _ready(self, id_: int, *, wanted: str) -> None:
        """Make a job due; a dead one starts over."""

        def check(job: Job | None) -> None:
            if (state := _known(id_, job).state) in ("running", "done"):
                raise RefusedError(f"job {id_} is {state} and cannot be {wanted}; look with eider jobs show {id_}.")

        self._results.reset(id_, now=self._now(), check=check)

    def _claim(self, id_: int | None = None) -> Job | None:
        found = self._queue.claim(self._me, now=self._now(), first=self._first, id=id_)
        if found is not None:
            self._first.discard(found.id)
        return found

    def _run(self, job: Job, told: Progress | None = None) -> None:
        def progress(done: int, total: int) -> None:
            self._results.progress(job.id, done, total)
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
            self._results.finish(job.id, now=self._now())

    def _failed(self, job: Job, error: str, least: timedelta) -> None:
        attempts, now = job.attempts + 1, self._now()
        with suppress(EiderError):
            if attempts >= ATTEMPTS:
                self._results.give_up(job.id, error, now=now)
            else:
                self._results.retry(job.id, error, after=now + max(least, pause_after(attempts)))

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
                due = self._queue.next_due()
                left = _IDLE_PAUSE if due is None else (due - self._now()).total_seconds()
                pause = min(_IDLE_PAUSE, max(_FIRST_PAUSE.total_seconds(), left))
            with self._wake:
                if not (self._stopped or self._called):
                    self._wake.wait(timeout=pause)
                self._called = False

    def stop(self, timeout: float = 5.0) -> None:
        """Let the running job end; the rest waits for the next open."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)


def _known(id_: int, found: Job | None) -> Job:
    if found is None:
        raise UnknownJobError(id_)
    return found


__all__ = ["ATTEMPTS", "HANDLERS", "STATES", "Batch", "Job", "JobState", "Jobs", "Progress", "handles", "pause_after"]
