"""The queue of background work where several processes take from it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from eider.store.job import Job
from eider.store.sql.jobs import SqlJobQueue
from eider.store.sql.session import EVERYONE
from eider_postgres.chain import PostgresChain
from eider_postgres.database import PostgresDatabase

ALIVE = "eider alive "
"""Begins the name of the lock that each process holds while it lives."""


class PostgresJobQueue(SqlJobQueue):
    """`JobQueue`. A claim names the process; whose lock nobody holds has ended."""

    ended = "claimed_by IS NULL"

    def __init__(self, database: PostgresDatabase, chain: PostgresChain) -> None:
        """Work on an open database."""
        super().__init__(database)
        self._me = chain.me

    def claim(self, by: str, *, now: datetime, first: Collection[int], id: int | None = None) -> Job | None:  # noqa: A002
        """Take the next job that is due."""
        return super().claim(f"{self._me} {by}", now=now, first=first, id=id)

    def take_over(self, *, now: datetime, claims: int, keep: timedelta) -> None:
        """Let what ended processes claimed wait again; what living ones run is left alone."""
        with self._database.writing(EVERYONE) as db:
            held = "SELECT DISTINCT claimed_by FROM jobs WHERE state = 'running' AND claimed_by IS NOT NULL"
            for (claimed,) in db.execute(held).fetchall():
                lock = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
                if db.execute(lock, [ALIVE + claimed.split(" ")[0]]).fetchall()[0][0]:
                    sql = "UPDATE jobs SET claimed_by = NULL WHERE state = 'running' AND claimed_by = ?"
                    db.change(sql, [claimed])
        super().take_over(now=now, claims=claims, keep=keep)
