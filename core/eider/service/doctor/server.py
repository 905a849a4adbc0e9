"""Checks of the server process: lock, notes, socket and processes must agree.

What can be seen is gathered first (`ServerState`), then judged by a pure function.
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

from eider.client.client import PROTOCOL, VERSION, Client, ClientError, server_notes, socket_path
from eider.model.distribution import UPGRADE
from eider.service.doctor.processes import Process, SocketPeer, holders, peer_of, process_of, processes
from eider.service.doctor.registry import HomeContext, home_check
from eider.service.doctor.report import Finding

STATUS_TIMEOUT: Final = 5.0
"""Seconds in which a server that lives answers; it takes 1.5 to start (measured)."""
_SECOND_LOOK_SECONDS: Final = 0.5
"""Seconds after which a process that seemed left over is looked at again: it may have been on its way out, or in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """Observed state of a home's server."""

    home: str
    notes: Mapping[str, Any]
    locked: bool
    """Whether somebody holds the server's lock."""
    socket: bool = False
    """Whether there is a socket file."""
    listener: SocketPeer | None = None
    status: Mapping[str, Any] | None = None
    """What it answered; None when it did not."""
    holders: tuple[int, ...] = ()
    """Processes that have the lock file open."""
    servers: tuple[Process, ...] = ()
    """Processes that were started as servers of this home."""
    noted: Process | None = None
    """The process that the notes name, whatever it is."""
    uid: int = 0


def read_server_state(place: HomeContext, home: str) -> ServerState:
    """Read the server's state; changes and starts nothing."""
    noted = server_notes(home)
    path = socket_path(home)
    there = os.path.lexists(path)
    held = is_locked(home)
    who = peer_of(path) if there else None
    return ServerState(
        home=home, notes=noted, locked=held, socket=there, listener=who, status=_ask_status(home) if who else None,
        holders=holders(_lock_path(home), place.proc) if held else (),
        servers=tuple(p for p in processes(place.proc) if p.is_server_of(home)),
        noted=process_of(int(noted["pid"]), place.proc) if str(noted.get("pid", "")).isdigit() else None, uid=os.getuid(),
    )  # fmt: skip


def is_locked(home: str) -> bool:
    """Return whether the server's lock is held."""
    try:
        lock = os.open(_lock_path(home), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _lock_path(home: str) -> Path:
    return Path(home, "run", "owner.lock")


def _ask_status(home: str) -> Mapping[str, Any] | None:
    client = Client(home_folder=home, spawn=False, spool=False, timeout=STATUS_TIMEOUT)
    try:
        return client.ask("GET", "/v1/server/status")
    except ClientError:
        return None
    finally:
        client.close()


# ---------------------------------------------------------------------- judging


def server_findings(seen: ServerState) -> Iterator[Finding]:
    """Return findings for contradictions in the server's state."""
    if not seen.locked:
        yield from _leftover_findings(seen)
    elif seen.status is None:
        yield _unresponsive_findings(seen)
    else:
        yield from _identity_findings(seen)
        yield from _version_findings(seen, seen.status)
    known = {*seen.holders, seen.listener.pid if seen.listener else 0}
    for one in seen.servers:
        if one.pid not in known:
            yield _server_finding(
                seen, "server-orphan", "warning",
                f"process {one.pid} was started as the server of this home and does not hold its lock",
                f"end it: kill {one.pid}",
            )  # fmt: skip


def _leftover_findings(seen: ServerState) -> Iterator[Finding]:
    mend = "run eider doctor --fix; the next call starts a server"
    if seen.notes:
        pid = seen.notes.get("pid")
        if seen.noted is None:
            why = f"the notes name process {pid}, which is gone"
        elif not seen.noted.is_server_of(seen.home):
            why = f"the notes name process {pid}, a number that {seen.noted.command_name!r} has now"
        else:
            why = f"the notes name process {pid}, which no longer holds the lock"
        yield _server_finding(seen, "server-notes-stale", "warning", why, mend)
    if seen.listener is not None:
        yield _server_finding(
            seen, "listener-without-lock", "error",
            f"process {seen.listener.pid} listens on the server's socket and does not hold its lock",
            f"see what it is and end it: kill {seen.listener.pid}",
        )  # fmt: skip
    elif seen.socket:
        yield _server_finding(seen, "server-socket-stale", "warning", "there is a socket that nobody listens on", mend)


def _unresponsive_findings(seen: ServerState) -> Finding:
    if not seen.holders:
        return _server_finding(
            seen, "server-elsewhere", "warning",
            "the server's lock is held by somebody who cannot be seen from here, such as another container or account; "
            "writes wait in the spool, and nothing is read",
            "end the server there, or give each container an EIDER_HOME of its own",
        )  # fmt: skip
    pids = ", ".join(map(str, seen.holders))
    how = f"did not answer within {STATUS_TIMEOUT:.0f} s" if seen.listener is not None else "listens on no socket"
    return _server_finding(
        seen, "server-silent", "error", f"process {pids} holds the server's lock and {how}",
        f"eider stop; if it stays: kill -9 {seen.holders[0]}; nothing stored is lost",
    )  # fmt: skip


def _identity_findings(seen: ServerState) -> Iterator[Finding]:
    who, pid = seen.listener, seen.notes.get("pid")
    if who is None or who.pid == 0:
        return
    if who.uid != seen.uid:
        yield _server_finding(
            seen, "listener-foreign", "error", f"account {who.uid} listens on the server's socket (process {who.pid})",
            f"remove {socket_path(seen.home)} and see who else may write to its directory",
        )  # fmt: skip
    elif seen.holders and who.pid not in seen.holders:
        yield _server_finding(
            seen, "listener-without-lock", "error",
            f"process {who.pid} listens on the server's socket, but {seen.holders[0]} holds its lock",
            f"end both: eider stop; kill {who.pid}",
        )  # fmt: skip
    if pid != who.pid:
        told = f"name process {pid}" if pid else "are missing"
        yield _server_finding(
            seen, "server-notes-differ", "warning", f"the server is process {who.pid}, its notes {told}",
            "eider stop; the next call starts one",
        )  # fmt: skip


def _version_findings(seen: ServerState, status: Mapping[str, Any]) -> Iterator[Finding]:
    version, protocol = str(status.get("version", "")), int(status.get("protocol", 0))
    if abs(protocol - PROTOCOL) > 1:
        yield _server_finding(
            seen, "server-protocol", "error", f"the server speaks protocol {protocol}, this Eider {PROTOCOL}",
            "eider stop, then use one version of Eider in all environments of this home",
        )  # fmt: skip
    elif _is_later(VERSION, version):
        yield _server_finding(
            seen, "server-older", "info", f"the server is version {version}, this Eider is {VERSION}", "eider stop; the next call starts one"
        )  # fmt: skip
    elif _is_later(version, VERSION):
        yield _server_finding(
            seen, "client-older", "info", f"the server is version {version}, this Eider is {VERSION}",
            f"upgrade this environment with {UPGRADE}",
        )  # fmt: skip
    interpreter = seen.notes.get("executable")
    if interpreter and not Path(interpreter).exists():
        yield _server_finding(
            seen, "server-interpreter-gone", "warning", f"the server runs on {interpreter!r}, which is no longer there",
            "eider stop; the next call starts one from an environment that exists",
        )  # fmt: skip


def _is_later(one: str, other: str) -> bool:
    """Return whether a version is later than another; an unreadable one never is."""
    try:
        return [int(p) for p in one.split(".")[:3]] > [int(p) for p in other.split(".")[:3]]
    except ValueError:
        return False


def _server_finding(seen: ServerState, kind: str, severity: Any, message: str, fix: str) -> Finding:
    return Finding(kind=kind, severity=severity, subject=seen.home, message=message, fix=fix)


# ---------------------------------------------------------------------- the check


def _remove_leftovers(place: HomeContext, finding: Finding) -> None:
    """Remove notes and socket of a dead server, holding its lock."""
    from eider.service.run import take_lock

    del place
    lock = take_lock(finding.subject)
    try:
        for path in (Path(finding.subject, "run", "owner.json"), Path(socket_path(finding.subject))):
            with suppress(FileNotFoundError):
                path.unlink()
    finally:
        os.close(lock)


@home_check("server", repairs={"server-notes-stale": _remove_leftovers, "server-socket-stale": _remove_leftovers})
def server(place: HomeContext) -> Iterator[Finding]:
    """Check that one server runs, answers, and matches its notes; look twice before reporting."""
    if place.home is None or not place.home.is_dir():
        return
    home = str(place.home)
    if any(server_findings(read_server_state(place, home))):
        time.sleep(_SECOND_LOOK_SECONDS)
        yield from server_findings(read_server_state(place, home))


@home_check("runtime directory")
def socket_folder(place: HomeContext) -> Iterator[Finding]:
    """Check that the socket's directory is private, as it may be below /tmp."""
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
