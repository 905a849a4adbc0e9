"""Acts as a container's first process: forwards signals and reaps orphans."""

from __future__ import annotations

import os
import signal
from typing import Final

HANDED_ON: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def run_as_pid1() -> None:
    """Fork; return only in the child, while the parent forwards signals and reaps orphans.

    The first process of a container gets every orphan as its child, and a signal does nothing to it that it does not
    handle. This one does nothing else than handle both, so that the child may wait for its own children as it likes.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)  # none is lost before somebody can take it
    child = os.fork()
    if child:
        for sign in HANDED_ON:
            signal.signal(sign, lambda number, _: os.kill(child, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDED_ON)
    while child:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
