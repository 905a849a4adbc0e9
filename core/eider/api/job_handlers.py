"""Kinds of background jobs and the functions that run them. What learning needs is imported when such a job runs."""

from __future__ import annotations

from eider.store.engine import Engine
from eider.store.jobs import Job, Progress, handles


@handles("scrub", owed=True)
def scrub(engine: Engine, job: Job, progress: Progress) -> None:
    """Let erased bytes leave the disk."""
    del job
    engine.scrub()
    progress(1, 1)


@handles("learn")
def learn(engine: Engine, job: Job, progress: Progress) -> None:
    """Learn from an exchange for which no model could be asked when it was observed."""
    from eider.learn.deferred import learn_queued

    learn_queued(engine, job)
    progress(1, 1)


@handles("sweep_loops")
def sweep_loops(engine: Engine, job: Job, progress: Progress) -> None:
    """Close loops that nobody judged in time."""
    from eider.learn.loops import sweep

    sweep(engine, job, progress)


@handles("learn_decay")
def learn_decay(engine: Engine, job: Job, progress: Progress) -> None:
    """Teach the online model of forgetting from an outcome."""
    from eider.learn.online_decay import learn_decay

    learn_decay(engine, job, progress)


@handles("consolidate_scopes")
def consolidate_scopes(engine: Engine, job: Job, progress: Progress) -> None:
    """Merge, rename and split scopes that have become many."""
    from eider.learn.scopes import consolidate_queued

    consolidate_queued(engine, job)
    progress(1, 1)


@handles("requote", owed=True)
def requote(engine: Engine, job: Job, progress: Progress) -> None:
    """Give what earlier versions learned the words it was said in."""
    from eider.records import requote

    del job
    requote.requote(engine, progress)


@handles("compact")
def compact(engine: Engine, job: Job, progress: Progress) -> None:
    """Give back what the store's files hold for nothing."""
    from eider.store.maintenance import compact

    del job
    compact(engine)
    progress(1, 1)


@handles("expire_runs", owed=True)
def expire_runs(engine: Engine, job: Job, progress: Progress) -> None:
    """Erase runs without history whose time for follow-ups is over."""
    from eider.runs.forgetting import expire_runs

    expire_runs(engine, job, progress)


@handles("backup")
def backup(engine: Engine, job: Job, progress: Progress) -> None:
    """Make a scheduled backup."""
    from eider.records.backup.commands import run_scheduled_backup

    run_scheduled_backup(engine, job)
    progress(1, 1)
