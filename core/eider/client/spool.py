"""Spool of writes that the server did not take in time: one redacted line each, durable once `append` returns.

Standard library and `eider.privacy.redact` only: hooks come here. The server drains it (`eider.service.spool_drain`).
"""

from __future__ import annotations

import os
import time
from typing import Any, Final

from eider.client.client import ClientError, dumps
from eider.client.private_dirs import make_home, make_private_folder
from eider.model.failpoints import point

WRITES: Final = "writes.jsonl"
LOCK: Final = "spool.lock"
SPOOL_BYTES: Final = 64 * 1024 * 1024
"""A spool larger than this refuses: a server that never drains it needs a person."""
LOCK_SECONDS: Final = 2.0
"""By then whoever appends or drains has let go of the lock, unless it is stopped."""
_NAMES: Final = frozenset(("key", "answering_key", "session", "speaker", "scope", "scopes", "agent"))
"""Fields of a request that tell rows apart: they stay as they are, but for a secret with a format of its own."""
_FIXED_VALUES: Final = frozenset(("user", "id", "at", "tz", "kind", "role", "valid_from", "valid_to"))
"""Fields of a request that decide where a write goes or whether it happened: changing one would lose the write, so
one that holds a secret is refused."""
_BOOT: Final = "/proc/sys/kernel/random/boot_id"


def folder(home: str) -> str:
    """Return the directory of the spool."""
    return os.path.join(home, "spool")


def append(home: str, verb: str, whole: dict[str, Any], *, said: float | None = None, why: str = "") -> None:
    """Append one write to the spool.

    Args:
        home: `EIDER_HOME`.
        verb: Name of the verb.
        whole: What would have been sent to the server.
        said: When the caller asked, in seconds since 1970; now by default.
        why: Why it could not be delivered, for the message of a refusal.

    Raises:
        ClientError: Writing is paused, the spool is full, the disk is, or the directory cannot be written; nothing was
            kept.
    """
    import fcntl

    if os.path.exists(os.path.join(home, "paused.json")):  # looked at here, so that others need not import more
        from eider.client import pauses
        from eider.model.errors import PausedError

        try:
            pauses.check_writes_allowed(home, whole.get("store"))
        except PausedError as paused:
            raise ClientError("PausedError", str(paused), {"store": paused.store}) from None
    said = time.time() if said is None else said
    since = time.monotonic() - max(0.0, time.time() - said)
    line = dumps({"v": 1, "verb": verb, "at": said, "boot": _boot_id(), "since": since, **redact_strings(whole)})
    data = f"{checksum(line):08x} {line}\n".encode()
    place = make_private_folder(folder(make_home(home)))
    try:
        lock = os.open(os.path.join(place, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not lock_file(lock, fcntl.LOCK_EX):
                raise _refusal("another process holds its lock and does not let go; run eider doctor.", why)
            if room := _write(os.path.join(place, WRITES), data):
                raise _refusal(room, why)
        finally:
            os.close(lock)
    except OSError as error:
        text = f"{place!r} cannot be written ({error.strerror}); free some space or mend its permissions."
        raise _refusal(text, why) from None


def lock_file(lock: int, how: int) -> bool:
    """Lock a file; return False if that takes longer than any work does."""
    import fcntl

    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        else:
            return True


def _write(path: str, data: bytes) -> str:
    """Append data whole or not at all; return a text if the disk is full."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.lseek(file, 0, os.SEEK_END)
        if size + len(data) > SPOOL_BYTES:
            return f"it holds {size:,} bytes of {SPOOL_BYTES:,} that no server has drained; run eider doctor, then try again."
        if size and os.pread(file, 1, size - 1) != b"\n":  # a writer died within its line: that line ends here
            data = b"\n" + data
        try:
            written = 0
            while written < len(data):
                written += os.write(file, data[written:])
                point("spool.written")
            os.fsync(file)
            point("spool.synced")
        except OSError:
            os.ftruncate(file, size)
            raise
        if not size:
            sync_folder(os.path.dirname(path))
    finally:
        os.close(file)
    return ""


def sync_folder(path: str) -> None:
    """Sync a directory, so that created and removed names are durable."""
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def checksum(line: str) -> int:
    """Return a checksum that detects damaged lines."""
    import zlib

    return zlib.crc32(line.encode())


def redact_strings(whole: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a request with secrets redacted in every string.

    Raises:
        ClientError: What may not be changed holds a secret.
    """
    clean: dict[str, Any] = {}
    for name, value in whole.items():
        clean[name] = _redact_request(value) if name == "request" else _check_fixed(name, value)
    return clean


def _redact_request(request: dict[str, Any]) -> dict[str, Any]:
    from eider.privacy.redact import redact_tree

    free: dict[str, Any] = {k: v for k, v in request.items() if k not in _FIXED_VALUES | _NAMES and k != "items"}
    clean: dict[str, Any] = dict(redact_tree(free))
    clean |= {k: _redact_name(v) for k, v in request.items() if k in _NAMES}
    clean |= {k: _check_fixed(k, v) for k, v in request.items() if k in _FIXED_VALUES}
    if isinstance(items := request.get("items"), list | tuple):
        clean["items"] = [_redact_request(item if isinstance(item, dict) else {"text": item}) for item in items]
    return clean


def _redact_name(value: Any) -> Any:
    from eider.privacy.redact import redact_name

    if isinstance(value, list | tuple):
        return [_redact_name(one) for one in value]
    return redact_name(value) if isinstance(value, str) else value


def _check_fixed(name: str, value: Any) -> Any:
    if isinstance(value, str) and _redact_name(value) != value:
        raise ClientError("SpoolError", f"{name} holds what looks like a secret; it is not written to disk, so the write "
                          "is not kept. Name it otherwise, and try again.")  # fmt: skip
    if isinstance(value, list | tuple):
        return [_check_fixed(name, one) for one in value]
    return value


def _boot_id() -> str:
    """Return the id of the machine's current boot, from which its monotonic clock counts."""
    try:
        with open(_BOOT, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def _refusal(text: str, why: str) -> ClientError:
    return ClientError("SpoolError", f"{why} And the spool refuses: {text}".strip())


def waiting_bytes(home: str) -> int:
    """Return the size of the spool in bytes."""
    try:
        return sum(
            entry.stat().st_size for entry in os.scandir(folder(home)) if entry.name.startswith(("writes", "draining"))
        )
    except OSError:
        return 0
