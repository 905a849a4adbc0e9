"""Runs a command with a server beside it, as a container's first process.

The server is started before the command and ended after it, so that whatever the command and its children tell is
durable and drained when the container stops. Where a server of the same home runs in another container already, that
one is used and left alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Final

from eider.client.client import Client, ClientError

FORWARDED: Final = (
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
)  # fmt: skip
START: Final = 10.0
"""Seconds the command waits for the server; it runs all the same."""
END: Final = 8.0
"""Seconds the server has to end: Docker kills ten seconds after it asked."""
_NOT_RUN: Final = 126
"""What a shell says of a command that cannot be run."""
_NOT_FOUND: Final = 127
"""What a shell says of one that is not there."""


def run(home: str, command: Sequence[str]) -> int:
    """Run a command and return its exit code, or 128 plus the signal that ended it.

    Standard streams are the command's. Signals are handed on to it, and whatever is orphaned is buried.
    """
    from eider.service.run import listening_process

    before = listening_process(home)
    # start a server; a failure does not stop the command
    client = Client(home_folder=home, spool=False, timeout=START)
    try:
        client.ask("GET", "/v1/server/status")
    except ClientError as error:
        _print_notice(error.message)
    finally:
        client.close()
    try:
        return _run_command(command)
    finally:
        if not before and listening_process(home):  # a process of another container has no number here
            from eider.service.run import stop

            stop(home, END)


def _run_command(command: Sequence[str]) -> int:
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, _: FrameType | None) -> None:
        if child is None:
            early.append(number)
        else:
            with suppress(ProcessLookupError):
                os.kill(child.pid, number)

    for number in FORWARDED:
        signal.signal(number, forward)
    try:
        child = subprocess.Popen(list(command))  # noqa: S603 (what the caller asks for)
    except FileNotFoundError:
        _print_notice(f"{command[0]!r} is not there; look at what follows the -- of eider serve.")
        return _NOT_FOUND
    except OSError as error:
        _print_notice(f"{command[0]!r} cannot be run ({error.strerror}); look at its permissions.")
        return _NOT_RUN
    for number in early:
        forward(number, None)
    while True:
        pid, status = os.waitpid(-1, 0)  # as the first process of a container this one buries all orphans
        if pid == child.pid:
            child.returncode = code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _print_notice(what: str) -> None:
    sys.stderr.write(f"eider: {what}\n")
    sys.stderr.flush()
