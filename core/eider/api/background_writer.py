"""Write a host's reports on a background thread, in order, so that the host never waits for them."""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Final

MAX_QUEUED: Final = 10_000
"""Writes that may wait; beyond that the caller's thread writes, so that nothing is lost. A guess."""
WRITE_DELAY: Final = 0.1
"""Seconds a write waits, so that it does not compete with the rest of the host's turn for the interpreter. A guess."""
EXIT_TIMEOUT: Final = 2.0
"""Seconds the interpreter waits at exit for queued writes."""
CLOSE_TIMEOUT: Final = 30.0
"""Seconds closing a memory waits for queued writes."""


class BackgroundWriter:
    """A thread that runs queued writes one after the other; the error of one is given to `failed`."""

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        """Create the writer; its thread starts with the first write."""
        self._failed = failed
        self._ended = False
        self._reset()
        _writers.add(self)

    def _reset(self) -> None:
        self._queue: queue.Queue[tuple[float, Callable[[], object]] | None] = queue.Queue(MAX_QUEUED)
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def write_later(self, write: Callable[[], object]) -> None:
        """Queue a write; run it at once where the writer was stopped or the queue is full."""
        if not self._start():
            self._write(write)
            return
        try:
            self._queue.put_nowait((time.monotonic() + WRITE_DELAY, write))
        except queue.Full:
            self._write(write)

    def flush(self, timeout: float) -> bool:
        """Wait until all writes queued so far have run; return False if that takes longer than `timeout` seconds."""
        if self._thread is None or threading.current_thread() is self._thread:
            return True
        done = threading.Event()
        until = time.monotonic() + timeout
        try:
            self._hurry.set()
            self._queue.put((0.0, done.set), timeout=timeout)
        except queue.Full:
            return False
        return done.wait(max(0.0, until - time.monotonic()))

    def stop(self, timeout: float) -> None:
        """Run queued writes for up to `timeout` seconds and stop the thread for good."""
        until = time.monotonic() + timeout
        with self._lock:
            thread, self._thread, self._ended = self._thread, None, True
        if thread is None or thread is threading.current_thread():
            return
        self._hurry.set()
        with suppress(queue.Full):
            self._queue.put(None, timeout=timeout)
            thread.join(max(0.0, until - time.monotonic()))

    def _start(self) -> bool:
        if self._thread is not None:
            return True
        with self._lock:
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="eider-writer", daemon=True)
                self._thread.start()
                atexit.unregister(_at_exit)  # the last to register is the first to run: before a memory closes itself
                atexit.register(_at_exit)
            return self._thread is not None

    def _run(self) -> None:
        while (found := self._queue.get()) is not None:
            due, write = found
            if not due:
                self._hurry.clear()
            elif (early := due - time.monotonic()) > 0:
                self._hurry.wait(early)
            self._write(write)
            del found, write  # they hold a memory open

    def _write(self, write: Callable[[], object]) -> None:
        try:
            write()
        except Exception as error:  # noqa: BLE001 (a host goes on whatever happens to its memory)
            self._failed(error)


_writers: Final[weakref.WeakSet[BackgroundWriter]] = weakref.WeakSet()


def _reset_after_fork() -> None:
    """Empty the queues in a forked child; the parent writes what was queued."""
    for writer in list(_writers):
        writer._reset()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _at_exit() -> None:
    until = time.monotonic() + EXIT_TIMEOUT
    for writer in list(_writers):
        writer.stop(max(0.0, until - time.monotonic()))


os.register_at_fork(after_in_child=_reset_after_fork)
