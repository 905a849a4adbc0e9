"""Checks of a store's queue of background work, and of what waits for the search index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from eider.client import pauses
from eider.model import config
from eider.service.doctor.registry import StoreContext, store_check
from eider.service.doctor.report import Finding

_LATE_SECONDS: Final = timedelta(hours=1)
"""Due for longer than this, nobody runs them; the last retry comes after nine minutes."""
_BACKLOG: Final = 10_000
"""Rows; LanceDB takes that many in a few seconds."""


def _retry_dead_jobs(patient: StoreContext, finding: Finding) -> None:
    """Run dead jobs once more."""
    del finding
    patient.engine.writable()
    for job in patient.engine.jobs.listed("dead"):
        patient.engine.jobs.retry(job.id)
    patient.engine.jobs.run_due()


def _run_waiting_jobs(patient: StoreContext, finding: Finding) -> None:
    del finding
    patient.engine.writable()
    patient.engine.jobs.run_due()
    patient.engine.store.index_upkeep.drain()


@store_check("jobs", repairs={"jobs-dead": _retry_dead_jobs, "jobs-late": _run_waiting_jobs})
def job_queue(patient: StoreContext) -> Iterator[Finding]:
    """Find dead jobs, and jobs that wait for long."""
    if patient.engine.store.place.read_only:
        return
    dead = patient.engine.jobs.listed("dead")
    if dead:
        kinds = ", ".join(f"{n} × {kind}" for kind, n in Counter(j.kind for j in dead).most_common())
        yield Finding(
            kind="jobs-dead", severity="warning", subject=patient.name,
            message=f"{len(dead):,} job(s) were given up ({kinds}); the last one: {_failure_text(dead[0].error, patient)}",
            fix="eider jobs retry, or eider doctor --fix",
        )  # fmt: skip
    late = [j for j in patient.engine.jobs.listed("waiting") if j.run_after < patient.now - _LATE_SECONDS]
    if late and not pauses.jobs_paused(str(config.home()), patient.name):
        oldest = min(j.run_after for j in late)
        yield Finding(
            kind="jobs-late", severity="warning", subject=patient.name,
            message=f"{len(late):,} job(s) are due and not run, the oldest since {oldest:%Y-%m-%d %H:%M} UTC",
            fix="eider drain, or eider doctor --fix",
        )  # fmt: skip


def _failure_text(error: str | None, patient: StoreContext) -> str:
    """Return why a job failed, without texts it may quote."""
    whole = " ".join((error or "unknown").split())
    return whole if patient.show else whole.partition(":")[0]


@store_check("backlog", repairs={"index-behind": _run_waiting_jobs})
def index_backlog(patient: StoreContext) -> Iterator[Finding]:
    """Find an index that is behind."""
    pending = patient.engine.store.index.pending()
    if pending > _BACKLOG:
        yield Finding(
            kind="index-behind", severity="warning", subject=patient.name,
            message=f"{pending:,} row(s) wait for the search index; recall has them, search by page may not",
            fix="eider drain, or eider doctor --fix",
        )  # fmt: skip
