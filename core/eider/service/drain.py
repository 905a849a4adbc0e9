"""What the owner does with the spool: every line once, in the order things happened, nothing lost on the way."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eider.errors import EiderError, PausedError, StoreLockedError
from eider.service.client import loads
from eider.service.spool import LOCK, WRITES, checksum, folder

DRAINING: Final = "draining.jsonl"
DAMAGED: Final = "damaged.jsonl"
REFUSED: Final = "refused.jsonl"
Apply = Callable[[str, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolReport:
    """What a drain did."""

    applied: int = 0
    damaged: int = 0
    """Lines that cannot be read; they are kept aside."""
    refused: int = 0
    """Writes that can never succeed; kept aside with the reason."""
    left: int = 0
    """Writes that wait for a pause to end or a store to be free."""


def is_empty(home: str) -> bool:
    """Whether there is nothing to drain; costs one or two system calls."""
    place = folder(home)
    return not (os.path.exists(os.path.join(place, WRITES)) or os.path.exists(os.path.join(place, DRAINING)))


def drain(home: str, apply: Apply) -> SpoolReport:
    """Apply what waits, ordered by the time it was said, then by the order it was spooled.

    The file is set aside under the appenders' lock, so that they go on meanwhile. It is removed only when every line
    is applied or kept elsewhere: a kill in between applies lines again, under the same keys.

    Args:
        home: `EIDER_HOME`.
        apply: Carries out one write: the verb, and what would have been sent. It must be safe to repeat.
    """
    if is_empty(home):
        return SpoolReport()
    place = Path(folder(home))
    aside = _set_aside(place)
    lines, damaged = _read(aside)
    if damaged:
        _keep(place / DAMAGED, damaged)
    applied, refused, left = 0, [], []
    for line, said in lines:
        try:
            apply(str(said["verb"]), said)
            applied += 1
        except (PausedError, StoreLockedError):
            left.append(line)
        except EiderError as error:
            refused.append(f"{line}\t{type(error).__name__}: {error}".encode())
    if refused:
        _keep(place / REFUSED, refused)
    _replace(aside, left)
    return SpoolReport(applied=applied, damaged=len(damaged), refused=len(refused), left=len(left))


def _set_aside(place: Path) -> Path:
    aside, fresh = place / DRAINING, place / WRITES
    with _locked(place):
        if aside.exists() and fresh.exists():  # an earlier drain was cut off: what came since follows it
            with aside.open("ab") as file:
                file.write(fresh.read_bytes())
                file.flush()
                os.fsync(file.fileno())
            fresh.unlink()
        elif fresh.exists():
            fresh.rename(aside)
    return aside


def _read(path: Path) -> tuple[list[tuple[str, Mapping[str, Any]]], list[bytes]]:
    """Whole lines in the order of their events, and what is damaged."""
    whole: list[tuple[str, Mapping[str, Any]]] = []
    damaged: list[bytes] = []
    for raw in path.read_bytes().split(b"\n"):
        if not raw:
            continue
        try:
            mark, _, line = raw.decode().partition(" ")
            if int(mark, 16) != checksum(line):
                raise ValueError("checksum")  # noqa: TRY301
            said = loads(line)
            if said["v"] != 1 or not isinstance(said["request"], dict):
                raise ValueError("form")  # noqa: TRY301
        except (ValueError, KeyError, TypeError, StopIteration):
            damaged.append(raw)
            continue
        whole.append((raw.decode(), said))
    return sorted(whole, key=lambda one: float(one[1]["at"])), damaged


def _replace(aside: Path, left: list[str]) -> None:
    if not left:
        aside.unlink(missing_ok=True)
        return
    fresh = aside.with_name(f"{DRAINING}.{os.getpid()}")
    with fresh.open("wb") as file:
        file.write("".join(f"{line}\n" for line in left).encode())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(aside)


def _keep(path: Path, lines: list[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(line + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _locked(place: Path) -> Generator[None]:
    lock = os.open(place / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
