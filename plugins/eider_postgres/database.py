"""Connections to PostgreSQL: a pool, transactions that say whose rows they touch, and what the server's errors mean."""

from __future__ import annotations

import logging
import os
import select
import threading
import weakref
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final, LiteralString

import psycopg
from psycopg import Connection, errors
from psycopg_pool import ConnectionPool, PoolTimeout

from eider.model.errors import (
    ForkedError,
    ReadOnlyStoreError,
    RefusedError,
    StoreError,
    StoreFullError,
    StoreUnreachableError,
)
from eider_postgres.address import Address
from eider_postgres.cursor import Adapters, PostgresCursor
from eider_postgres.dialect import DIALECT

PATIENCE: Final = 2.0
"""Seconds until a server that does not answer is given up."""
for _name in ("psycopg", "psycopg.pool"):  # what goes wrong is told by an error; a host's logs are the host's
    logging.getLogger(_name).addHandler(logging.NullHandler())
_open: Final[weakref.WeakSet[PostgresDatabase]] = weakref.WeakSet()


class PostgresDatabase:
    """`Database`: one schema, reached through a pool of connections.

    A transaction is one user's, or everybody's where that is asked for by name; the server itself hides all other
    rows. What is sent in a transaction travels together: a commit waits for the server twice.
    """

    dialect = DIALECT

    def __init__(
        self, address: Address, halfvec: int, types: Mapping[str, Mapping[str, str]], *, schema: int,
        read_only: bool = False, connections: int | None = None,
    ) -> None:  # fmt: skip
        """Open the pool.

        Args:
            address: Where the store is; its schema is settled.
            halfvec: The server's number of type halfvec.
            types: Table → column → type.
            schema: Number of its schema.
            read_only: Write nothing.
            connections: Most at once; by default twice as many as processors, as more only wait for each other.
        """
        self.address, self.types, self.schema, self.read_only = address, types, schema, read_only
        self.forked = self._closed = False
        self._writer = threading.RLock()
        self._adapters = Adapters(psycopg.adapters, halfvec)
        most = connections or max(4, 2 * (os.cpu_count() or 2))
        self._pool = ConnectionPool(
            address.conninfo, min_size=1, max_size=most, open=False, timeout=PATIENCE, max_lifetime=3600.0,
            reconnect_timeout=PATIENCE, num_workers=1,
            kwargs={"autocommit": True, "context": self._adapters,
                    "prepare_threshold": 3 if address.prepare else None,
                    "options": f"-c search_path={address.schema},public -c timezone=UTC"},
        )  # fmt: skip
        with explained(address):
            try:
                self._pool.open(wait=True, timeout=PATIENCE)
            except PoolTimeout as error:
                self._pool.close(timeout=0)
                raise StoreUnreachableError(address.shown, "nobody answers") from error
        _open.add(self)

    # ------------------------------------------------------------------ transactions

    @contextmanager
    def reading(self, user: str | None) -> Generator[PostgresCursor]:
        """Read the rows of one user, or of everybody."""
        with self._transaction(user, "BEGIN READ ONLY") as cursor:
            yield cursor

    @contextmanager
    def snapshot(self, user: str) -> Generator[PostgresCursor]:
        """Read the rows of one user as they are at this moment."""
        with self._transaction(user, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as cursor:
            yield cursor

    @contextmanager
    def writing(self, user: str | None) -> Generator[PostgresCursor]:
        """Change rows of one user, or of everybody, in one transaction."""
        if self.read_only:
            raise ReadOnlyStoreError(Path(self.address.shown), "it was opened so")
        with self._transaction(user, "BEGIN") as cursor:
            yield cursor

    @contextmanager
    def turn(self) -> Generator[None]:
        """Hold this process's place as writer."""
        with self._writer:
            yield

    @contextmanager
    def _transaction(self, user: str | None, begin: LiteralString) -> Generator[PostgresCursor]:
        self.check()
        with explained(self.address), self._lease() as connection:
            try:
                with connection.pipeline() as pipeline:
                    connection.execute(begin)
                    if user is None:
                        connection.execute("SELECT set_config('eider.everyone', 'on', true)")
                    else:
                        connection.execute("SELECT set_config('eider.user', %s, true)", [user])
                    yield PostgresCursor(connection, pipeline, self.types)
                    connection.execute("COMMIT")
            except BaseException:
                with suppress(psycopg.Error):
                    connection.rollback()
                raise

    @contextmanager
    def alone(self) -> Generator[Connection[Any]]:
        """A connection outside any transaction: for what PostgreSQL does not do within one."""
        self.check()
        with explained(self.address), self._lease() as connection:
            yield connection

    @contextmanager
    def _lease(self) -> Generator[Connection[Any]]:
        """A connection that lives; those whose server went away are thrown out unused."""
        until = monotonic() + PATIENCE
        while True:
            connection = self._pool.getconn(timeout=max(0.1, until - monotonic()))
            if not _hung_up(connection):
                break
            connection.close()
            self._pool.putconn(connection)
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    # ------------------------------------------------------------------ its life

    def check(self) -> None:
        """Refuse a handle that was closed, or opened before a fork."""
        if self.forked:
            raise ForkedError(Path(self.address.shown))
        if self._closed:
            raise StoreError(f"{self.address.shown!r} was closed; open it again with eider.open().")

    def close(self) -> None:
        """Close all connections; closing twice is harmless."""
        if self.forked or self._closed:
            return
        self._closed = True
        self._pool.close(timeout=PATIENCE)

    def after_fork(self) -> None:
        """In a forked child: the connections are the parent's."""
        self.forked = True


def _hung_up(connection: Connection[Any]) -> bool:
    """Whether the server ended a connection that nobody used: it says so unasked, and nothing else is said unasked."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _after_fork() -> None:
    for database in list(_open):
        database.after_fork()


os.register_at_fork(after_in_child=_after_fork)

_MEANS: Final[tuple[tuple[type[psycopg.Error], Callable[[Address, str], Exception]], ...]] = (
    (errors.UniqueViolation, lambda _, said: RefusedError(f"a row is there already ({said}); read it and plan anew.")),
    (errors.DiskFull, lambda at, said: StoreFullError(Path(at.shown), said)),
    (errors.ReadOnlySqlTransaction, lambda at, _: ReadOnlyStoreError(Path(at.shown), "the server takes no writes")),
    (errors.OperationalError, lambda at, said: StoreUnreachableError(at.shown, said)),
    (errors.InterfaceError, lambda at, said: StoreUnreachableError(at.shown, said)),
)


@contextmanager
def explained(address: Address) -> Generator[None]:
    """PostgreSQL's errors as Eider's."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnreachableError(address.shown, "no connection within two seconds") from error
    except psycopg.Error as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        for kind, meant in _MEANS:
            if isinstance(error, kind):
                raise meant(address, said) from error
        raise StoreError(f"{address.shown!r} refused a statement ({said}); see the log of the server.") from error
