"""Checks of the owner process: lock, notes, socket and processes must tell one story.

What can be seen is gathered first (`Seen`), then judged by a pure function.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eider.client.client import PROTOCOL, VERSION, Client, ClientError, notes, socket_path
from eider.service.doctor.processes import Listener, Process, holders, listener, process, processes
from eider.service.doctor.registry import Place, place_check
from eider.service.doctor.report import Finding

PATIENCE: Final = 5.0
"""Seconds in which an owner that lives answers; it takes 1.5 to start (measured)."""
_AGAIN: Final = 0.5
"""Seconds after which a process that seemed left over is looked at again: it may have been on its way out, or in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that can be seen of a home's owner."""

    home: str
    notes: Mapping[str, Any]
    locked: bool
    """Whether somebody holds the owner's lock."""
    socket: bool = False
    """Whether there is a socket file."""
    listener: Listener | None = None
    status: Mapping[str, Any] | None = None
    """What it answered; None when it did not."""
    holders: tuple[int, ...] = ()
    """Processes that have the lock file open."""
    owners: tuple[Process, ...] = ()
    """Processes that were started as owners of this home."""
    noted: Process | None = None
    """The process that the notes name, whatever it is."""
    uid: int = 0


def look(place: Place, home: str) -> Seen:
    """Gather what can be seen; nothing is changed and nothing started."""
    noted = notes(home)
    path = socket_path(home)
    there = os.path.lexists(path)
    held = is_locked(home)
    who = listener(path) if there else None
    return Seen(
        home=home, notes=noted, locked=held, socket=there, listener=who, status=_status(home) if who else None,
        holders=holders(_lock(home), place.proc) if held else (),
        owners=tuple(p for p in processes(place.proc) if p.owns(home)),
        noted=process(int(noted["pid"]), place.proc) if str(noted.get("pid", "")).isdigit() else None, uid=os.getuid(),
    )  # fmt: skip


def is_locked(home: str) -> bool:
    """Whether somebody holds the owner's lock; it is tried for an instant and given back."""
    try:
        lock = os.open(_lock(home), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _lock(home: str) -> Path:
    return Path(home, "run", "owner.lock")


def _status(home: str) -> Mapping[str, Any] | None:
    client = Client(home_folder=home, spawn=False, spool=False, timeout=PATIENCE)
    try:
        return client.ask("GET", "/v1/owner/status")
    except ClientError:
        return None
    finally:
        client.close()


# ---------------------------------------------------------------------- judging


def judge(seen: Seen) -> Iterator[Finding]:
    """What does not fit together."""
    if not seen.locked:
        yield from _without_owner(seen)
    elif seen.status is None:
        yield _silent(seen)
    else:
        yield from _identity(seen)
        yield from _versions(seen, seen.status)
    known = {*seen.holders, seen.listener.pid if seen.listener else 0}
    for one in seen.owners:
        if one.pid not in known:
            yield _found(
                seen, "owner-orphan", "warning",
                f"process {one.pid} was started as the owner of this home and does not hold its lock",
                f"end it: kill {one.pid}",
            )  # fmt: skip


def _without_owner(seen: Seen) -> Iterator[Finding]:
    mend = "run eider doctor --fix; the next call starts an owner"
    if seen.notes:
        pid = seen.notes.get("pid")
        if seen.noted is None:
            why = f"the notes name process {pid}, which is gone"
        elif not seen.noted.owns(seen.home):
            why = f"the notes name process {pid}, a number that {seen.noted.name!r} has now"
        else:
            why = f"the notes name process {pid}, which no longer holds the lock"
        yield _found(seen, "owner-notes-stale", "warning", why, mend)
    if seen.listener is not None:
        yield _found(
            seen, "listener-without-lock", "error",
            f"process {seen.listener.pid} listens on the owner's socket and does not hold its lock",
            f"see what it is and end it: kill {seen.listener.pid}",
        )  # fmt: skip
    elif seen.socket:
        yield _found(seen, "owner-socket-stale", "warning", "there is a socket that nobody listens on", mend)


def _silent(seen: Seen) -> Finding:
    if not seen.holders:
        return _found(
            seen, "owner-elsewhere", "warning",
            "the owner's lock is held by somebody who cannot be seen from here, such as another container or account; "
            "writes wait in the spool, and nothing is read",
            "end the owner there, or give each container an EIDER_HOME of its own",
        )  # fmt: skip
    pids = ", ".join(map(str, seen.holders))
    how = f"did not answer within {PATIENCE:.0f} s" if seen.listener is not None else "listens on no socket"
    return _found(
        seen, "owner-silent", "error", f"process {pids} holds the owner's lock and {how}",
        f"eider stop; if it stays: kill -9 {seen.holders[0]}; nothing stored is lost",
    )  # fmt: skip


def _identity(seen: Seen) -> Iterator[Finding]:
    who, pid = seen.listener, seen.notes.get("pid")
    if who is None or who.pid == 0:
        return
    if who.uid != seen.uid:
        yield _found(
            seen, "listener-foreign", "error", f"account {who.uid} listens on the owner's socket (process {who.pid})",
            f"remove {socket_path(seen.home)} and see who else may write to its directory",
        )  # fmt: skip
    elif seen.holders and who.pid not in seen.holders:
        yield _found(
            seen, "listener-without-lock", "error",
            f"process {who.pid} listens on the owner's socket, but {seen.holders[0]} holds its lock",
            f"end both: eider stop; kill {who.pid}",
        )  # fmt: skip
    if pid != who.pid:
        told = f"name process {pid}" if pid else "are missing"
        yield _found(
            seen, "owner-notes-differ", "warning", f"the owner is process {who.pid}, its notes {told}",
            "eider stop; the next call starts one",
        )  # fmt: skip


def _versions(seen: Seen, status: Mapping[str, Any]) -> Iterator[Finding]:
    version, protocol = str(status.get("version", "")), int(status.get("protocol", 0))
    if abs(protocol - PROTOCOL) > 1:
        yield _found(
            seen, "owner-protocol", "error", f"the owner speaks protocol {protocol}, this Eider {PROTOCOL}",
            "eider stop, then use one version of Eider in all environments of this home",
        )  # fmt: skip
    elif _later(VERSION, version):
        yield _found(
            seen, "owner-older", "info", f"the owner is version {version}, this Eider is {VERSION}", "eider stop; the next call starts one"
        )  # fmt: skip
    elif _later(version, VERSION):
        yield _found(
            seen, "client-older", "info", f"the owner is version {version}, this Eider is {VERSION}",
            "upgrade this environment with pip install -U eider",
        )  # fmt: skip
    interpreter = seen.notes.get("executable")
    if interpreter and not Path(interpreter).exists():
        yield _found(
            seen, "owner-interpreter-gone", "warning", f"the owner runs on {interpreter!r}, which is no longer there",
            "eider stop; the next call starts one from an environment that exists",
        )  # fmt: skip


def _later(one: str, other: str) -> bool:
    """Whether a version comes after another; what cannot be read never does."""
    try:
        return [int(p) for p in one.split(".")[:3]] > [int(p) for p in other.split(".")[:3]]
    except ValueError:
        return False


def _found(seen: Seen, kind: str, severity: Any, message: str, fix: str) -> Finding:
    return Finding(kind=kind, severity=severity, subject=seen.home, message=message, fix=fix)


# ---------------------------------------------------------------------- the check


def _clear(place: Place, finding: Finding) -> None:
    """Take away notes and socket of an owner that is gone, holding its lock meanwhile."""
    from eider.service.run import take_lock

    del place
    lock = take_lock(finding.subject)
    try:
        for path in (Path(finding.subject, "run", "owner.json"), Path(socket_path(finding.subject))):
            with suppress(FileNotFoundError):
                path.unlink()
    finally:
        os.close(lock)


@place_check("owner", mends={"owner-notes-stale": _clear, "owner-socket-stale": _clear})
def owner(place: Place) -> Iterator[Finding]:
    """Whether the owner is one, answers, and is who it says; what does not fit is looked at twice."""
    if place.home is None or not place.home.is_dir():
        return
    home = str(place.home)
    if any(judge(look(place, home))):
        time.sleep(_AGAIN)
        yield from judge(look(place, home))


@place_check("runtime directory")
def runtime(place: Place) -> Iterator[Finding]:
    """Whether the socket's directory is ours: with a long home it is below /tmp, where others write as well."""
    if place.home is None:
        return
    folder = Path(socket_path(str(place.home))).parent
    if not os.path.lexists(folder):
        return
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        yield Finding(
            kind="runtime-not-ours", severity="error", subject=str(folder), message="it is no directory of this account",
            fix="remove it, or set EIDER_HOME to a shorter path of your own",
        )  # fmt: skip
