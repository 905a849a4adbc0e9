"""A search index in object storage for a store in PostgreSQL: LanceDB behind the outbox, whichever process follows it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from eider.model.errors import ConfigError
from eider.store.duck.bucket_index import BucketIndex, SharedTurn
from eider.store.duck.outbox import Outbox
from eider.store.duck.search import LanceSearch
from eider.store.sql.segments import SqlSegments
from eider.store.sql.session import EVERYONE
from eider.store.sql.state import SqlDocuments
from eider_postgres.database import PostgresDatabase

NOTED: Final = "index"
"""Name of the document that says where the index of a store is: all that open it have to follow the same."""


class _Everybody:
    """The database with all users' rows, as the outbox asks it."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def reading(self) -> Any:
        return self._database.reading(EVERYONE)

    def writing(self) -> Any:
        return self._database.writing(EVERYONE)


class BucketSearch(LanceSearch):
    """`SearchIndex` and `IndexUpkeep` over an index in object storage."""

    index: BucketIndex

    def exists(self) -> bool:
        """Return whether anything was indexed yet."""
        return self.index.exists()


def place_of(database: PostgresDatabase, wanted: str | None) -> str | None:
    """Return where the index of a store is, noting it where it is new; None where PostgreSQL itself nominates.

    Raises:
        ConfigError: The store has its index elsewhere.
    """
    documents = SqlDocuments(database)
    known = documents.get(NOTED)
    if wanted is None or known == wanted:
        return known
    if known is not None:
        raise ConfigError(f"the index of this store is at {known!r}, not at {wanted!r}; open it without index=.")
    if not database.read_only:
        documents.update(NOTED, lambda _: wanted)
    return wanted


def opened(database: PostgresDatabase, url: str, width: int, segments: SqlSegments) -> BucketSearch:
    """Open the index of a store; what is committed is followed in the background, by one process at a time."""

    @contextmanager
    def alone() -> Generator[None]:
        with database.alone() as db:
            key = f"eider index {database.address.schema}"
            db.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
            try:
                yield
            finally:
                db.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])

    turn = SharedTurn(alone)
    index = BucketIndex(url, width, turn)
    everybody: Any = _Everybody(database)
    outbox = Outbox(everybody, index, turn)
    return BucketSearch(Path(url), index, outbox, segments.count, follow=not database.read_only)
