"""Periods of local days: the value every date phrase resolves to, and the arithmetic that makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

Grain = Literal["day", "week", "month", "season", "year", "span"]

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
SATURDAY: Final = 5
SPRING, SUMMER, AUTUMN, WINTER = range(4)
_DECEMBER: Final = 12
_QUARTER_MONTHS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A period of whole local days, half-open: `[start, end)`; never empty.

    >>> Window(start=date(2023, 5, 1), end=date(2023, 6, 1), precision="month").days
    31
    """

    start: date
    end: date
    """First day that is no longer in it."""
    precision: Grain = "span"
    """What the speaker named; a weekend, a range and "a few days ago" are spans."""

    @property
    def days(self) -> int:
        """How many days it holds, at least 1."""
        return (self.end - self.start).days

    @property
    def first(self) -> date:
        """Its first day."""
        return self.start

    @property
    def last(self) -> date:
        """Its last day, inclusive."""
        return self.end - DAY

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def day(at: date) -> Window:
    """One day."""
    return Window(start=at, end=at + DAY, precision="day")


def week(at: date) -> Window:
    """The week, Monday to Sunday, a day is in."""
    start = at - at.weekday() * DAY
    return Window(start=start, end=start + WEEK, precision="week")


def around(at: date) -> Window:
    """The seven days with this one in the middle: how exactly "two weeks ago" is meant."""
    return Window(start=at - 3 * DAY, end=at + 4 * DAY, precision="week")


def weekend(at: date) -> Window:
    """Saturday and Sunday of the week a day is in."""
    start = at + (SATURDAY - at.weekday()) * DAY
    return Window(start=start, end=start + 2 * DAY)


def month(year: int, number: int) -> Window:
    """A calendar month; numbers beyond 1 to 12 run into the years beside.

    >>> month(2023, 0).start.isoformat()
    '2022-12-01'
    """
    return Window(start=_first(year, number), end=_first(year, number + 1), precision="month")


def year(number: int) -> Window:
    """A calendar year."""
    return Window(start=date(number, 1, 1), end=date(number + 1, 1, 1), precision="year")


def decade(first: int) -> Window:
    """Ten calendar years."""
    return Window(start=date(first, 1, 1), end=date(first + 10, 1, 1))


def season(year: int, which: int) -> Window:
    """A season of the northern hemisphere by whole months; winter begins in the December of its year."""
    first = _QUARTER_MONTHS * (which + 1)
    return Window(start=_first(year, first), end=_first(year, first + _QUARTER_MONTHS), precision="season")


def quarter(year: int, which: int) -> Window:
    """The first to fourth three months of a year."""
    first = _QUARTER_MONTHS * (which - 1) + 1
    return Window(start=_first(year, first), end=_first(year, first + _QUARTER_MONTHS))


def part(of: Window, which: int) -> Window:
    """The first, middle or last third (0, 1, 2), or the first or second half (3, 4), of a period.

    >>> part(month(2023, 6), 2).start.isoformat(), part(month(2023, 6), 3).last.isoformat()
    ('2023-06-21', '2023-06-15')
    """
    first, last, pieces = _PARTS[which]
    return (
        of
        if of.days < pieces
        else Window(start=of.start + of.days * first // pieces * DAY, end=of.start + of.days * last // pieces * DAY)
    )


_PARTS: Final = ((0, 1, 3), (1, 2, 3), (2, 3, 3), (0, 1, 2), (1, 2, 2))


def months_on(at: date, months: int) -> date:
    """The same day of another month, or the last day of a shorter one."""
    begin = _first(at.year, at.month + months)
    return min(begin + (at.day - 1) * DAY, _first(begin.year, begin.month + 1) - DAY)


def holiday(year: int, name: str) -> Window:
    """A holiday by its key in `eider.language.dates.lexicon`."""
    if name == "easter":
        return Window(start=_easter(year) - 2 * DAY, end=_easter(year) + 2 * DAY)
    if name == "thanksgiving":  # the fourth Thursday of November
        first = date(year, 11, 1)
        return day(first + ((3 - first.weekday()) % 7 + 21) * DAY)
    if name == "christmas":  # stories about it begin on the eve and run over Boxing Day
        return Window(start=date(year, _DECEMBER, 24), end=date(year, _DECEMBER, 27))
    number, at = (int(part) for part in name.split("-"))
    return day(date(year, number, at))


def _first(year: int, number: int) -> date:
    years, index = divmod(number - 1, 12)
    return date(year + years, index + 1, 1)


def _easter(year: int) -> date:
    """Source: the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    tail = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * tail) // 451
    number, at = divmod(h + tail - 7 * m + 114, 31)
    return date(year, number, at + 1)
