"""The present of one open store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from eider.model.clock import Clock

TICK: Final = timedelta(microseconds=1)
"""The least time between two commits."""


class StoreTime:
    """A clock that never goes behind the last commit: what was known when has one order."""

    def __init__(self, clock: Clock, last: datetime | None) -> None:
        """Start after the newest event of the store, if there is one."""
        self._clock = clock
        self._last = last or datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the present, later than every commit."""
        return max(self._clock.now(), self._last + TICK)

    def advance(self, at: datetime | None) -> None:
        """Note when something was committed."""
        if at is not None:
            self._last = max(self._last, at)
