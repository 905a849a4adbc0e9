"""One unit of background work, as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

JobState = Literal["waiting", "running", "done", "dead"]
STATES: Final = get_args(JobState)


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
    """When it was done, or given up."""
    batch: str | None = None
    """Label shared by jobs that were queued together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Jobs that were queued together."""

    label: str
    total: int
    done: int
    dead: int
    queued_at: datetime
