"""Looking into the copy of a store without opening it as a memory, and naming who is in it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eider.model.errors import StoreDamagedError, StoreTooNewError
from eider.store import migrate
from eider.store.database import Cursor, Database
from eider.store.duck import DuckStore
from eider.store.event_chain import keyed_digest
from eider.store.files import StoreFiles
from eider.store.lock import OwnerLock

_LOST = "Restore it from a backup."


@contextmanager
def looking(folder: Path, *, locked: bool = False) -> Generator[DuckStore]:
    """A store's rows, read-only; nothing is written, migrated or embedded.

    Args:
        folder: Directory of a store or of the copy in a backup; not open in this process.
        locked: The caller holds its lock.

    Raises:
        StoreLockedError: A process has it open.
        StoreDamagedError: It cannot be read, or has lost acknowledged rows.
        StoreTooNewError: A later version wrote it.
    """
    files = StoreFiles(folder)
    truth = files.truth()
    lock = None if locked else OwnerLock(folder, shared=True)
    try:
        database = Database(truth, read_only=True)
        try:
            with database.reading() as db:
                found = migrate.schema_of(db)
            if found > migrate.newest():
                raise StoreTooNewError(folder, found, migrate.newest())
            store = DuckStore(files, database, embedder="", width=1)
            noted = files.head()
            if noted is not None and store.link(noted[0]) != noted[1]:
                raise StoreDamagedError(folder, "acknowledged changes are gone", _LOST)
            yield store
        finally:
            database.close()
    finally:
        if lock is not None:
            lock.close()


def identity(store: DuckStore) -> str:
    """A digest that all copies of a store share, and no other store has."""
    return keyed_digest(store.secret, "identity")[:32]


def setting(store: DuckStore, name: str) -> str:
    """One line of the store's own notes."""
    with store.database.reading() as db:
        found = db.execute("SELECT content FROM meta WHERE name = ?", [name]).fetchall()
    return found[0][0] if found else ""


def schema(store: DuckStore) -> int:
    """Schema number of the store."""
    with store.database.reading() as db:
        return migrate.schema_of(db)


def users(store: DuckStore) -> list[str]:
    """Everybody who has a row or is named by an event, sorted."""
    with store.database.reading() as db:
        return users_in(db)


def users_in(db: Cursor) -> list[str]:
    """The same on an open cursor."""
    sql = (
        "SELECT DISTINCT user_id FROM (SELECT user_id FROM episodes UNION SELECT user_id FROM memories "
        "UNION SELECT user_id FROM events) WHERE user_id <> '' ORDER BY 1"
    )
    return [row[0] for row in db.execute(sql).fetchall()]


def counts(store: DuckStore) -> dict[str, dict[str, int]]:
    """User → kind of row → how many."""
    tables = {"event": "events", "episode": "episodes", "memory": "memories", "edge": "edges", "usage": "usage"}
    with store.database.reading() as db:
        found: dict[str, dict[str, int]] = {user: dict.fromkeys(tables, 0) for user in users_in(db)}
        for kind, table in tables.items():
            sql = f"SELECT user_id, count(*) FROM {table} WHERE user_id <> '' GROUP BY 1"  # noqa: S608 (constants)
            rows: list[Any] = db.execute(sql).fetchall()
            for user, n in rows:
                found.setdefault(user, dict.fromkeys(tables, 0))[kind] = n
    return found
