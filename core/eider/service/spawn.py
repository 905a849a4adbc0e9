"""Starting the owner: one, whoever races; nothing of the spawner's terminal, environment or directory stays with it."""

from __future__ import annotations

import os
import sys
import time
from typing import Final

from eider.service import client

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
)
"""What the owner gets of the first spawner's environment: no key, zone, proxy or Python path of one becomes everyone's."""


def ensure(home: str, until: float) -> None:
    """Start an owner unless one holds the lock; returns when that is under way, not when it answers.

    The lock is taken here and handed to the child as an open descriptor, so that of several spawners exactly one
    starts anything. Somebody who holds the lock and does not answer (starting up, or in another container) is never
    pushed aside.

    Raises:
        ClientError: The directory for the lock cannot be made or used.
    """
    import fcntl

    run = client.private_folder(client.run_folder(client.private_folder(home)))
    try:
        lock = os.open(os.path.join(run, "owner.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise client.ClientError(
            "ReadOnlyStoreError", f"{run!r} cannot be written ({error.strerror}).", {"path": run}
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(max(0.0, min(0.01, until - time.monotonic())))
            return
        _start(home, lock)
    finally:
        os.close(lock)  # the child has its own descriptor of the same lock


def _start(home: str, lock: int) -> None:
    owner = os.path.join(os.path.dirname(os.path.abspath(__file__)), "owner.py")
    arguments = [sys.executable, "-E", "-s", "-P", "-X", "utf8", owner, "--home", home, "--lock", "3"]
    environment = {name: os.environ[name] for name in ALLOWED if name in os.environ}
    environment["EIDER_HOME"] = home
    null, nothing = os.O_RDWR, os.devnull
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, nothing, null, 0), (os.POSIX_SPAWN_OPEN, 1, nothing, null, 0),
        (os.POSIX_SPAWN_OPEN, 2, nothing, null, 0), (os.POSIX_SPAWN_DUP2, lock, 3),
    ]  # fmt: skip
    if lock == 3:  # noqa: PLR2004 (dup2 onto itself would keep close-on-exec)
        os.set_inheritable(lock, True)
        actions.pop()
    pid = os.posix_spawn(sys.executable, arguments, environment, file_actions=actions)
    os.waitpid(pid, 0)  # it forks at once, so that no zombie stays with a spawner that lives long
