"""The present of one open store, and instants as people name them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from eider.model.clock import Clock, local_zone, parse_instant, utc, zone, zone_name

if TYPE_CHECKING:
    from eider.model.requests import When
    from eider.model.values import Precision

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

    def moment(self, at: When | None, tz: str | None, name: str = "at") -> tuple[datetime, str]:
        """Return an instant in UTC and the zone of whoever named it.

        Args:
            at: The instant; None is now, a string is read as a date or time.
            tz: IANA zone that a time without one means.
            name: What the argument is called, for errors.
        """
        if tz is not None:
            zone(tz)
        if at is None:
            return self.now(), tz or local_zone()
        if isinstance(at, datetime):
            return utc(at, tz, name), tz or zone_name(at) or "UTC"
        return parse_instant(at, tz=tz or "UTC")[0], tz or "UTC"

    def bound(self, at: When | None, tz: str | None, name: str) -> tuple[datetime | None, Precision]:
        """Return an edge of an interval in UTC, with how precisely it is known."""
        if at is None:
            return None, "instant"
        if isinstance(at, datetime):
            return utc(at, tz, name), "instant"
        return parse_instant(at, tz=tz or "UTC")
