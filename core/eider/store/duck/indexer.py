"""The background follower: brings committed rows to the index, off the path of any answer."""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final, Protocol, runtime_checkable

from eider.model.errors import EiderError
from eider.store.duck.outbox import Outbox
from eider.store.protocols import Index

_LAST_WAIT: Final = 60.0
"""Seconds; the longest pause between two failing attempts."""
_followers: weakref.WeakSet[Indexer] = weakref.WeakSet()


@runtime_checkable
class Tidying(Protocol):
    """An index that can be tidied for less than a whole compaction."""

    def tidy(self) -> None:
        """Merge fragments; replaced text may stay in the files."""
        ...


class Indexer:
    """Drains the outbox in a daemon thread: many rows at once, or few after a pause.

    The first drain waits until an index is needed, and for more rows or a longer pause, because it pays for importing
    the index's library: 90 MB and a second.
    Whatever goes wrong is remembered in `trouble` and tried again; what is not drained stays in the outbox.
    """

    def __init__(
        self, outbox: Outbox, index: Index, *, many: int = 64, idle: float = 0.2, first_many: int = 512,
        first_idle: float = 2.0, tidy_every: int = 64, tidy_idle: float = 30.0, first_retry: float = 1.0,
        needed: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        """Prepare; nothing runs before `start`.

        Args:
            outbox: What is drained.
            index: What is tidied.
            many: Rows that are brought over without waiting for a pause.
            idle: Seconds without a commit after which fewer are.
            first_many: Like `many`, for the first time.
            first_idle: Like `idle`, for the first time.
            tidy_every: Drains after which fragments are merged: 64 double the time of a search.
            tidy_idle: Seconds without a commit after which they are merged as well.
            first_retry: Seconds before the second attempt; the pause doubles up to a minute.
            needed: Whether anybody would look into the index; asked before the first drain, and again each time twice as
                many rows wait.
        """
        self._outbox, self._index = outbox, index
        self._many, self._idle, self._first_many, self._first_idle = many, idle, first_many, first_idle
        self._tidy_every, self._tidy_idle, self._first_retry = tidy_every, tidy_idle, first_retry
        self._needed, self._portion = needed, first_many
        self._wake = threading.Condition()
        self._waiting = 0
        self._last = time.monotonic()
        self._untidy = 0
        self._drained = self._stopping = self._forked = False
        self._thread: threading.Thread | None = None
        self.trouble: str | None = None
        """What went wrong last; None once it works again."""
        _followers.add(self)

    def start(self, waiting: int = 0) -> None:
        """Begin to follow.

        Args:
            waiting: Rows that an earlier process left in the outbox.
        """
        self._waiting = waiting
        self._thread = threading.Thread(target=self._follow, name="eider-indexer", daemon=True)
        self._thread.start()

    def notify(self, count: int = 1) -> None:
        """Say that so many rows were committed; costs no more than a lock."""
        if self._forked:
            return
        with self._wake:
            before, self._waiting = self._waiting, self._waiting + count
            self._last = time.monotonic()
            if before == 0 or self._waiting >= self._enough:
                self._wake.notify()

    def stop(self, timeout: float = 5.0) -> bool:
        """Stop following, after the batch in hand; the rest stays in the outbox.

        Args:
            timeout: Seconds to wait for that batch.

        Returns:
            Whether it has stopped; otherwise it will at the batch's end.
        """
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread is None or self._forked:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def forked(self) -> None:
        """In a forked child: the thread is the parent's, and its lock may have been held."""
        self._wake = threading.Condition()
        self._forked = self._stopping = True

    # ------------------------------------------------------------------ the thread

    @property
    def _enough(self) -> int:
        return self._many if self._drained else self._first_many

    @property
    def _pause(self) -> float:
        return self._idle if self._drained else self._first_idle

    def _follow(self) -> None:
        while (work := self._next()) is not None:
            self._attempt(work)

    def _next(self) -> Callable[[], None] | None:
        """Wait until there is something to do; None when it is time to stop."""
        with self._wake:
            while not self._stopping:
                quiet = time.monotonic() - self._last
                if self._waiting and (self._waiting >= self._enough or quiet >= self._pause):
                    if self._drained or self._needed():
                        return self._drain
                    self._first_many, self._first_idle = max(self._first_many, 2 * self._waiting), math.inf
                if self._untidy >= self._tidy_every or (self._untidy and quiet >= self._tidy_idle):
                    return self._tidy
                if self._waiting:
                    self._wake.wait(None if math.isinf(self._pause) else self._pause - quiet)
                else:
                    self._wake.wait(self._tidy_idle - quiet if self._untidy else None)
        return None

    def _drain(self) -> None:
        with self._wake:
            seen = self._waiting
        limit = max(seen, self._many)
        # In portions, so that stopping never waits for a long queue.
        while not self._stopping and (done := self._outbox.drain(min(limit, self._portion))):
            self._drained = True
            self._untidy += 1
            limit -= done
            if limit <= 0 or self._untidy >= self._tidy_every:
                break
        left = self._outbox.pending()
        with self._wake:
            # What was committed while we counted is in `left` or has been added to `_waiting` since.
            self._waiting = max(left, self._waiting - seen)

    def _tidy(self) -> None:
        if isinstance(self._index, Tidying):
            self._index.tidy()
        else:
            self._index.compact()
        self._untidy = 0

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do it; after an error wait longer each time, and never let one out of the thread."""
        wait = self._first_retry
        while not self._stopping:
            try:
                work()
            except Exception as error:  # noqa: BLE001 (a host must not die of its index; doctor shows it)
                self.trouble = str(error) if isinstance(error, EiderError) else f"{type(error).__name__}: {error}"
            else:
                self.trouble = None
                return
            with self._wake:
                self._wake.wait_for(lambda: self._stopping, wait)
            wait = min(2 * wait, _LAST_WAIT)


def _after_fork() -> None:
    for follower in list(_followers):
        follower.forked()


os.register_at_fork(after_in_child=_after_fork)
