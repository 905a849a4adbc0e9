"""Serves MCP on stdin and stdout."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from eider.model.errors import EiderError
from eider_mcp.early_answers import EarlyAnswers
from eider_mcp.offered import about_server, instructions, listed

if TYPE_CHECKING:
    from eider_mcp.access import MemoryAccess

EXIT_SECONDS: Final = 2.0
"""Seconds that a call under way may take when the server ends."""


def serve(access: MemoryAccess) -> None:
    """Serve one client until it closes stdin, or a signal comes.

    The handshake is answered and the server is asked while the SDK is imported, which takes most of a second. Where the
    server cannot be had, this serves all the same: each call says what is wrong, and opens the memory once it can be.
    """
    early = EarlyAnswers(about_server(), instructions(access), lambda: listed(access))
    _end_on_signals(access)  # before a client can have been answered
    early.start()
    threading.Thread(target=_open_memory, args=(access,), name="eider-mcp-open", daemon=True).start()
    logging.basicConfig(level=logging.WARNING, format="eider: %(message)s")  # on stderr, before the SDK has its say
    from eider_mcp.serving import server_of

    made = server_of(access)
    early.hand_over()
    made.run()
    ended = access.wait_for_calls(EXIT_SECONDS)
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    early.finish()
    if not ended:
        os._exit(0)
    access.close()


def _open_memory(access: MemoryAccess) -> None:
    with suppress(EiderError):  # told with the first call
        access.memory()


def _end_on_signals(access: MemoryAccess) -> None:
    """End promptly: the thread that waits for stdin could not be interrupted otherwise."""
    if threading.current_thread() is not threading.main_thread():
        return

    def end(number: int, frame: Any) -> None:
        del frame
        access.wait_for_calls(EXIT_SECONDS)
        os._exit(130 if number == signal.SIGINT else 0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
