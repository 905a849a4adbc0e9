"""A buffer of what is worth keeping and not worth waiting for: written in batches, a few seconds later."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Final, Generic, TypeVar

from eider.model.errors import EiderError

SECONDS: Final = 3.0
"""A kill may lose what came within this time, and nothing else."""
Place = TypeVar("Place", bound=Hashable)
Kept = TypeVar("Kept")


class Buffer(ABC, Generic[Place, Kept]):
    """One thing per place, gathered under a lock; a timer writes it. Not worth an error in the host."""

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: dict[Place, Kept] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    @abstractmethod
    def _write(self, place: Place, kept: Kept) -> None:
        """Write what was gathered of one place."""

    def _gather(self, into: Callable[[dict[Place, Kept]], object]) -> None:
        """Change what waits, and have it written; nothing once closed."""
        with self._lock:
            if self._closed:
                return
            into(self._waiting)
            if self._timer is None:
                self._timer = threading.Timer(SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what is buffered."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
        for place, kept in waiting.items():
            with suppress(EiderError):
                self._write(place, kept)

    def close(self) -> None:
        """Write what is left and take nothing more."""
        self.flush()
        with self._lock:
            self._closed = True
