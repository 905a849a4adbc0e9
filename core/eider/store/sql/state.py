"""Small state beside the rows: usage counters, registered scopes, named documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eider.model.values import Usage
from eider.store.sql import reads, rows
from eider.store.sql.row_writes import write_usage
from eider.store.sql.session import EVERYONE, Cursor, Database


class SqlUsage:
    """`UsageStore`."""

    def __init__(self, database: Database) -> None:
        """Read from an open database."""
        self._database = database

    def get(self, ids: Sequence[str] | None, *, user: str) -> dict[str, Usage]:
        """Usage by memory id; memories never used have none."""
        where = "" if ids is None else " AND id IN (SELECT unnest($2))"
        given: list[Any] = [user] if ids is None else [user, list(ids)]
        sql = f"SELECT {rows.columns(rows.USAGE)} FROM usage WHERE user_id = $1{where}"  # noqa: S608
        with self._database.reading(user) as db:
            return {row[0]: rows.usage_of(row) for row in db.execute(sql, given).fetchall()}

    def save(self, usage: Sequence[Usage], *, user: str) -> None:
        """Replace the counters of these memories."""
        with self._database.writing(user) as db:
            write_usage(db, user, usage)


class SqlScopes:
    """`ScopeStore`."""

    def __init__(self, database: Database) -> None:
        """Read from an open database."""
        self._database = database

    def registered(self, *, user: str) -> list[tuple[str, str]]:
        """Return (agent, name) in the order they came."""
        with self._database.reading(user) as db:
            return reads.scopes_of(db, user)


class SqlDocuments:
    """`Documents`, in the table `meta`."""

    def __init__(self, database: Database, announce: Callable[[Cursor], None] = lambda _: None) -> None:
        """Read from an open database; `announce` tells others of a change, within its transaction."""
        self._database, self._announce = database, announce

    def get(self, name: str) -> str | None:
        """Return a document; None where there is none."""
        with self._database.reading(EVERYONE) as db:
            found = db.execute("SELECT content FROM meta WHERE name = ?", [name]).fetchall()
        return found[0][0] if found else None

    def update(self, name: str, change: Callable[[str | None], str]) -> None:
        """Replace a document by `change(it)`; nobody writes in between."""
        with self._database.writing(EVERYONE) as db:
            db.hold(name)
            known = db.execute("SELECT content FROM meta WHERE name = ?", [name]).fetchall()
            content = change(known[0][0] if known else None)
            db.change("DELETE FROM meta WHERE name = ?", [name])
            db.insert("meta", ["name", "content"], [(name, content)])
            self._announce(db)

    def drop(self, first: str, before: str) -> None:
        """Remove documents whose name is greater than `first` and less than `before`."""
        with self._database.writing(EVERYONE) as db:
            db.change("DELETE FROM meta WHERE name > ? AND name < ?", [first, before])
