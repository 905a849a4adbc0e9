"""Small state beside the rows: usage counters, registered scopes, named documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eider.model.values import Usage
from eider.store.duck import reads, rows
from eider.store.duck.database import Database
from eider.store.duck.row_writes import write_usage


class DuckUsage:
    """`UsageStore`."""

    def __init__(self, database: Database) -> None:
        """Read from an open database."""
        self._database = database

    def get(self, ids: Sequence[str] | None, *, user: str) -> dict[str, Usage]:
        """Usage by memory id; memories never used have none."""
        where = "" if ids is None else " AND id IN (SELECT unnest($2))"
        given: list[Any] = [user] if ids is None else [user, list(ids)]
        sql = f"SELECT {rows.columns(rows.USAGE)} FROM usage WHERE user_id = $1{where}"  # noqa: S608
        with self._database.reading() as db:
            return {row[0]: rows.usage_of(row) for row in db.execute(sql, given).fetchall()}

    def save(self, usage: Sequence[Usage], *, user: str) -> None:
        """Replace the counters of these memories."""
        with self._database.writing() as db:
            write_usage(db, user, usage)


class DuckScopes:
    """`ScopeStore`."""

    def __init__(self, database: Database) -> None:
        """Read from an open database."""
        self._database = database

    def registered(self, *, user: str) -> list[tuple[str, str]]:
        """Return (agent, name) in the order they came."""
        with self._database.reading() as db:
            return reads.scopes_of(db, user)


class DuckDocuments:
    """`Documents`, in the table `meta`."""

    def __init__(self, database: Database) -> None:
        """Read from an open database."""
        self._database = database

    def get(self, name: str) -> str | None:
        """Return a document; None where there is none."""
        with self._database.reading() as db:
            found = db.execute("SELECT content FROM meta WHERE name = ?", [name]).fetchall()
        return found[0][0] if found else None

    def update(self, name: str, change: Callable[[str | None], str]) -> None:
        """Replace a document by `change(it)`; nobody writes in between."""
        with self._database.turn():
            content = change(self.get(name))
            with self._database.writing() as db:
                db.execute("DELETE FROM meta WHERE name = ?", [name])
                db.execute("INSERT INTO meta VALUES (?, ?)", [name, content])

    def drop(self, first: str, before: str) -> None:
        """Remove documents whose name is greater than `first` and less than `before`."""
        with self._database.writing() as db:
            db.execute("DELETE FROM meta WHERE name > ? AND name < ?", [first, before])
