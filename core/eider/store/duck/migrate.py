"""Numbered migrations: each is one SQL file, applied in one transaction."""

from __future__ import annotations

import secrets
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from duckdb import CatalogException

from eider.model.errors import StoreDamagedError, StoreTooNewError
from eider.model.failpoints import point

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FOLDER: Final = "migrations"
READABLE: Final = 1
"""Oldest schema that can be read as it is: a published snapshot is never migrated."""


@cache
def scripts() -> list[tuple[int, str]]:
    """(number, SQL) of every migration, in order."""
    files = resources.files("eider.store").joinpath(_FOLDER).iterdir()
    found = sorted((f.name, f.read_text()) for f in files if f.name.endswith(".sql"))
    return [(int(name.split("_")[0]), sql) for name, sql in found]


def newest() -> int:
    """Schema number this version writes."""
    return scripts()[-1][0]


def schema_of(db: DuckDBPyConnection) -> int:
    """Schema number of an open database; 0 for an empty one."""
    try:  # DuckDB takes two milliseconds longer to list its tables first, three times in every opening
        row = db.execute("SELECT content FROM meta WHERE name = 'schema'").fetchall()
    except CatalogException:
        return 0
    return int(row[0][0]) if row else 0


def migrate(db: DuckDBPyConnection, folder: Path) -> int:
    """Bring a database to the newest schema; returns how many migrations ran.

    Raises:
        StoreTooNewError: A later version of Eider wrote it.
    """
    found = schema_of(db)
    if found > newest():
        raise StoreTooNewError(folder, found, newest())
    todo = [(number, sql) for number, sql in scripts() if number > found]
    for number, sql in todo:
        db.begin()
        try:
            db.execute(sql)
            db.execute("DELETE FROM meta WHERE name = 'schema'")
            db.execute("INSERT INTO meta VALUES ('schema', ?)", [str(number)])
            point("migrate.written")
            db.commit()
        except BaseException:
            db.rollback()
            raise
    return len(todo)


def found_store(db: DuckDBPyConnection, path: Path) -> None:
    """Give a new database its schema and its secret."""
    migrate(db, path)
    db.execute("INSERT INTO meta VALUES ('secret', ?)", [secrets.token_hex(32)])


def secret_of(db: DuckDBPyConnection, folder: Path) -> bytes:
    """Key of this store's digests: tombstones and idempotency keys mean nothing outside it."""
    row = db.execute("SELECT content FROM meta WHERE name = 'secret'").fetchall()
    if not row:
        raise StoreDamagedError(folder, "its secret is missing", "Restore the directory from a backup.")
    return bytes.fromhex(row[0][0])
