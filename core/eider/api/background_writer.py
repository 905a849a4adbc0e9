"""A scribe: writes what a host tells, in its order, behind the host's back."""

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

WAITING: Final = 10_000
"""Notes that may wait; beyond that whoever tells writes, so that nothing is lost. A guess."""
LINGER: Final = 0.1
"""Seconds a note waits, so that the host's turn, which has the same interpreter, ends before it is written. A guess."""
AT_EXIT: Final = 2.0
"""Seconds the end of the interpreter waits for what was told."""
AT_CLOSE: Final = 30.0
"""Seconds closing a memory waits for it."""


class Scribe:
    """One thread and its queue. A note that fails is told to `failed`; the next is written all the same."""

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        """Write nothing yet; the thread begins with the first note."""
        self._failed = failed
        self._ended = False
        self._begin()
        _scribes.add(self)

    def _begin(self) -> None:
        self._notes: queue.Queue[tuple[float, Callable[[], object]] | None] = queue.Queue(WAITING)
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def tell(self, note: Callable[[], object]) -> None:
        """Have something written soon; at once, where the thread was let go."""
        if not self._awake():
            self._write(note)
            return
        try:
            self._notes.put_nowait((time.monotonic() + LINGER, note))
        except queue.Full:
            self._write(note)

    def flush(self, timeout: float) -> bool:
        """Wait until all that was told by now is written; False when that takes longer than `timeout` seconds."""
        if self._thread is None or threading.current_thread() is self._thread:
            return True
        done = threading.Event()
        until = time.monotonic() + timeout
        try:
            self._hurry.set()
            self._notes.put((0.0, done.set), timeout=timeout)
        except queue.Full:
            return False
        return done.wait(max(0.0, until - time.monotonic()))

    def end(self, timeout: float) -> None:
        """Write what was told, as far as there is time, and let the thread go for good; it holds nothing then."""
        until = time.monotonic() + timeout
        with self._lock:
            thread, self._thread, self._ended = self._thread, None, True
        if thread is None or thread is threading.current_thread():
            return
        self._hurry.set()
        with suppress(queue.Full):
            self._notes.put(None, timeout=timeout)
            thread.join(max(0.0, until - time.monotonic()))

    def _awake(self) -> bool:
        if self._thread is not None:
            return True
        with self._lock:
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._work, name="eider-scribe", daemon=True)
                self._thread.start()
                atexit.unregister(_at_exit)  # the last to register is the first to run: before a memory closes itself
                atexit.register(_at_exit)
            return self._thread is not None

    def _work(self) -> None:
        while (found := self._notes.get()) is not None:
            due, note = found
            if not due:
                self._hurry.clear()
            elif (early := due - time.monotonic()) > 0:
                self._hurry.wait(early)
            self._write(note)
            del found, note  # they hold a memory open

    def _write(self, note: Callable[[], object]) -> None:
        try:
            note()
        except Exception as error:  # noqa: BLE001 (a host goes on whatever happens to its memory)
            self._failed(error)


_scribes: Final[weakref.WeakSet[Scribe]] = weakref.WeakSet()


def _forked() -> None:
    """What waits is the parent's to write; a child begins with nothing."""
    for scribe in list(_scribes):
        scribe._begin()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _at_exit() -> None:
    until = time.monotonic() + AT_EXIT
    for scribe in list(_scribes):
        scribe.end(max(0.0, until - time.monotonic()))


os.register_at_fork(after_in_child=_forked)
