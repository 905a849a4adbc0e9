"""What the shared SQL asks of a database: transactions that know whose rows they may touch, and a few phrases of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from eider.model.changes import Indexing

EVERYONE: Final = None
"""Stands for a user where the rows of all are looked at: counting, checking, background work."""

Given = Sequence[Any] | Mapping[str, Any]
"""Values of the marks in a statement: `?` or `$1` by place, `$name` by name."""


class Result(Protocol):
    """Rows that a statement found."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left, as tuples."""
        ...

    def fetchmany(self, size: int = 1, /) -> list[Any]:
        """Return the next rows, at most `size`."""
        ...


class Dialect(Protocol):
    """Phrases of SQL that differ between databases."""

    row_key: str
    """Columns that name a row of one user uniquely."""
    text_type: str
    """Name that `information_schema` has for text."""
    claimed: str
    """Ends a query for a row that is going to be changed: skips what another process is changing."""

    def names_any(self, column: str, mark: str) -> str:
        """Whether a JSON list of strings in a column shares one with the list at a mark."""
        ...

    def quotes_any(self, column: str, mark: str) -> str:
        """Whether a JSON list of [id, start, end] in a column has an id of the list at a mark."""
        ...

    def quoted_ids(self, column: str) -> str:
        """Return the ids of a JSON list of [id, start, end] as a list."""
        ...

    def says_any(self, column: str, mark: str, *, binary: bool = False) -> str:
        """Whether a text, or UTF-8 bytes, contains any of the texts in the list at a mark."""
        ...


class Cursor(Protocol):
    """Statements within one transaction."""

    @property
    def dialect(self) -> Dialect:
        """How the database says some things."""
        ...

    def execute(self, sql: str, given: Given = (), /) -> Result:
        """Run one statement."""
        ...

    def hold(self, what: str) -> None:
        """Keep every other process out of `what` until the transaction ends."""
        ...

    def insert(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]], end: str = "") -> None:
        """Insert rows by columns; `end` follows the statement, such as what happens to rows that are there."""
        ...

    def change(self, sql: str, given: Given = (), /) -> None:
        """Run an update or a delete."""
        ...

    def changed(self, sql: str, given: Given = (), /) -> int:
        """Run an update or a delete; returns how many rows it changed, which is waited for."""
        ...

    def index(self, made: Mapping[str, Indexing], *, user: str, embedder: str) -> None:
        """Bring what is searched within the database in line with new material; nothing where an index of its own follows.

        `embedder` is whose the vectors are where the material does not say so.
        """
        ...

    def index_vectors(self, vectors: Mapping[str, bytes], *, user: str, embedder: str) -> None:
        """The same for vectors of one embedder, beside rows whose words are there."""
        ...

    def by_id(
        self, table: str, names: Sequence[str], ids: Sequence[str], *, user: str, where: str = "true",
        given: Sequence[Any] = (),
    ) -> list[Any]:  # fmt: skip
        """Return rows of one user by their ids, in any order; `where` holds for them, with `?` for what is `given`."""
        ...


class Database(Protocol):
    """An open database."""

    @property
    def dialect(self) -> Dialect:
        """How it says some things."""
        ...

    @property
    def schema(self) -> int:
        """Number of its schema."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether nothing may be written."""
        ...

    def reading(self, user: str | None) -> AbstractContextManager[Cursor]:
        """Read the rows of one user, or of `EVERYONE`."""
        ...

    def snapshot(self, user: str) -> AbstractContextManager[Cursor]:
        """Read the rows of one user as they are at this moment: what is written meanwhile is not half in it."""
        ...

    def writing(self, user: str | None) -> AbstractContextManager[Cursor]:
        """Change rows of one user, or of `EVERYONE`, in one transaction; rolled back when anything goes wrong."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Hold this process's place as writer."""
        ...
