"""Loaded segments: one user's arrays each, the most recently used kept within a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final

from eider.store.segment.segment import Segment, SegmentRows

DEFAULT_BYTES: Final = 192 * 1024 * 1024
"""Room for about 150,000 rows, or the active users among a thousand (measured: 1.2 KB a row)."""


class _Held:
    """A segment and the lock that serialises who touches it."""

    __slots__ = ("lock", "segment")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.segment: Segment | None = None


class Segments:
    """An LRU of segments, filled from the truth on first use and kept in step by every commit."""

    def __init__(self, load: Callable[[str], SegmentRows], limit: int = DEFAULT_BYTES) -> None:
        """Start empty.

        Args:
            load: All rows of one user.
            limit: Bytes the loaded segments may take together; one larger than that is still loaded, alone.
        """
        self._load, self._limit = load, limit
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, user: str) -> Generator[Segment]:
        """The user's segment, loaded if need be, for this thread alone."""
        with self._lock:
            held = self._held.setdefault(user, _Held())
            self._held.move_to_end(user)
        with held.lock:
            if held.segment is None:
                held.segment = Segment.build(self._load(user))
                self._evict(user)
            yield held.segment

    def put(self, user: str, rows: Callable[[], SegmentRows]) -> None:
        """Bring a loaded segment up to date; one that is not loaded will be read from the truth.

        One that is being loaded is waited for: what it read may be older than this commit.
        """
        if (held := self._held.get(user)) is None:
            return
        with held.lock:
            if held.segment is not None:
                held.segment.upsert(rows())

    def remove(self, user: str, ids: Sequence[str]) -> None:
        """Take rows out of a loaded segment."""
        if (held := self._held.get(user)) is None:
            return
        with held.lock:
            if held.segment is not None:
                held.segment.remove(ids)

    def drop(self, user: str | None = None) -> None:
        """Forget what is loaded of one user, or of all."""
        with self._lock:
            for name in [user] if user is not None else list(self._held):
                self._held.pop(name, None)

    @property
    def nbytes(self) -> int:
        """Bytes of all loaded segments."""
        return sum(h.segment.nbytes for h in list(self._held.values()) if h.segment is not None)

    def _evict(self, keep: str) -> None:
        with self._lock:
            total = self.nbytes
            for user, held in list(self._held.items()):
                if total <= self._limit:
                    return
                if user == keep or held.segment is None:
                    continue
                total -= held.segment.nbytes
                del self._held[user]
