"""Whole tables, row by row, for moving a store into another one, whatever database either is in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from eider.model.changes import Indexing
from eider.model.failpoints import point
from eider.store.sql.chain import Chain
from eider.store.sql.session import EVERYONE

_DERIVED: Final = frozenset({"chain", "jobs", "meanings", "meta", "outbox", "term_stats", "words"})
"""Made from the other tables, or of one place only; `meta` is moved by name, jobs are queued anew."""
_PARTITION: Final = re.compile(r"(.+)_\d+")
_PAGE: Final = 2_000
_OWN: Final = "('schema', 'migration')"
"""Documents that belong to a place, not to what is in it."""

_OUTBOX: Final = (
    "INSERT INTO outbox (rev, id, user_id, op) SELECT rev, id, user_id, 'put' FROM episodes UNION ALL "
    "SELECT max(rev), id, user_id, 'put' FROM memories WHERE retired_at IS NULL AND state <> 'erased' GROUP BY id, user_id"
)

Unit = tuple[str, str | None]
"""A table and a user whose rows of it are moved together; None for a table that is nobody's."""
Tally = tuple[int, str]
"""Rows of a unit, and a hash over all of them that does not depend on their order."""


class SqlTables:
    """`Tables`."""

    def __init__(self, chain: Chain) -> None:
        """Read and write the tables behind a chain."""
        self._chain, self._database = chain, chain.database
        sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2"
        found: dict[str, list[str]] = {}
        with self._database.reading(EVERYONE) as db:
            for table, column in db.execute(sql).fetchall():
                found.setdefault(table, []).append(column)
        parts = {t for t in found if (m := _PARTITION.fullmatch(t)) and m.group(1) in found}
        self._columns = {table: names for table, names in found.items() if table not in _DERIVED | parts}

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """Table → its columns, of all tables that are moved."""
        return self._columns

    def units(self) -> list[Unit]:
        """Return all units that have rows, sorted."""
        found: list[Unit] = []
        with self._database.reading(EVERYONE) as db:
            for table, names in sorted(self._columns.items()):
                if "user_id" in names:
                    users = db.execute(f"SELECT DISTINCT user_id FROM {table} ORDER BY 1").fetchall()  # noqa: S608
                    found += [(table, row[0]) for row in users]
                elif db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall():  # noqa: S608
                    found.append((table, None))
        return found

    def rows(self, unit: Unit) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a unit in pages, columns in the order of `columns`."""
        with self._database.reading(EVERYONE) as db:
            found = db.execute(*self._where(f"SELECT {', '.join(self._columns[unit[0]])}", unit))
            while page := found.fetchmany(_PAGE):
                yield [tuple(bytes(v) if isinstance(v, (bytearray, memoryview)) else v for v in row) for row in page]

    def tally(self, unit: Unit) -> Tally:
        """Return how many rows a unit has, and their hash."""
        count, total = 0, 0
        for page in self.rows(unit):
            for row in page:
                total += int.from_bytes(
                    blake2b(repr([_plain(v) for v in row]).encode("utf-8", "surrogatepass"), digest_size=16).digest(),
                    "big",
                )
            count += len(page)
        return count, f"{total % 2**128:032x}"

    def put(self, unit: Unit, pages: Iterator[list[tuple[Any, ...]]]) -> None:
        """Replace the rows of a unit, whole or not at all."""
        table, user = unit
        names = self._columns[table]
        with self._database.writing(EVERYONE) as db:
            db.change(*self._where("DELETE", unit))
            for page in pages:
                db.insert(table, names, page)
                if table == "embeddings" and user is not None:
                    db.index(_material(names, page), user=user, embedder="")
            point("migrate.put")

    def remove(self, unit: Unit) -> None:
        """Remove the rows of a unit."""
        with self._database.writing(EVERYONE) as db:
            db.change(*self._where("DELETE", unit))

    def documents(self) -> dict[str, str]:
        """Return the documents of the store that are moved, its secret among them."""
        with self._database.reading(EVERYONE) as db:
            return dict(db.execute(f"SELECT name, content FROM meta WHERE name NOT IN {_OWN}").fetchall())  # noqa: S608 (constants)

    def finish(self, documents: Mapping[str, str], note: str) -> None:
        """In one transaction: take over documents, move the end of the chain to the last event, and note that it is done."""
        with self._chain.transaction(EVERYONE) as (db, heads):
            db.change(f"DELETE FROM meta WHERE name NOT IN {_OWN} OR name = 'migration'")  # noqa: S608 (constants)
            db.insert("meta", ["name", "content"], [*documents.items(), ("migration", note)])
            db.change("DELETE FROM term_stats")
            if self._chain.indexed:
                db.change("DELETE FROM outbox")
                db.change(_OUTBOX)
            last = db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchall()
            if last:
                heads.append((last[0][0], last[0][1]))
            point("migrate.finished")

    def _where(self, what: str, unit: Unit) -> tuple[str, list[Any]]:
        table, user = unit
        return (f"{what} FROM {table}", []) if user is None else (f"{what} FROM {table} WHERE user_id = ?", [user])


def _material(names: Sequence[str], page: Sequence[tuple[Any, ...]]) -> dict[str, Indexing]:
    """Rows of embeddings as what a database that nominates by itself indexes."""
    wanted = [names.index(name) for name in ("id", "vector", "analysis", "embedder", "spare_vector", "spare_embedder")]
    made: dict[str, Indexing] = {}
    for row in page:
        id_, vector, analysis, embedder, spare, other = (row[place] for place in wanted)
        made[id_] = Indexing(
            vector=vector, analysis=analysis, pending=not embedder, embedder=embedder, spare=spare,
            spare_embedder=other or "",
        )  # fmt: skip
    return made


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
