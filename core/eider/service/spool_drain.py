"""Drains the spool: applies every line once, in order."""

from __future__ import annotations

import fcntl
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eider.client.client import loads
from eider.client.spool import LOCK, WRITES, checksum, folder, lock_file, sync_folder
from eider.model.errors import EiderError, InputError, RefusedError, StaleChangeError
from eider.model.failpoints import point

DRAINING: Final = "draining.jsonl"
DAMAGED: Final = "damaged.jsonl"
REFUSED: Final = "refused.jsonl"
RETRY_SECONDS: Final = 5.0
"""Seconds before writes that have to wait (a pause, a full disk) are tried again; new ones are taken at once."""
Apply = Callable[[str, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolReport:
    """Counts of a drain."""

    applied: int = 0
    damaged: int = 0
    """Lines that cannot be read; they are kept aside."""
    refused: int = 0
    """Writes that can never succeed; kept aside with the reason."""
    left: int = 0
    """Writes that wait: for a pause to end, a store to be free, a disk to have room."""


@dataclass(frozen=True, slots=True)
class _Line:
    raw: bytes
    said: Mapping[str, Any]
    place: tuple[int, float]
    """Start of the machine in order of appearance, and time since then: a wall clock that jumps reorders nothing."""


class Drain:
    """Drains the spool of one home."""

    def __init__(self, home: str, apply: Apply) -> None:
        """Create it; nothing is drained yet.

        Args:
            home: `EIDER_HOME`.
            apply: Carries out one write: the verb, and what would have been sent. It must be safe to repeat.
        """
        self._home, self._apply = home, apply
        self._lock = threading.RLock()
        self._left, self._next = 0, 0.0

    def __call__(self) -> SpoolReport:
        """Apply waiting writes; costs two system calls if there are none."""
        if is_empty(self._home):
            return SpoolReport()
        with self._lock:
            fresh = os.path.exists(os.path.join(folder(self._home), WRITES))
            if not fresh and self._left and time.monotonic() < self._next:
                return SpoolReport(left=self._left)
            try:
                report = drain(self._home, self._apply)
            except OSError as error:  # nothing is lost by it: what waits goes on waiting
                _print_report(f"the spool cannot be drained ({error}); run eider doctor.")
                report = SpoolReport(left=1)
            self._left, self._next = report.left, time.monotonic() + RETRY_SECONDS
        return report


def is_empty(home: str) -> bool:
    """Return whether the spool is empty; costs one or two system calls."""
    place = folder(home)
    return not (os.path.exists(os.path.join(place, WRITES)) or os.path.exists(os.path.join(place, DRAINING)))


def drain(home: str, apply: Apply) -> SpoolReport:
    """Apply waiting writes in the order they were asked for.

    The file is set aside under the appenders' lock, so that they go on meanwhile. It is removed only when every line
    is applied or kept elsewhere: a kill in between applies lines again, under the same keys.
    """
    place = Path(folder(home))
    if is_empty(home) or not _take_spool(place):
        return SpoolReport()
    aside = place / DRAINING
    lines, damaged = _read_lines(aside)
    if damaged:
        _append_rejected(place / DAMAGED, damaged)
        _print_report(f"{len(damaged)} damaged lines of the spool are kept in {place / DAMAGED}; run eider doctor.")
    point("drain.kept")
    applied, refused, left = 0, list[bytes](), list[bytes]()
    for line in lines:
        try:
            apply(str(line.said["verb"]), line.said)
            applied += 1
        except StaleChangeError:
            left.append(line.raw)
        except (InputError, RefusedError) as error:
            refused.append(line.raw + f"\t{type(error).__name__}: {' '.join(str(error).split())}".encode())
        except Exception as error:  # noqa: BLE001 (whatever it is, the write is kept until it can be carried out)
            left.append(line.raw)
            if not isinstance(error, EiderError):
                _print_report(f"a write of the spool waits ({type(error).__name__}: {error}).")
        point("drain.applied")
    if refused:
        _append_rejected(place / REFUSED, refused)
    if left:
        fresh = aside.with_name(f"{DRAINING}.{os.getpid()}")
        _write_synced(fresh, b"".join(line + b"\n" for line in left))
        fresh.replace(aside)
    else:
        aside.unlink(missing_ok=True)
    sync_folder(str(aside.parent))
    return SpoolReport(applied=applied, damaged=len(damaged), refused=len(refused), left=len(left))


def _take_spool(place: Path) -> bool:
    """Move the spool away from writers; return False if one is stopped within its line."""
    aside, fresh = place / DRAINING, place / WRITES
    with _lock_out_appenders(place) as out:
        if not out:
            return aside.exists()
        if aside.exists() and fresh.exists():  # an earlier drain was cut off: what came since follows it
            whole = aside.with_name(f"{DRAINING}.{os.getpid()}")
            earlier = aside.read_bytes()
            ended = b"" if not earlier or earlier.endswith(b"\n") else b"\n"
            _write_synced(whole, earlier + ended + fresh.read_bytes())
            whole.replace(aside)
            point("drain.joined")
            fresh.unlink()
        elif fresh.exists():
            fresh.rename(aside)
        sync_folder(str(place))
    point("drain.aside")
    return aside.exists()


def _read_lines(path: Path) -> tuple[list[_Line], list[bytes]]:
    """Return whole lines in order, each once, and the damaged ones."""
    whole: dict[bytes, _Line] = {}
    damaged: list[bytes] = []
    boots: dict[str, int] = {}
    for raw in path.read_bytes().split(b"\n"):
        if not raw or raw in whole:
            continue
        try:
            said = _parse_line(raw)
            boot = boots.setdefault(str(said.get("boot", "")), len(boots))
            whole[raw] = _Line(raw, said, (boot, _check_finite(said.get("since", said["at"]))))
        except (ValueError, KeyError, TypeError, RecursionError):
            damaged.append(raw)
    return sorted(whole.values(), key=lambda line: line.place), damaged


def _parse_line(raw: bytes) -> Mapping[str, Any]:
    mark, _, line = raw.decode().partition(" ")
    if int(mark, 16) != checksum(line):
        raise ValueError("checksum")
    said = loads(line)
    if said["v"] != 1 or not isinstance(said["request"], dict) or not isinstance(said["verb"], str):
        raise ValueError("form")
    _check_finite(said["at"])
    return said


def _check_finite(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError("number")
    return float(value)


def _append_rejected(path: Path, lines: list[bytes]) -> None:
    """Append lines to a file of rejected writes, unless an interrupted drain did already."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    known = set(data.split(b"\n"))
    added = b"".join(line + b"\n" for line in lines if line not in known)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
        file.write(b"\n" + added if data and not data.endswith(b"\n") else added)
        file.flush()
        os.fsync(file.fileno())


def _write_synced(path: Path, data: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _lock_out_appenders(place: Path) -> Generator[bool]:
    lock = os.open(place / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lock_file(lock, fcntl.LOCK_EX)
    finally:
        os.close(lock)


def _print_report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (the server's log)
