"""Writes that nobody could take in time: one line each, redacted before it is written, durable when `append` returns.

Standard library and `eider.redact` only: hooks come here. The owner drains it (`eider.service.drain`).
"""

from __future__ import annotations

import os
import time
from typing import Any, Final

from eider.service.client import SPOOL_BYTES, dumps, private_folder

WRITES: Final = "writes.jsonl"
LOCK: Final = "spool.lock"
_VERBATIM: Final = frozenset(
    ("key", "batch", "store", "user", "verb", "at", "tz", "kind", "role", "id", "valid_from", "valid_to")
)
"""Names of what decides where a write goes; changing it would lose the write. The owner checks them again."""


class SpoolError(Exception):
    """The line was not kept."""


def folder(home: str) -> str:
    """Where the spool lives."""
    return os.path.join(home, "spool")


def append(home: str, verb: str, whole: dict[str, Any]) -> None:
    """Keep one write.

    Args:
        home: `EIDER_HOME`.
        verb: Name of the verb.
        whole: What would have been sent to the owner.

    Raises:
        SpoolError: The spool is full, the disk is, or the directory cannot be written; nothing was kept.
    """
    import fcntl

    place = private_folder(folder(home))
    line = dumps({"v": 1, "verb": verb, "at": time.time(), **redacted(whole)})
    data = f"{checksum(line):08x} {line}\n".encode()
    try:
        lock = os.open(os.path.join(place, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _write(os.path.join(place, WRITES), data)
        finally:
            os.close(lock)
    except OSError as error:
        raise SpoolError(
            f"{place!r} cannot be written ({error.strerror}); free some space or mend its permissions."
        ) from None


def _write(path: str, data: bytes) -> None:
    """Append whole or not at all: what a full disk cut off is taken back."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.lseek(file, 0, os.SEEK_END)
        if size + len(data) > SPOOL_BYTES:
            raise SpoolError(
                f"it holds {size:,} bytes of {SPOOL_BYTES:,} that no owner has drained; run eider doctor, then try again."
            )
        if size and os.pread(file, 1, size - 1) != b"\n":  # a writer died within its line: that line ends here
            data = b"\n" + data
        try:
            written = 0
            while written < len(data):
                written += os.write(file, data[written:])
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)
            raise
    finally:
        os.close(file)


def checksum(line: str) -> int:
    """Tells a damaged line from a whole one."""
    import zlib

    return zlib.crc32(line.encode())


def redacted(whole: dict[str, Any]) -> dict[str, Any]:
    """The same with every string redacted that is not a name of ours: nothing secret reaches the disk."""
    from eider.redact import redact_tree

    request = whole["request"]
    free = {k: v for k, v in request.items() if k not in _VERBATIM}
    fixed = {k: v for k, v in request.items() if k in _VERBATIM}
    clean: Any = redact_tree(free)
    return {**whole, "request": {**clean, **fixed}}


def waiting(home: str) -> int:
    """Bytes that wait."""
    try:
        return sum(
            entry.stat().st_size for entry in os.scandir(folder(home)) if entry.name.startswith(("writes", "draining"))
        )
    except OSError:
        return 0
