"""A write-ahead log whose last writes a power cut tore: DuckDB refuses all of it, though its synced part is whole."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Final

from eider.model.errors import StoreDamagedError
from eider.store.duck.database import Database
from eider.store.duck.file_chain import FileChain
from eider.store.files import StoreFiles, sync

_CORRUPT: Final = re.compile(r"Corrupt WAL file: entry at byte position (\d+)")
_ENTRY_HEAD: Final = 16
"""Bytes of size and checksum before the position that DuckDB names."""
_LOG: Final = logging.getLogger("eider.store")


def put_back(truth: Path) -> None:
    """Undo a cut that a crash interrupted."""
    torn = _aside(truth)
    if torn.exists():
        torn.replace(_log_of(truth))


def cut_torn_end(files: StoreFiles, truth: Path, error: StoreDamagedError) -> bool:
    """Cut the log off where it stops being readable, if all that was acknowledged stands before that.

    A sector written out of order leaves an entry with a wrong checksum. What was acknowledged had been synced before,
    so it cannot be torn; a log that is damaged elsewhere fails the check and stays as it is.

    Args:
        files: The store's directory; the caller holds its lock.
        truth: The database whose log cannot be read.
        error: What opening it said.

    Returns:
        Whether the store can be opened now.
    """
    found = _CORRUPT.search(str(error.__cause__))
    if found is None:
        return False
    log, torn, whole = _log_of(truth), _aside(truth), int(found[1]) - _ENTRY_HEAD
    size = log.stat().st_size
    log.replace(torn)
    with torn.open("rb") as source:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(source.read(whole))
            target.flush()
            os.fsync(target.fileno())
    if not _holds(files, truth):
        torn.replace(log)
        return False
    sync(files.folder)
    torn.unlink()
    sync(files.folder)
    _LOG.warning("The last %s bytes of a write that a crash interrupted were dropped.", size - whole)
    return True


def _holds(files: StoreFiles, truth: Path) -> bool:
    """Whether the store opens and its last acknowledged event is there."""
    noted = files.head()
    try:
        database = Database(truth, read_only=True)
    except StoreDamagedError:
        return False
    try:
        return noted is None or FileChain(database, None, indexed=False).link(noted[0]) == noted[1]
    finally:
        database.close()


def _log_of(truth: Path) -> Path:
    return truth.with_name(f"{truth.name}.wal")


def _aside(truth: Path) -> Path:
    return truth.with_name(f"{truth.name}.wal.torn")
