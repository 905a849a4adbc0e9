"""Runs the server process: `python -m eider.service`.

Started by any client (`spawn.ensure`) or by `eider serve`. As a script it forks before it imports anything, so that
its parent is nobody; it takes the lock, binds its sockets, and only then imports what answering needs: whoever
connects meanwhile waits in the socket's queue.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the detached server that `spawn` starts."""
    os.closerange(
        4, os.sysconf("SC_OPEN_MAX")
    )  # a pipe of the spawner's that stayed open would never end for its reader
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if root not in sys.path:
        sys.path.insert(0, root)
    given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    home = given["--home"]
    try:
        from eider.service.memory_tuning import limit_math_threads

        limit_math_threads()
        from eider.service.run import serve_detached

        serve_detached(home, int(given["--lock"]))
    except BaseException as error:
        from eider.client import spawn

        kind = type(error).__name__ if type(error).__module__ == "eider.model.errors" else None
        why = str(error) if kind else f"{type(error).__name__}: {error}"
        spawn.write_note(home, spawn.FAILED_NOTE, {"of": spawn.installation_id(), "why": why, "kind": kind})
        raise
    os._exit(0)  # what still runs in a thread (a slow import) has nothing to say any more


if __name__ == "__main__":
    main()
