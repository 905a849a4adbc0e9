"""The one module that imports DuckDB: connections, transactions, and what its errors mean."""

from __future__ import annotations

import atexit
import ctypes
import errno
import os
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import duckdb
from duckdb import DuckDBPyConnection

from eider.model.errors import (
    EiderError,
    ForkedError,
    ReadOnlyStoreError,
    RefusedError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
)
from eider.model.store_paths import IN_MEMORY
from eider.store.duck.cursor import DIALECT, Cursor
from eider.store.duck.migrate import found_store, schema_of
from eider.store.lock import holder

_RESTORE: Final = "Restore it from a backup, or import an export into a new store; run eider verify to look closer."
_FULL: Final = ("no space left", "file too large", "could not write", "failed to write", "disk quota", "fsync failed")

_open: weakref.WeakSet[Database] = weakref.WeakSet()


_WITH_QUOTATIONS: Final = 5
"""First schema whose memories have the columns below."""
_LATER_COLUMNS: Final = (
    "CREATE OR REPLACE TEMP VIEW memories AS SELECT *, NULL::VARCHAR AS act, NULL::VARCHAR AS reach, "
    "NULL::VARCHAR AS answers, NULL::VARCHAR AS said_again, NULL::VARCHAR AS wording, NULL::VARCHAR AS doubt "
    'FROM "{}".main.memories'
)


class Database:
    """One open truth file.

    Reads run on a cursor of their own and are drained; writes run one at a time. The file can be swapped for
    its next generation while readers go on: they finish on the old one.
    """

    dialect = DIALECT

    def __init__(
        self, path: Path | None, *, read_only: bool = False, memory: str = "256MB", threads: int = 1
    ) -> None:  # fmt: skip
        """Open the file.

        Args:
            path: The truth file; it exists. None for a new database in memory, which holds as much as the machine can.
            read_only: Nothing is written, not even the replay of a write-ahead log.
            memory: DuckDB's own limit.
            threads: DuckDB's workers. A second one makes each small statement a third slower (handing over costs more
                than the work) and made nothing of ours faster: bulk writes, cold loads and rewrites measured alike.

        Raises:
            StoreLockedError: Another process has it.
            StoreDamagedError: It is no readable database.
        """
        self.in_memory = path is None
        self.path, self.read_only = path or Path(IN_MEMORY), read_only
        self._settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            **({"temp_directory": ""} if path is None else {"memory_limit": memory}),
        }
        self._writer = threading.RLock()
        self._gate = threading.Condition()
        self._readers: dict[int, int] = {}
        self.forked = self._closed = False
        self._older = False
        self._db = self._connect(self.path)
        _open.add(self)

    @property
    def folder(self) -> Path:
        """The directory of the file, for errors; ":memory:" where there is none."""
        return self.path if self.in_memory else self.path.parent

    @property
    def schema(self) -> int:
        """Number of its schema."""
        with self.reading() as db:
            return schema_of(db.db)

    def _connect(self, path: Path) -> DuckDBPyConnection:
        if self.in_memory:
            db = duckdb.connect(IN_MEMORY, config=self._settings)
            db.execute("SET TimeZone='UTC'")
            found_store(db, path)
            return db
        if not path.stat().st_size:  # DuckDB would take it for a new database
            raise StoreDamagedError(path.parent, f"{path.name!r} is empty", _RESTORE)
        try:
            db = duckdb.connect(str(path), read_only=self.read_only, config=self._settings)
            db.execute("SET TimeZone='UTC'")
            found = schema_of(db)
            self._older = self.read_only and 0 < found < _WITH_QUOTATIONS
            if not found:
                db.close()
                raise StoreDamagedError(path.parent, f"{path.name!r} holds no store", _RESTORE)
        except duckdb.Error as error:
            raise self._unopenable(path, error) from error
        return db

    @staticmethod
    def _unopenable(path: Path, error: duckdb.Error) -> StoreError:
        said = str(error)
        if "lock" in said.lower() and "conflicting" in said.lower():
            return StoreLockedError(path.parent, holder(path.parent))
        if "permission denied" in said.lower() or "read-only" in said.lower():
            return ReadOnlyStoreError(path.parent)
        if _is_full(said):
            return StoreFullError(path.parent, _first_line(said))
        return StoreDamagedError(path.parent, f"{path.name!r} cannot be read ({_first_line(said)})", _RESTORE)

    @contextmanager
    def reading(self, user: str | None = None) -> Generator[Cursor]:
        """A cursor of one's own, closed afterwards; whose rows are read, the statements say."""
        del user
        self.check()
        with self._gate:
            cursor = self._cursor()
            db = self._db
            self._readers[id(db)] = self._readers.get(id(db), 0) + 1
        try:
            with self.explained():
                yield cursor
        finally:
            cursor.db.close()
            with self._gate:
                if id(db) in self._readers:
                    self._readers[id(db)] -= 1
                self._gate.notify_all()

    @contextmanager
    def snapshot(self, user: str) -> Generator[Cursor]:
        """Read in one transaction: what is written meanwhile is not half in it."""
        with self.reading(user) as cursor:
            cursor.db.begin()
            try:
                yield cursor
            finally:
                cursor.db.rollback()

    @contextmanager
    def turn(self) -> Generator[None]:
        """The writer's place, for what has to follow a transaction before the next one begins."""
        with self._writer:
            yield

    @contextmanager
    def writing(self, user: str | None = None) -> Generator[Cursor]:
        """One transaction, alone; rolled back when anything goes wrong, the commit included."""
        del user
        with self._writer:
            self.check()
            if self.read_only:
                raise ReadOnlyStoreError(self.folder)
            with self.explained():
                with self._gate:
                    cursor = self._cursor()
                try:
                    cursor.db.begin()
                    yield cursor
                    cursor.db.commit()
                except BaseException:
                    with suppress(duckdb.Error):
                        cursor.db.rollback()
                    raise
                finally:
                    with suppress(duckdb.Error):
                        cursor.db.close()

    @contextmanager
    def alone(self) -> Generator[Cursor]:
        """The writer's place without a transaction: for checkpoints, copies and swaps."""
        with self._writer:
            self.check()
            with self.explained():
                with self._gate:
                    cursor = self._cursor()
                try:
                    yield cursor
                finally:
                    cursor.db.close()

    @contextmanager
    def explained(self) -> Generator[None]:
        """DuckDB's errors as ours; a database that declared itself invalid is opened anew."""
        try:
            yield
        except duckdb.ConstraintException as error:
            raise RefusedError(f"a row is there already ({_first_line(str(error))}); read it and plan anew.") from error
        except duckdb.Error as error:
            said = _first_line(str(error))
            full = _is_full(str(error))
            if full or not isinstance(error, duckdb.OutOfMemoryException):
                self._revive()
            raise self._meant(error, said, full=full) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
                raise StoreFullError(self.folder, os.strerror(error.errno)) from error
            raise

    def _meant(self, error: duckdb.Error, said: str, *, full: bool) -> StoreError:
        """Our own statements do not fail by themselves: it is the files, or what they lie on."""
        folder = self.folder
        if full:
            return StoreFullError(folder, said)
        if isinstance(error, duckdb.OutOfMemoryException):
            return StoreError(f"{str(folder)!r} needs more memory for this ({said}); ask for less at once.")
        return StoreDamagedError(folder, said, _RESTORE)

    def _revive(self) -> None:
        """After a fatal error DuckDB refuses everything; the file itself is as the last commit left it."""
        with self._gate:
            if self._closed or self.in_memory or self._answers():
                return
            with suppress(duckdb.Error):
                self._db.close()
            with suppress(EiderError):  # no room even for that: the next call tries again
                self._db = self._connect(self.path)

    def _answers(self) -> bool:
        try:
            with closing(self._db.cursor()) as cursor:
                cursor.execute("SELECT count(*) FROM meta").fetchall()
        except duckdb.Error:
            return False
        return True

    def _cursor(self) -> Cursor:
        """A cursor; of a new connection where the last could not be revived for want of room."""
        try:
            cursor = self._db.cursor()
        except duckdb.ConnectionException:
            if self.in_memory:
                raise
            self._db = self._connect(self.path)
            cursor = self._db.cursor()
        if self._older:  # it is read as it is, and never migrated
            cursor.execute(_LATER_COLUMNS.format(cursor.execute("SELECT current_database()").fetchall()[0][0]))
        return Cursor(cursor)

    def swap(self, path: Path, settle: Callable[[], None]) -> None:
        """Go on with another file; waits for readers of the old one, at most as long as a read takes.

        Args:
            path: A copy that nobody has open. The caller has the writer's turn.
            settle: Makes it the valid file; when that fails, the old one stays.
        """
        with self.explained():
            fresh = self._connect(path)
            try:
                settle()
            except BaseException:
                fresh.close()
                raise
        with self._gate:
            old, self._db, self.path = self._db, fresh, path
            self._gate.wait_for(lambda: not self._readers.get(id(old)), timeout=30)
            self._readers.pop(id(old), None)
        old.close()

    def check(self) -> None:
        """Refuse a handle that was closed, or opened before a fork.

        Raises:
            ForkedError: It is the parent's.
            StoreError: It was closed.
        """
        if self.forked:
            raise ForkedError(self.folder)
        if self._closed:
            raise StoreError(f"{str(self.folder)!r} was closed; open it again with eider.open().")

    def close(self) -> None:
        """Checkpoint and close; closing twice is harmless."""
        if self.forked or self._closed:
            return
        with self._writer, self._gate:
            self._gate.wait_for(lambda: not any(self._readers.values()), timeout=30)
            self._closed = True
            self._db.close()
            del self._db  # a connection that outlives the module makes DuckDB complain on stderr at exit

    def after_fork(self) -> None:
        """In a forked child: this handle is the parent's, and must not even be freed.

        Freeing the last reference would write a checkpoint into the file the parent goes on with.
        """
        self.forked = True
        if self._closed:
            return
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._db))


def _after_fork() -> None:
    for database in list(_open):
        database.after_fork()


os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _at_exit() -> None:
    """What was left open is closed while Python can still do it; DuckDB complains on stderr otherwise."""
    for database in list(_open):
        with suppress(Exception):
            database.close()


def _is_full(said: str) -> bool:
    low = said.lower()
    return any(sign in low for sign in _FULL)


def _first_line(said: str) -> str:
    return said.strip().splitlines()[0][:200]


def create_file(path: Path, fill: Any) -> None:
    """Make a new database file and let `fill(connection)` write its schema.

    Raises:
        StoreFullError: No room.
        StoreError: It cannot be written.
    """
    try:
        with duckdb.connect(str(path)) as db:
            db.execute("SET TimeZone='UTC'")
            fill(db)
            db.execute("CHECKPOINT")
    except duckdb.Error as error:
        said = _first_line(str(error))
        if _is_full(said):
            raise StoreFullError(path.parent, said) from error
        raise StoreError(f"{str(path)!r} cannot be created ({said}); name another path.") from error
