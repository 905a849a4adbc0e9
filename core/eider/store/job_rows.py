"""The table of jobs: rows in and out; what they mean is in `eider.store.jobs`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from eider.model.clock import from_db

if TYPE_CHECKING:
    from eider.store.database import Cursor

JobState = Literal["waiting", "running", "done", "dead"]
STATES: Final = get_args(JobState)
_FIELDS: Final = "id, kind, user_id, payload, priority, state, attempts, run_after, done, total, error, queued_at, finished_at, batch"
_OPEN: Final = "SELECT batch FROM jobs WHERE batch IS NOT NULL AND state IN ('waiting', 'running')"
_ENDED: Final = "its process ended while it ran, again and again"


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


def put(
    db: Cursor, kind: str, user: str, payload: str, priority: int, batch: str | None, *, now: datetime, due: datetime
) -> int:  # fmt: skip
    """A new row, unless the same already waits in that batch; returns its number."""
    same = (
        "SELECT id FROM jobs WHERE kind = ? AND user_id = ? AND payload = ? AND batch IS NOT DISTINCT FROM ? "
        "AND state = 'waiting'"
    )
    found = db.execute(same, [kind, user, payload, batch]).fetchall()
    if found:  # what failed keeps its pause; what was put off is due as soon as anybody wants it
        db.execute(
            "UPDATE jobs SET run_after = ? WHERE id = ? AND attempts = 0 AND run_after > ?", [due, found[0][0], due]
        )
        return int(found[0][0])
    id_ = int(db.execute("SELECT nextval('job_ids')").fetchall()[0][0])
    db.execute(
        f"INSERT INTO jobs ({_FIELDS}) VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, 0, 0, NULL, ?, NULL, ?)",  # noqa: S608
        [id_, kind, user, payload, priority, due, now, batch],
    )
    return id_


def take_over(db: Cursor, *, now: datetime, claims: int, keep: timedelta) -> None:
    """What an ended process claimed waits again, or is dead after so many claims; what was done long ago goes."""
    again = "claimed_by = NULL WHERE state = 'running' AND attempts"
    db.execute(
        f"UPDATE jobs SET state = 'dead', error = ?, finished_at = ?, {again} >= ?",  # noqa: S608 (constants)
        [_ENDED, now, claims],
    )
    db.execute(f"UPDATE jobs SET state = 'waiting', {again} < ?", [claims])  # noqa: S608
    sql = f"DELETE FROM jobs WHERE state = 'done' AND finished_at < ? AND (batch IS NULL OR batch NOT IN ({_OPEN}))"  # noqa: S608
    db.execute(sql, [now - keep])


def listed(db: Cursor, state: JobState | None, batch: str | None, limit: int | None) -> list[Job]:
    """Jobs, newest first."""
    wanted = [(name, given) for name, given in (("state", state), ("batch", batch)) if given is not None]
    where = " AND ".join(["true", *(f"{name} = ?" for name, _ in wanted)])
    sql = f"SELECT {_FIELDS} FROM jobs WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 (constants)
    return [_job(row) for row in db.execute(sql, [*(given for _, given in wanted), limit]).fetchall()]


def one(db: Cursor, id_: int) -> Job | None:
    """One job; None where there is none."""
    found = db.execute(f"SELECT {_FIELDS} FROM jobs WHERE id = ?", [id_]).fetchall()  # noqa: S608
    return _job(found[0]) if found else None


def batches(db: Cursor) -> list[Batch]:
    """Jobs by their label, the newest first."""
    sql = (
        "SELECT batch, count(*), count(*) FILTER (state = 'done'), count(*) FILTER (state = 'dead'), min(queued_at) "
        "FROM jobs WHERE batch IS NOT NULL GROUP BY batch ORDER BY max(id) DESC"
    )
    return [
        Batch(label=label, total=total, done=done, dead=dead, queued_at=from_db(at))
        for label, total, done, dead, at in db.execute(sql).fetchall()
    ]


def counts(db: Cursor) -> dict[str, int]:
    """State → number of jobs; every state is named."""
    found = dict(db.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
    return {state: int(found.get(state, 0)) for state in STATES}


def busy(db: Cursor, now: datetime | None) -> bool:
    """Whether a job runs or, given a time, one is due."""
    sql = "SELECT 1 FROM jobs WHERE state = 'running' OR (state = 'waiting' AND run_after <= ?) LIMIT 1"
    return bool(db.execute(sql, [now]).fetchall())


def due(db: Cursor, now: datetime, first: Collection[int], id_: int | None = None) -> Job | None:
    """The next job to run: one that was asked for, the most urgent, the oldest."""
    sql = (
        f"SELECT {_FIELDS} FROM jobs WHERE state = 'waiting' AND run_after <= $1 AND ($2 IS NULL OR id = $2) "  # noqa: S608
        "ORDER BY id IN (SELECT unnest($3::BIGINT[])) DESC, priority DESC, id LIMIT 1"
    )
    found = db.execute(sql, [now, id_, list(first)]).fetchall()
    return _job(found[0]) if found else None


def next_due(db: Cursor) -> datetime | None:
    """When the first of the waiting jobs is due; None where none waits."""
    at = db.execute("SELECT min(run_after) FROM jobs WHERE state = 'waiting'").fetchall()[0][0]
    return None if at is None else from_db(at)


def claim(db: Cursor, id_: int, by: str) -> None:
    """Note that a job runs."""
    sql = "UPDATE jobs SET state = 'running', claimed_by = ?, attempts = attempts + 1 WHERE id = ?"
    db.execute(sql, [by, id_])


def ready(db: Cursor, id_: int, *, now: datetime) -> None:
    """A job is due, and has all its attempts before it."""
    sql = "UPDATE jobs SET state = 'waiting', attempts = 0, done = 0, total = 0, run_after = ?, finished_at = NULL WHERE id = ?"
    db.execute(sql, [now, id_])


def note_progress(db: Cursor, id_: int, done: int, total: int) -> None:
    """How far a job is."""
    db.execute("UPDATE jobs SET done = ?, total = ? WHERE id = ?", [done, total, id_])


def finish(db: Cursor, id_: int, *, now: datetime) -> None:
    """A job is done."""
    sql = "UPDATE jobs SET state = 'done', error = NULL, claimed_by = NULL, finished_at = ? WHERE id = ?"
    db.execute(sql, [now, id_])


def put_back(db: Cursor, id_: int, error: str, *, after: datetime) -> None:
    """A job failed and is tried again later."""
    sql = "UPDATE jobs SET state = 'waiting', error = ?, run_after = ?, claimed_by = NULL WHERE id = ?"
    db.execute(sql, [error[:500], after, id_])


def bury(db: Cursor, id_: int, error: str, *, now: datetime) -> None:
    """A job failed for the last time."""
    sql = "UPDATE jobs SET state = 'dead', error = ?, finished_at = ?, claimed_by = NULL WHERE id = ?"
    db.execute(sql, [error[:500], now, id_])


def remove(db: Cursor, id_: int) -> None:
    """Take a job out."""
    db.execute("DELETE FROM jobs WHERE id = ?", [id_])


def purge(db: Cursor, state: JobState, before: datetime | None, owed: Sequence[str]) -> int:
    """Take jobs out, but none of a batch under way, unless waiting ones are meant; returns how many."""
    whole = "true" if state == "waiting" else f"(batch IS NULL OR batch NOT IN ({_OPEN}))"
    sql = (
        f"DELETE FROM jobs WHERE state = $1 AND {whole} AND ($2 IS NULL OR coalesce(finished_at, queued_at) < $2) "  # noqa: S608
        "AND ($1 = 'done' OR kind NOT IN (SELECT unnest($3::VARCHAR[]))) RETURNING id"
    )
    return len(db.execute(sql, [state, before, list(owed)]).fetchall())


def _job(row: tuple[Any, ...]) -> Job:
    id_, kind, user, payload, priority, state, attempts, after, done, total, error, queued, finished, batch = row
    return Job(
        id=id_, kind=kind, user=user, payload=json.loads(payload), priority=priority, state=state, attempts=attempts,
        run_after=from_db(after), done=done, total=total, error=error, queued_at=from_db(queued),
        finished_at=None if finished is None else from_db(finished), batch=batch,
    )  # fmt: skip
