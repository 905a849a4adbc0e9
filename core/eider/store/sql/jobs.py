"""The table of jobs; what they mean is in `eider.store.jobs`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from eider.model.clock import from_db, to_db
from eider.store.job import STATES, Batch, Job, JobState
from eider.store.sql.session import EVERYONE, Cursor, Database

_FIELDS: Final = "id, kind, user_id, payload, priority, state, attempts, run_after, done, total, error, queued_at, finished_at, batch"
_OPEN: Final = "SELECT batch FROM jobs WHERE batch IS NOT NULL AND state IN ('waiting', 'running')"
_ENDED: Final = "its process ended while it ran, again and again"
_ERROR: Final = 500
"""Characters of an error that are kept."""


class SqlJobQueue:
    """`JobQueue`."""

    ended = "true"
    """Which running jobs are an ended process's when a store is opened: all, where one process has it at a time."""

    def __init__(self, database: Database) -> None:
        """Work on an open database."""
        self._database = database

    def add(
        self, kind: str, *, user: str, payload: str, priority: int, batch: str | None, now: datetime, due: datetime
    ) -> int:
        """Put a job in, unless the same already waits in that batch; returns its number."""
        same = (
            "SELECT id FROM jobs WHERE kind = ? AND user_id = ? AND payload = ? AND batch IS NOT DISTINCT FROM ? "
            "AND state = 'waiting'"
        )
        sooner = "UPDATE jobs SET run_after = ? WHERE id = ? AND attempts = 0 AND run_after > ?"
        insert = f"INSERT INTO jobs ({_FIELDS}) VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, 0, 0, NULL, ?, NULL, ?)"  # noqa: S608
        with self._database.writing(EVERYONE) as db:
            found = db.execute(same, [kind, user, payload, batch]).fetchall()
            if found:  # what failed keeps its pause; what was put off is due as soon as anybody wants it
                db.change(sooner, [to_db(due), found[0][0], to_db(due)])
                return int(found[0][0])
            id_ = int(db.execute("SELECT nextval('job_ids')").fetchall()[0][0])
            db.change(insert, [id_, kind, user, payload, priority, to_db(due), to_db(now), batch])
        return id_

    def claim(self, by: str, *, now: datetime, first: Collection[int], id: int | None = None) -> Job | None:  # noqa: A002
        """Take the next job that is due: one of `first`, the most urgent, the oldest; or only the one named."""
        with self._database.reading(EVERYONE) as db:  # most looks find nothing, and reading waits for nobody
            if _due(db, now, first, id) is None:
                return None
        sql = "UPDATE jobs SET state = 'running', claimed_by = ?, attempts = attempts + 1 WHERE id = ?"
        with self._database.writing(EVERYONE) as db:
            if (found := _due(db, now, first, id, db.dialect.claimed)) is not None:
                db.change(sql, [by, found.id])
        return found

    def take_over(self, *, now: datetime, claims: int, keep: timedelta) -> None:
        """Let what an ended process claimed wait again, or be dead after so many claims; drop what ended long ago."""
        again = f"claimed_by = NULL WHERE state = 'running' AND {self.ended} AND attempts"
        dead = f"UPDATE jobs SET state = 'dead', error = ?, finished_at = ?, {again} >= ?"  # noqa: S608 (constants)
        old = f"DELETE FROM jobs WHERE state = 'done' AND finished_at < ? AND (batch IS NULL OR batch NOT IN ({_OPEN}))"  # noqa: S608
        with self._database.writing(EVERYONE) as db:
            db.change(dead, [_ENDED, to_db(now), claims])
            db.change(f"UPDATE jobs SET state = 'waiting', {again} < ?", [claims])  # noqa: S608
            db.change(old, [to_db(now) - keep])

    def next_due(self) -> datetime | None:
        """Return when the first waiting job is due; None where none waits."""
        with self._database.reading(EVERYONE) as db:
            at = db.execute("SELECT min(run_after) FROM jobs WHERE state = 'waiting'").fetchall()[0][0]
        return None if at is None else from_db(at)

    def busy(self, now: datetime | None) -> bool:
        """Return whether a job runs or, given a time, one is due by then."""
        sql = "SELECT 1 FROM jobs WHERE state = 'running' OR (state = 'waiting' AND run_after <= ?) LIMIT 1"
        with self._database.reading(EVERYONE) as db:
            return bool(db.execute(sql, [None if now is None else to_db(now)]).fetchall())

    def last_queued(self, kind: str, *, user: str) -> datetime | None:
        """Return when a job of this kind was last queued for a user."""
        sql = "SELECT max(queued_at) FROM jobs WHERE user_id = ? AND kind = ?"
        with self._database.reading(EVERYONE) as db:
            at = db.execute(sql, [user, kind]).fetchall()[0][0]
        return None if at is None else from_db(at)


class SqlJobResults:
    """`JobResults`."""

    def __init__(self, database: Database) -> None:
        """Work on an open database."""
        self._database = database

    def reset(self, id: int, *, now: datetime, check: Callable[[Job | None], None]) -> None:  # noqa: A002
        """Make a job due with all attempts before it, once `check` accepts it in the same transaction."""
        sql = (
            "UPDATE jobs SET state = 'waiting', attempts = 0, done = 0, total = 0, run_after = ?, finished_at = NULL "
            "WHERE id = ?"
        )
        with self._database.writing(EVERYONE) as db:
            check(_one(db, id))
            db.change(sql, [to_db(now), id])

    def progress(self, id: int, done: int, total: int) -> None:  # noqa: A002
        """Note how far a job is."""
        with self._database.writing(EVERYONE) as db:
            db.change("UPDATE jobs SET done = ?, total = ? WHERE id = ?", [done, total, id])

    def finish(self, id: int, *, now: datetime) -> None:  # noqa: A002
        """Note that a job is done."""
        sql = "UPDATE jobs SET state = 'done', error = NULL, claimed_by = NULL, finished_at = ? WHERE id = ?"
        with self._database.writing(EVERYONE) as db:
            db.change(sql, [to_db(now), id])

    def retry(self, id: int, error: str, *, after: datetime) -> None:  # noqa: A002
        """Note that a job failed and is tried again later."""
        sql = "UPDATE jobs SET state = 'waiting', error = ?, run_after = ?, claimed_by = NULL WHERE id = ?"
        with self._database.writing(EVERYONE) as db:
            db.change(sql, [error[:_ERROR], to_db(after), id])

    def give_up(self, id: int, error: str, *, now: datetime) -> None:  # noqa: A002
        """Note that a job failed for the last time."""
        sql = "UPDATE jobs SET state = 'dead', error = ?, finished_at = ?, claimed_by = NULL WHERE id = ?"
        with self._database.writing(EVERYONE) as db:
            db.change(sql, [error[:_ERROR], to_db(now), id])


class SqlJobList:
    """`JobList`."""

    def __init__(self, database: Database) -> None:
        """Work on an open database."""
        self._database = database

    def listed(self, state: JobState | None, *, batch: str | None, limit: int | None) -> list[Job]:
        """Return jobs, newest first."""
        wanted = [(name, given) for name, given in (("state", state), ("batch", batch)) if given is not None]
        where = " AND ".join(["true", *(f"{name} = ?" for name, _ in wanted)])
        sql = f"SELECT {_FIELDS} FROM jobs WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 (constants)
        with self._database.reading(EVERYONE) as db:
            return [_job(row) for row in db.execute(sql, [*(given for _, given in wanted), limit]).fetchall()]

    def get(self, id: int) -> Job | None:  # noqa: A002
        """Return one job."""
        with self._database.reading(EVERYONE) as db:
            return _one(db, id)

    def batches(self) -> list[Batch]:
        """Return jobs that were queued together, the newest first."""
        sql = (
            "SELECT batch, count(*), count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'dead'), min(queued_at) "
            "FROM jobs WHERE batch IS NOT NULL GROUP BY batch ORDER BY max(id) DESC"
        )
        with self._database.reading(EVERYONE) as db:
            return [
                Batch(label=label, total=total, done=done, dead=dead, queued_at=from_db(at))
                for label, total, done, dead, at in db.execute(sql).fetchall()
            ]

    def counts(self) -> dict[str, int]:
        """Return state → number of jobs; every state is named."""
        with self._database.reading(EVERYONE) as db:
            found = dict(db.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
        return {state: int(found.get(state, 0)) for state in STATES}

    def remove(self, id: int, *, check: Callable[[Job | None], None]) -> None:  # noqa: A002
        """Take a job out, once `check` accepts it in the same transaction."""
        with self._database.writing(EVERYONE) as db:
            check(_one(db, id))
            db.change("DELETE FROM jobs WHERE id = ?", [id])

    def purge(self, state: JobState, *, before: datetime | None, keep_kinds: Sequence[str]) -> int:
        """Take jobs out, but none of a batch under way (unless waiting ones are meant), nor unfinished ones of these kinds."""
        whole = "true" if state == "waiting" else f"(batch IS NULL OR batch NOT IN ({_OPEN}))"
        sql = (
            f"DELETE FROM jobs WHERE state = $1 AND {whole} AND (CAST($2 AS TIMESTAMP) IS NULL OR coalesce(finished_at, queued_at) < $2) "  # noqa: S608
            "AND ($1 = 'done' OR kind NOT IN (SELECT unnest($3::VARCHAR[])))"
        )
        with self._database.writing(EVERYONE) as db:
            given = [state, None if before is None else to_db(before), list(keep_kinds)]
            return db.changed(sql, given)


def _due(db: Cursor, now: datetime, first: Collection[int], id_: int | None, end: str = "") -> Job | None:
    sql = (
        f"SELECT {_FIELDS} FROM jobs WHERE state = 'waiting' AND run_after <= $1 "  # noqa: S608
        "AND ($2::BIGINT IS NULL OR id = $2) "
        f"ORDER BY id IN (SELECT unnest($3::BIGINT[])) DESC, priority DESC, id LIMIT 1 {end}"
    )
    found = db.execute(sql, [to_db(now), id_, list(first)]).fetchall()
    return _job(found[0]) if found else None


def _one(db: Cursor, id_: int) -> Job | None:
    found = db.execute(f"SELECT {_FIELDS} FROM jobs WHERE id = ?", [id_]).fetchall()  # noqa: S608
    return _job(found[0]) if found else None


def _job(row: tuple[Any, ...]) -> Job:
    id_, kind, user, payload, priority, state, attempts, after, done, total, error, queued, finished, batch = row
    return Job(
        id=id_, kind=kind, user=user, payload=json.loads(payload), priority=priority, state=state, attempts=attempts,
        run_after=from_db(after), done=done, total=total, error=error, queued_at=from_db(queued),
        finished_at=None if finished is None else from_db(finished), batch=batch,
    )  # fmt: skip
