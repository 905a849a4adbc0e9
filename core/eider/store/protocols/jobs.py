"""Protocols of the queue of background work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from eider.store.job import Batch, Job, JobState


class JobQueue(Protocol):
    """Which job runs next."""

    def add(
        self, kind: str, *, user: str, payload: str, priority: int, batch: str | None, now: datetime, due: datetime
    ) -> int:
        """Put a job in, unless the same already waits in that batch; returns its number."""
        ...

    def claim(self, by: str, *, now: datetime, first: Collection[int], id: int | None = None) -> Job | None:  # noqa: A002
        """Take the next job that is due: one of `first`, the most urgent, the oldest; or only the one named."""
        ...

    def take_over(self, *, now: datetime, claims: int, keep: timedelta) -> None:
        """Let what an ended process claimed wait again, or be dead after so many claims; drop what ended long ago."""
        ...

    def next_due(self) -> datetime | None:
        """Return when the first waiting job is due; None where none waits."""
        ...

    def busy(self, now: datetime | None) -> bool:
        """Return whether a job runs or, given a time, one is due by then."""
        ...

    def last_queued(self, kind: str, *, user: str) -> datetime | None:
        """Return when a job of this kind was last queued for a user."""
        ...


class JobResults(Protocol):
    """What became of a job."""

    def reset(self, id: int, *, now: datetime, check: Callable[[Job | None], None]) -> None:  # noqa: A002
        """Make a job due with all attempts before it, once `check` accepts it in the same transaction."""
        ...

    def progress(self, id: int, done: int, total: int) -> None:  # noqa: A002
        """Note how far a job is."""
        ...

    def finish(self, id: int, *, now: datetime) -> None:  # noqa: A002
        """Note that a job is done."""
        ...

    def retry(self, id: int, error: str, *, after: datetime) -> None:  # noqa: A002
        """Note that a job failed and is tried again later."""
        ...

    def give_up(self, id: int, error: str, *, now: datetime) -> None:  # noqa: A002
        """Note that a job failed for the last time."""
        ...


class JobList(Protocol):
    """Jobs to look at and to take out."""

    def listed(self, state: JobState | None, *, batch: str | None, limit: int | None) -> list[Job]:
        """Return jobs, newest first."""
        ...

    def get(self, id: int) -> Job | None:  # noqa: A002
        """Return one job."""
        ...

    def batches(self) -> list[Batch]:
        """Return jobs that were queued together, the newest first."""
        ...

    def counts(self) -> dict[str, int]:
        """Return state → number of jobs; every state is named."""
        ...

    def remove(self, id: int, *, check: Callable[[Job | None], None]) -> None:  # noqa: A002
        """Take a job out, once `check` accepts it in the same transaction."""
        ...

    def purge(self, state: JobState, *, before: datetime | None, keep_kinds: Sequence[str]) -> int:
        """Take jobs out, but none of a batch under way, nor unfinished ones of these kinds; returns how many."""
        ...
