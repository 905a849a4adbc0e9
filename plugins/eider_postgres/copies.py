"""Copies of a store in PostgreSQL, which are the server's business, and the place that erased rows still take."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from eider.model.errors import RefusedError
from eider.store.sql.session import EVERYONE
from eider_postgres.database import PostgresDatabase

_FULL: Final = 256 * 1024 * 1024
"""Bytes of a table up to which it is written anew; a larger one would keep everybody waiting for too long. A guess."""


class PostgresCopies:
    """`Copies`."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Work on an open database."""
        self._database = database

    def publish(self, target: Path, at: datetime) -> Path:
        """Refuse: a snapshot is a file of DuckDB."""
        del target, at
        raise RefusedError(
            f"{self._database.address.shown!r} is not in files, so it cannot be published as a snapshot; use export()."
        )

    def wasted(self) -> tuple[int, int]:
        """Return zeros: the server keeps its files tidy itself."""
        return 0, 0

    def unreached(self) -> tuple[str, ...]:
        """Say what is the server's business, and which tables are too large to be written anew while somebody waits."""
        sql = (
            "SELECT c.relname, pg_size_pretty(pg_total_relation_size(c.oid)) FROM pg_class c "
            "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' "
            "AND pg_total_relation_size(c.oid) > $1 ORDER BY 1"
        )
        with self._database.reading(EVERYONE) as db:
            large = db.execute(sql, [_FULL]).fetchall()
        schema = self._database.address.schema
        return (
            "the server's write-ahead log until it is written over, its replicas and backups",
            *(f"free space of table {t!r}, {size}, until it is used again or VACUUM FULL {schema}.{t} is run" for t, size in large),
        )  # fmt: skip

    def rewrite(self) -> None:
        """Write the tables anew that lost rows, so that erased bytes leave the server's files; large ones are vacuumed.

        The server forgets what it counted when it crashes: a table of which it knows nothing is written anew as well.
        """
        sql = (
            "SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c "
            "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' "
            "AND (pg_stat_get_dead_tuples(c.oid) > 0 OR pg_stat_get_tuples_deleted(c.oid) > 0 "
            "OR (pg_relation_size(c.oid) > 0 AND pg_stat_get_live_tuples(c.oid) = 0)) ORDER BY 2 DESC"
        )
        with self._database.alone() as db:
            db.execute("SELECT pg_stat_force_next_flush()")
            for table, size in db.execute(sql).fetchall():
                statement: Any = f"VACUUM (FULL) {table}" if size <= _FULL else f"VACUUM {table}"
                db.execute(statement)
        with self._database.writing(EVERYONE) as db:
            db.change("DELETE FROM jobs WHERE kind = 'scrub' AND state = 'waiting'")
