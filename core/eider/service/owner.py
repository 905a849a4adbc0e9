"""The owner process: holds the stores of one home open and answers everybody else.

Started by any client (`spawn.ensure`) or by `eider serve`. As a script it forks before it imports anything, so that
its parent is nobody; it takes the lock, binds its sockets, and only then imports what answering needs: whoever
connects meanwhile waits in the socket's queue.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """The detached process that `spawn` starts."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if root not in sys.path:
        sys.path.insert(0, root)
    from eider.service.serving import serve_detached

    given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    serve_detached(given["--home"], int(given["--lock"]))


if __name__ == "__main__":
    main()
