"""Inserts of many plans, written with one statement for each table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eider.model.changes import Indexing
from eider.store.sql.session import Cursor, Dialect, Given, Result


class GatheredWrites:
    """A cursor that holds inserts back until `flush`; whatever else is asked of it writes them first.

    Only inserts without an `end` are held back, for those cannot meet rows that are there.
    """

    def __init__(self, db: Cursor) -> None:
        """Hold nothing back yet."""
        self._db = db
        self._rows: dict[tuple[str, tuple[str, ...]], list[Sequence[Any]]] = {}
        self._material: dict[tuple[str, str], dict[str, Indexing]] = {}

    @property
    def dialect(self) -> Dialect:
        """How the database says some things."""
        return self._db.dialect

    def flush(self) -> None:
        """Write all that was held back, table by table in the order in which they were first written to."""
        gathered, material = self._rows, self._material
        self._rows, self._material = {}, {}
        for (table, names), rows in gathered.items():
            self._db.insert(table, names, rows)
        for (user, embedder), made in material.items():
            self._db.index(made, user=user, embedder=embedder)

    def insert(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]], end: str = "") -> None:
        """Hold rows back, or write them where something is said of rows that are there."""
        if end:
            self.flush()
            self._db.insert(table, names, rows, end)
        else:
            self._rows.setdefault((table, tuple(names)), []).extend(rows)

    def index(self, made: Mapping[str, Indexing], *, user: str, embedder: str) -> None:
        """Hold material back, to be followed after its rows are written."""
        self._material.setdefault((user, embedder), {}).update(made)

    def index_vectors(self, vectors: Mapping[str, bytes], *, user: str, embedder: str) -> None:
        """Write what was held back, then this."""
        self.flush()
        self._db.index_vectors(vectors, user=user, embedder=embedder)

    def execute(self, sql: str, given: Given = (), /) -> Result:
        """Write what was held back, then run one statement."""
        self.flush()
        return self._db.execute(sql, given)

    def hold(self, what: str) -> None:
        """Keep every other process out of `what` until the transaction ends."""
        self._db.hold(what)

    def change(self, sql: str, given: Given = (), /) -> None:
        """Write what was held back, then run an update or a delete."""
        self.flush()
        self._db.change(sql, given)

    def changed(self, sql: str, given: Given = (), /) -> int:
        """Write what was held back, then run an update or a delete; returns how many rows it changed."""
        self.flush()
        return self._db.changed(sql, given)

    def by_id(
        self, table: str, names: Sequence[str], ids: Sequence[str], *, user: str, where: str = "true",
        given: Sequence[Any] = (),
    ) -> list[Any]:  # fmt: skip
        """Write what was held back, then return rows of one user by their ids."""
        self.flush()
        return self._db.by_id(table, names, ids, user=user, where=where, given=given)
