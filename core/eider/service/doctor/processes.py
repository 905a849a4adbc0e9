"""Reads processes from `/proc`; without it, nothing is found."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One running process."""

    pid: int
    uid: int
    arguments: tuple[str, ...]
    home: str | None
    """`EIDER_HOME` of its environment, where that may be read."""

    @property
    def command_name(self) -> str:
        """The command's name."""
        return " ".join(Path(a).name for a in self.arguments[:2]) or f"process {self.pid}"

    def is_server_of(self, home: str) -> bool:
        """Return whether it was started as the server of a home."""
        if any(a.endswith(("service/__main__.py", "eider.service")) for a in self.arguments):
            given = dict(zip(self.arguments, self.arguments[1:], strict=False)).get("--home")
        elif "serve" in self.arguments and any(Path(a).name == "eider" for a in self.arguments[:4]):
            said = self.arguments[self.arguments.index("serve") :]
            options = said[: said.index("--")] if "--" in said else said
            given = self.home if "--foreground" in options else None  # else it starts one, and stands beside it
        else:
            return False
        return given is not None and Path(given).resolve() == Path(home).resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketPeer:
    """The process that listens on a socket."""

    pid: int
    """0 where it is in another process namespace."""
    uid: int


def process_of(pid: int, proc: str = "/proc") -> Process | None:
    """Return a process by its id; None if there is none or it is a zombie."""
    place = Path(proc) / str(pid)
    try:
        uid = place.stat().st_uid
        arguments = (place / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        state = (place / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return None
    home = None
    with suppress(OSError):
        variables = (place / "environ").read_bytes().decode(errors="surrogateescape").split("\0")
        home = next((v.removeprefix("EIDER_HOME=") for v in variables if v.startswith("EIDER_HOME=")), None)
    return None if state == "Z" else Process(pid=pid, uid=uid, arguments=tuple(arguments), home=home)


def processes(proc: str = "/proc") -> Iterator[Process]:
    """Return all visible processes but this one."""
    for pid in _process_ids(proc):
        if found := process_of(pid, proc):
            yield found


def holders(path: Path, proc: str = "/proc") -> tuple[int, ...]:
    """Return processes that have a file open, as far as they are visible."""
    found: list[int] = []
    real = os.path.realpath(path)
    for pid in _process_ids(proc):
        place = Path(proc) / str(pid) / "fd"
        with suppress(OSError):
            for name in os.listdir(place):
                with suppress(OSError):
                    if os.readlink(place / name) == real:
                        found.append(pid)
                        break
    return tuple(sorted(found))


def _process_ids(proc: str) -> list[int]:
    """Return the ids of all processes but this one."""
    try:
        return [int(name) for name in os.listdir(proc) if name.isdigit() and int(name) != os.getpid()]
    except OSError:
        return []


def peer_of(path: str, timeout: float = 2.0) -> SocketPeer | None:
    """Return who listens on a socket; None if nobody does.

    Raises:
        PermissionError: The socket may not be used by this account.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect(path)
        except PermissionError:
            raise
        except OSError:
            return None
        if not hasattr(socket, "SO_PEERCRED"):
            return SocketPeer(pid=0, uid=os.getuid())
        pid, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return SocketPeer(pid=pid, uid=uid)
