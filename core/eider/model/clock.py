"""Time: clocks that can be set, zones by name, local dates, and dates that are known only in part.

Inside Eider every instant is an aware UTC datetime; the database holds naive UTC. This module is the
one place that converts.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eider.model.errors import InputError, NaiveTimeError
from eider.model.values import Precision

MIN: Final = datetime.min.replace(tzinfo=UTC)
MAX: Final = datetime.max.replace(tzinfo=UTC)
"""The first and last instant that can be kept; what a zone pushes beyond is held here."""

_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?")
_PARTIAL: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_MAX_OFFSET: Final = timedelta(hours=14)
"""The furthest any place is from UTC (Kiribati)."""
_LOCALTIME: Final = "/etc/localtime"


class Clock(Protocol):
    """Tells the present."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved: for tests and stories.

    >>> clock = FixedClock("2026-05-01T00:00:00+00:00")
    >>> clock.advance(timedelta(days=2))
    >>> clock.now().isoformat()
    '2026-05-03T00:00:00+00:00'
    """

    def __init__(self, start: datetime | str) -> None:
        """Stand still at an instant: an aware datetime, or ISO text with an offset."""
        self._lock = threading.Lock()
        self._now = utc(datetime.fromisoformat(start) if isinstance(start, str) else start, name="start")

    def now(self) -> datetime:
        """The instant it was last set to."""
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> None:
        """Move it on.

        Args:
            by: How far; a negative step moves it back.
        """
        with self._lock:
            self._now += by

    def set(self, at: datetime) -> None:
        """Move it to an instant.

        Args:
            at: A timezone-aware datetime.
        """
        with self._lock:
            self._now = utc(at)


@lru_cache(maxsize=512)
def zone(name: str) -> tzinfo:
    """A time zone by its IANA name, or a fixed offset such as "+02:00".

    Raises:
        InputError: No such zone.

    >>> str(zone("Asia/Kolkata")), str(zone("+05:30"))
    ('Asia/Kolkata', 'UTC+05:30')
    """
    if name in {"UTC", "Z"}:
        return UTC
    if match := _OFFSET.fullmatch(name):
        sign, hours, minutes = match[1], int(match[2]), int(match[3] or 0)
        offset = timedelta(hours=hours, minutes=minutes)
        if offset <= _MAX_OFFSET and minutes < 60:  # noqa: PLR2004
            return timezone(-offset if sign == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a path, a folder, a NUL, an empty name
        raise InputError(
            f"time zone {name!r} is not known; use an IANA name such as 'Europe/Berlin', 'UTC', or an offset "
            "such as '+02:00'."
        ) from None


_caller: ContextVar[str | None] = ContextVar("caller's zone", default=None)


@contextmanager
def speaking_from(name: object) -> Generator[None]:
    """Within it the local zone is that of whoever asks from another process; what is no zone changes nothing."""
    token = _caller.set(_zone_set(name, "") if isinstance(name, str) and name else None)
    try:
        yield
    finally:
        _caller.reset(token)


def local_zone() -> str:
    """Name of this machine's zone, or the asking process's: from `TZ`, else from its settings, else its present offset.

    Looked up anew at every call, because a laptop travels; what a setting means is remembered.
    """
    if (asked := _caller.get()) is not None:
        return asked
    try:
        link = os.readlink(_LOCALTIME)  # noqa: PTH115 (a path object is made and printed for half a millisecond)
    except OSError:
        link = ""
    if name := _zone_set(os.environ.get("TZ", "").lstrip(":"), link):
        return name
    offset = datetime.now().astimezone().strftime("%z")
    return "UTC" if int(offset[1:5]) == 0 else f"{offset[:3]}:{offset[3:5]}"


@lru_cache(maxsize=16)
def _zone_set(variable: str, link: str) -> str | None:
    """The first zone that exists: what the variable names, or what the link points to."""
    parts = link.split("zoneinfo/")
    for name in filter(None, (variable, parts[1] if len(parts) > 1 else "")):
        try:
            zone(name)
        except InputError:
            continue
        return name
    return None


def zone_name(at: datetime) -> str | None:
    """Name by which `zone` finds the zone of an aware datetime again; None for a naive one.

    >>> zone_name(datetime(2026, 5, 1, tzinfo=zone("Asia/Kolkata"))), zone_name(datetime(2026, 5, 1, tzinfo=zone("-3")))
    ('Asia/Kolkata', '-03:00')
    """
    offset = at.utcoffset()
    if offset is None:
        return None
    if isinstance(at.tzinfo, ZoneInfo) and at.tzinfo.key:
        return at.tzinfo.key
    minutes = round(offset / timedelta(minutes=1))
    sign = "-" if minutes < 0 else "+"
    return "UTC" if minutes == 0 else f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def utc(at: datetime, tz: str | None = None, name: str = "at") -> datetime:
    """An instant in UTC.

    A naive time is taken as local in `tz`. A time that occurs twice, when clocks go back, is the one
    its `fold` names (0: the first); a time that clocks skip moves forward by the gap. What falls
    beyond the years 1 to 9999 in UTC is held at their edge.

    Args:
        at: An aware time, or a naive one with `tz`.
        tz: The zone of a naive time.
        name: What the caller calls it, for the message.

    Raises:
        NaiveTimeError: It is naive and no zone is given.
        InputError: The zone is not known.

    >>> utc(datetime(2026, 3, 29, 2, 30), "Europe/Berlin").isoformat()  # skipped: 03:30 summer time
    '2026-03-29T01:30:00+00:00'
    """
    if at.utcoffset() is None:
        if tz is None:
            raise NaiveTimeError(name, at)
        at = at.replace(tzinfo=zone(tz))
    try:
        found = at.astimezone(UTC)
        if at.fold and found.astimezone(at.tzinfo).replace(tzinfo=None) < at.replace(tzinfo=None):
            return at.replace(fold=0).astimezone(UTC)  # a skipped time that says it is the second of two
    except OverflowError:
        return MIN if at.year == 1 else MAX
    return found


def to_db(at: datetime) -> datetime:
    """An aware instant as the database keeps it: UTC without a zone.

    Raises:
        NaiveTimeError: It has no zone.
    """
    return utc(at).replace(tzinfo=None)


def from_db(at: datetime) -> datetime:
    """What the database kept, as an aware instant."""
    return at.replace(tzinfo=UTC)


def local(at: datetime, tz: str | None) -> datetime:
    """An instant on the clocks of a zone (None: UTC), held within the years 1 to 9999."""
    place = UTC if tz is None else zone(tz)
    try:
        return utc(at).astimezone(place)
    except OverflowError:
        edge = datetime.min if at.year == 1 else datetime.max  # noqa: DTZ901 (given its zone here)
        return edge.replace(tzinfo=place)


def local_date(at: datetime, tz: str | None) -> date:
    """The date on the calendars of a zone (None: UTC) at an instant.

    Raises:
        InputError: The zone is not known.
        NaiveTimeError: The instant has no zone.

    >>> local_date(datetime(2026, 5, 1, 22, 30, tzinfo=UTC), "Europe/Berlin").isoformat()
    '2026-05-02'
    """
    return local(at, tz).date()


def day_start(day: date, tz: str | None) -> datetime:
    """The first instant of a local day, in UTC; where midnight is skipped, the end of the gap."""
    return utc(datetime(day.year, day.month, day.day), tz or "UTC")  # noqa: DTZ001 (localised by utc)


def moment(at: datetime | date | str | None, tz: str | None, now: datetime) -> tuple[datetime, str]:
    """Return an instant in UTC and the zone of whoever named it.

    Args:
        at: When; by default `now`.
        tz: Zone in which a naive instant is read; by default the local one for the present, else UTC.
        now: The present.

    Raises:
        InputError: It cannot be read.
    """
    if tz is not None:
        zone(tz)
    if at is None:
        return now, tz or local_zone()
    if isinstance(at, datetime):
        return utc(at, tz), tz or zone_name(at) or "UTC"
    return parse_instant(at, tz=tz or "UTC")[0], tz or "UTC"


def bound(at: datetime | date | str, tz: str | None, name: str) -> tuple[datetime, Precision]:
    """Return an edge of an interval in UTC, with how precisely it is known.

    Raises:
        InputError: It cannot be read; the message says `name`.
    """
    if isinstance(at, datetime):
        return utc(at, tz, name), "instant"
    return parse_instant(at, tz=tz or "UTC")


def parse_instant(text: str | date, *, tz: str | None = None) -> tuple[datetime, Precision]:
    """Read a time that may be known only to the day, month or year.

    Args:
        text: "2023", "2023-05", "2023-05-07", an ISO time such as "2023-05-07T10:00:00Z", or a date or datetime.
        tz: Zone in which the period begins, or of an ISO time without one; a plain date is taken in UTC
            if it is None.

    Returns:
        The first instant of what was named, in UTC, and how precisely it was named.

    Raises:
        InputError: It cannot be read.
        NaiveTimeError: A time of day has no zone.

    >>> parse_instant("2023-05", tz="Asia/Kolkata")
    (datetime.datetime(2023, 4, 30, 18, 30, tzinfo=datetime.timezone.utc), 'month')
    """
    if isinstance(text, datetime):
        return utc(text, tz), "instant"
    if isinstance(text, date):
        return day_start(text, tz), "day"
    stripped = text.strip()
    try:
        if match := _PARTIAL.fullmatch(stripped):
            year, month, day = match.groups()
            precision: Precision = "day" if day else "month" if month else "year"
            return day_start(date(int(year), int(month or 1), int(day or 1)), tz), precision
        at = datetime.fromisoformat(stripped)
    except ValueError:
        raise InputError(
            f"time {text!r} cannot be read; write '2023', '2023-05', '2023-05-07' or '2023-05-07T10:00:00+02:00'."
        ) from None
    return utc(at, tz), "instant"
