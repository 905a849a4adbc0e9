"""Starts exactly one server process, detached from the caller's terminal, environment and directory."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any, Final

from eider.client import client
from eider.client.private_dirs import make_run_folder, open_lock, run_folder

ALLOWED: Final = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "SYSTEMROOT",
    "LOCALAPPDATA",
    "XDG_DATA_HOME",
    "PGPASSFILE",
    "PGSERVICEFILE",
)
"""What the server gets of the first spawner's environment: no key, zone, proxy or Python path of one becomes everyone's."""
RETRY_SECONDS: Final = 60.0
"""Seconds before what failed (a start, a replacement) is tried again; whoever asks meanwhile hears why."""
FAILED_NOTE: Final = "failed.json"
REPLACED_NOTE: Final = "replaced.json"
_ASKING: Final = 0.5
"""Seconds an older server gets to say that it goes."""
_children: Final[set[int]] = set()


def ensure_server(home: str, until: float) -> None:
    """Start a server unless one holds the lock; return once it was started, before it answers.

    The lock is taken here and handed to the child as an open descriptor, so that of several spawners exactly one
    starts anything. Somebody who holds the lock and does not answer (starting up, or in another container) is never
    pushed aside.

    Raises:
        ClientError: The directory for the lock cannot be used, or a server of this very installation failed to start
            within the last minute.
    """
    import fcntl

    _reap_children()
    lock = open_lock(os.path.join(make_run_folder(home), "owner.lock"))
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(max(0.0, min(0.01, until - time.monotonic())))
            return
        failed = recent_note(home, FAILED_NOTE)
        if failed.get("of") == installation_id():
            why = f"it cannot start: {failed.get('why')} (see log/owner.err; tried again after {RETRY_SECONDS:.0f} s)"
            kind = failed.get("kind") or "ServerUnreachableError"
            fields = {"where": home, "why": why, "pid": None}
            raise client.ClientError(kind, f"the server of {home!r} did not answer: {why}.", fields)
        _start(home, lock, until)
    finally:
        os.close(lock)  # the child has its own descriptor of the same lock


def replace_older_server(asking: client.Client, theirs: str, until: float) -> bool:
    """Ask an older server to stop, so that the next call starts this version; return whether it stops.

    Never the reverse, never between equal versions, and once a minute at most: where this version cannot start,
    the older one is back by then and shall be left in peace.
    """
    if not is_newer(client.VERSION, theirs):
        return False
    tried = recent_note(asking.home, REPLACED_NOTE)
    if tried.get("version") == client.VERSION:
        return False
    try:
        write_note(asking.home, REPLACED_NOTE, {"version": client.VERSION})
        until = min(until, time.monotonic() + _ASKING)
        asking.ask("POST", "/v1/server/stop", {"why": f"replaced by {client.VERSION}"}, until=until)
    except (client.ClientError, OSError):
        return False
    asking.close()
    return True


def is_newer(one: str, other: str) -> bool:
    """Return whether a version is later than another; an unreadable one never is.

    >>> is_newer("0.10.0", "0.9.2"), is_newer("0.1.0", "0.1.0"), is_newer("1.0", "dev")
    (True, False, False)
    """
    try:
        return [int(p) for p in one.split(".")[:3]] > [int(p) for p in other.split(".")[:3]]
    except ValueError:
        return False


def write_note(home: str, name: str, said: dict[str, Any]) -> None:
    """Write a note that is valid for a minute."""
    path = os.path.join(run_folder(home), name)
    with open(os.open(f"{path}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(client.dumps({**said, "at": time.monotonic()}))
    os.replace(f"{path}.{os.getpid()}", path)


def recent_note(home: str, name: str) -> dict[str, Any]:
    """Return a note unless it is older than a minute or from before the machine started."""
    try:
        with open(os.path.join(run_folder(home), name), encoding="utf-8") as file:
            said = client.loads(file.read())
        age = time.monotonic() - float(said["at"])
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return said if 0 <= age < RETRY_SECONDS else {}


def installation_id() -> str:
    """Return an id of this installation; failures are remembered per installation."""
    return f"{sys.executable} {client.VERSION} {os.path.dirname(os.path.abspath(__file__))}"


def _start(home: str, lock: int, until: float) -> None:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    server = os.path.join(package, "service", "__main__.py")
    arguments = [sys.executable, "-E", "-s", "-P", "-X", "utf8", server, "--home", home, "--lock", "3"]
    environment = {name: os.environ[name] for name in ALLOWED if name in os.environ}
    environment["EIDER_HOME"] = home
    actions: list[Any] = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    if lock == 3:  # noqa: PLR2004 (dup2 onto itself would keep close-on-exec)
        os.set_inheritable(lock, True)
    else:
        actions.append((os.POSIX_SPAWN_DUP2, lock, 3))
    try:  # a group of its own at once: Ctrl-C at the spawner's terminal is not meant for it
        pid = os.posix_spawn(
            sys.executable, arguments, environment, file_actions=actions, setpgroup=0, setsigmask=(),
            setsigdef=(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGUSR1),
        )  # fmt: skip
    except (OSError, ValueError) as error:
        why = f"{sys.executable!r} cannot be started ({error})"
        fields = {"where": home, "why": why, "pid": None}
        message = f"the server of {home!r} did not answer: {why}; run eider serve with a Python that has Eider."
        raise client.ClientError("ServerUnreachableError", message, fields) from None
    _children.add(pid)
    while pid in _children and time.monotonic() < until:  # it forks at once, and ends
        _reap_children()
        time.sleep(0.002)


def _reap_children() -> None:
    """Wait for ended child processes, so that they do not stay zombies."""
    for pid in list(_children):
        try:
            gone = os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:  # the host ignores or reaps its children
            gone = True
        if gone:
            _children.discard(pid)
