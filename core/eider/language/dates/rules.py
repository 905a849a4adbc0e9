"""From the words of a date to the period they mean: one function per rule of `eider.language.dates.grammar`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from eider.language.dates import period
from eider.language.dates.period import DAY, WEEK, Window


class Token(NamedTuple):
    """One word, number or mark of a text as the grammar sees it."""

    code: str
    value: int | str | date
    start: int
    end: int

    @property
    def number(self) -> int:
        """Its value where the code promises a number."""
        return self.value if isinstance(self.value, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a text is read: against which day, as a question or not, towards the past or the future."""

    today: date
    asked: bool
    ahead: bool
    """The sentence speaks of the future."""


Maker = Callable[[Sequence[Token], Reading], "Window | None"]

_LAST: Final = frozenset("lL")
_THIS: Final = frozenset("c")
_NEXT: Final = frozenset("xX")
_SPAN: Final = {"day": 1, "week": 7, "fortnight": 14, "weekend": 7}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
_HALF: Final = -2
"""Stands for "half a"."""
_AFTER_A_FEW: Final = {2: (1, 0), 3: (2, 1)}
"""How far a vague count reaches above and below itself: "a couple" 2 to 3, "a few" 2 to 5. A guess."""


def only(tokens: Sequence[Token], codes: str) -> Token | None:
    """The first token of one of these codes; None where there is none."""
    return next((token for token in tokens if token.code in codes), None)


def _direction(tokens: Sequence[Token]) -> int | None:
    """-1 for "last", 0 for "this", 1 for "next", None without one of them."""
    codes = {token.code for token in tokens}
    if codes & _LAST:
        return -1
    return 1 if codes & _NEXT else 0 if codes & _THIS else None


def absolute(tokens: Sequence[Token], how: Reading) -> Window | None:
    """A date, month, season, year, quarter or holiday, perhaps with a part of it."""
    whole = _whole(tokens, how)
    part = only(tokens, "P")
    return whole if whole is None or part is None else period.part(whole, part.number)


def _whole(tokens: Sequence[Token], how: Reading) -> Window | None:
    named = only(tokens, "D") or only(tokens, "M") or only(tokens, "Z")
    if named is not None and isinstance(named.value, date):
        if named.code == "D":
            return period.day(named.value)
        return (
            period.month(named.value.year, named.value.month) if named.code == "M" else period.decade(named.value.year)
        )
    year = only(tokens, "yY")
    make = maker(tokens)
    if make is None:
        return period.year(year.number) if year else None
    if year is not None:
        return make(year.number)
    return _nearest(make, how, _direction(tokens))


def maker(tokens: Sequence[Token]) -> Callable[[int], Window] | None:
    """What to make of a year, for what comes round every year."""
    if (month := only(tokens, "mab")) is not None:
        number, on = month.number, only(tokens, "doe")
        if on is None:
            return lambda year: period.month(year, number)
        return lambda year: period.day(date(year, number, on.number))
    if (season := only(tokens, "s")) is not None:
        return lambda year: period.season(year, season.number)
    if (quarter := only(tokens, "q")) is not None:
        return lambda year: period.quarter(year, quarter.number)
    if (holiday := only(tokens, "h")) is not None:
        return lambda year: period.holiday(year, str(holiday.value))
    return None


def _nearest(make: Callable[[int], Window], how: Reading, direction: int | None) -> Window | None:
    """The yearly period meant without a year: the latest begun, or the next to end when looking ahead.

    "Last May" has ended, "next May" has not begun; 29 February is looked for up to eight years away.
    """
    today = how.today
    ahead = (
        direction == 1 or (how.ahead and direction != -1) or (direction == 0 and not (make(today.year).start <= today))
    )
    years = range(today.year - 1, today.year + 9) if ahead else range(today.year + 1, today.year - 9, -1)
    for year in years:
        try:
            window = make(year)
        except (ValueError, OverflowError):
            continue
        if ahead and (window.start > today if direction == 1 else window.end > today):
            return window
        if not ahead and (window.end <= today if direction == -1 else window.start <= today):
            return window
    return None


def _shift(how: Reading, unit: str, count: int) -> Window:
    """The unit `count` units from now, as exactly as people mean it."""
    today = how.today
    if unit in _MONTHS:
        months = count * _MONTHS[unit]
        if unit == "month":
            return period.month(today.year, today.month + months)
        return period.year(today.year + months // 12)
    if unit == "weekend":
        return period.weekend(today + count * WEEK)
    if unit == "day":
        return period.day(today + count * DAY)
    return period.around(today + count * _SPAN[unit] * DAY)


def near(tokens: Sequence[Token], how: Reading) -> Window | None:
    """The unit before, with or after now, or a part of it: "last week", "the end of the year"."""
    unit = str(next(token.value for token in tokens if token.code == "u"))
    direction, part = _direction(tokens), only(tokens, "P")
    if direction is None and part is None:  # "on the weekend"; other units say nothing by themselves
        return (
            period.weekend(how.today if (how.ahead or how.today.weekday() >= period.SATURDAY) else how.today - WEEK)
            if unit == "weekend"
            else None
        )
    last = only(tokens, "lL")
    if last is not None and last.value == 1 and unit != "weekend" and not only(tokens, "c"):
        return _rolling_back(how, unit, 1)
    if unit in {"hour", "day", "decade"}:
        return None
    steps = direction or 0
    whole = period.week(how.today + steps * WEEK) if unit == "week" else _shift(how, unit, steps)
    return whole if part is None else period.part(whole, part.number)


def _rolling_back(how: Reading, unit: str, count: int) -> Window | None:
    """So many units up to and with today: "the last 10 days"."""
    if unit in _MONTHS:
        return Window(start=period.months_on(how.today, -count * _MONTHS[unit]), end=how.today + DAY)
    if unit not in _SPAN:
        return None
    return Window(start=how.today - count * _SPAN[unit] * DAY, end=how.today + DAY)


def rolling(tokens: Sequence[Token], how: Reading) -> Window | None:
    """So many units around now: "the last 10 days", "the next three months"."""
    unit = str(next(token.value for token in tokens if token.code == "u"))
    count = _count(tokens, high=True)
    if _direction(tokens) != 1:
        return _rolling_back(how, unit, count)
    if unit in _MONTHS:
        return Window(start=how.today, end=period.months_on(how.today, count * _MONTHS[unit]) + DAY)
    return Window(start=how.today, end=how.today + (count * _SPAN[unit] + 1) * DAY) if unit in _SPAN else None


def _count(tokens: Sequence[Token], *, high: bool = False) -> int:
    number = only(tokens, "dnV")
    if number is None:
        return 1
    more = _AFTER_A_FEW[number.number][0] if number.code == "V" and high else 0
    return number.number + more


def units_away(tokens: Sequence[Token], how: Reading, sign: int = -1) -> Window | None:
    """So many units away: "two weeks ago", "a few days ago", "three summers ago"."""
    what = next(token for token in tokens if token.code in "uws")
    number = next(token for token in tokens if token.code in "dnV")
    count = number.number
    if what.code == "w":
        back = (how.today.weekday() - what.number) % 7 or 7
        return period.day(how.today - (back + 7 * (count - 1)) * DAY)
    if what.code == "s":
        latest = _nearest(lambda year: period.season(year, what.number), how, -1)
        return latest and period.season(latest.start.year - count + 1, what.number)
    unit = str(what.value)
    if unit == "hour":
        return period.day(how.today)
    if count == _HALF:
        return (
            _shift(how, "month", sign * 6)
            if unit == "year"
            else _shift(how, "week", sign * 2)
            if unit == "month"
            else None
        )
    if number.code == "V":
        above, below = _AFTER_A_FEW[count]
        near, far = _shift(how, unit, sign * (count - below)), _shift(how, unit, sign * (count + above))
        return Window(start=min(near.start, far.start), end=max(near.end, far.end))
    return _shift(how, unit, sign * count)


def before_last(tokens: Sequence[Token], how: Reading) -> Window | None:
    """The one before the last: "the weekend before last", "vorletzte Woche"."""
    what = next(token for token in tokens if token.code in "uws")
    if what.value == "week":
        return period.week(how.today - 2 * WEEK)
    return units_away((Token("n", 2, what.start, what.start), what), how)


def in_future(tokens: Sequence[Token], how: Reading) -> Window | None:
    """So far ahead: "in two weeks", which in a question is a length of time unless the sentence looks ahead."""
    if tokens[0].code == "I" and how.asked and not how.ahead:
        return None
    return units_away(tokens, how, 1)


def weekday(tokens: Sequence[Token], how: Reading) -> Window | None:
    """A weekday: of a named week, or the nearest before or after today."""
    target = next(token for token in tokens if token.code in "wvR")
    direction, today = _direction(tokens), how.today
    if target.code == "R":
        return period.day(period.week(today + (target.number // 8 - 4) * WEEK).start + target.number % 8 * DAY)
    if any(token.code == "u" for token in tokens):
        return period.day(period.week(today + (direction or 0) * WEEK).start + target.number * DAY)
    if direction == 0:
        return period.day(period.week(today).start + target.number * DAY)
    if direction == 1 or (direction is None and how.ahead):
        return period.day(today + ((target.number - today.weekday()) % 7 or 7) * DAY)
    return period.day(today - ((today.weekday() - target.number) % 7 or 7) * DAY)


def named_day(tokens: Sequence[Token], how: Reading) -> Window | None:
    """A day by its own word: "yesterday"."""
    return period.day(how.today + tokens[0].number * DAY)


def bare_ordinal(tokens: Sequence[Token], how: Reading) -> Window | None:
    """A day of this month or of the nearest that has it: "on the 7th"."""
    number = tokens[-1].number
    step = 1 if how.ahead else -1
    for months in range(3):
        try:
            month = period.month(how.today.year, how.today.month + step * months)
            window = period.day(month.start.replace(day=number))
        except ValueError:
            continue
        if window.end > how.today if how.ahead else window.start <= how.today:
            return window
    return None


def point(tokens: Sequence[Token], how: Reading) -> Window | None:
    """Any period that needs no other, known by the words it is made of."""
    codes = {token.code for token in tokens}
    yearly = not codes.isdisjoint("mabshD")
    if "r" in codes:
        return named_day(tokens, how)
    if "u" in codes:
        if yearly:
            return of_year(tokens, how)
        if "w" in codes and "g" not in codes:
            return weekday(tokens, how)
        return near(tokens, how) if codes.isdisjoint("dnV") else units_away(tokens, how)
    return weekday(tokens, how) if not codes.isdisjoint("wvR") and not yearly else absolute(tokens, how)


def away_from_date(tokens: Sequence[Token], how: Reading) -> Window | None:
    """So far from a date: "the week before 3 August", "the Friday after Christmas"."""
    at = next(i for i, token in enumerate(tokens) if token.code in "BA")
    anchor, sign = point(tokens[at + 1 :], how), -1 if tokens[at].code == "B" else 1
    what, count = next(token for token in tokens[:at] if token.code in "uw"), _count(tokens[:at])
    if anchor is None:
        return None
    edge = anchor.start if sign < 0 else anchor.last
    if what.code == "w":
        away = (edge.weekday() - what.number) % 7 or 7 if sign < 0 else (what.number - edge.weekday()) % 7 or 7
        return period.day(edge + sign * away * DAY)
    unit = str(what.value)
    if unit == "week" and count == 1:
        start = edge - WEEK if sign < 0 else edge + DAY
        return Window(start=start, end=start + WEEK, precision="week")
    if unit == "weekend":
        near = period.weekend(edge - (sign < 0) * DAY)
        return near if (near.end <= edge if sign < 0 else near.start > edge) else period.weekend(edge + sign * WEEK)
    return None if unit == "hour" else _shift(Reading(today=edge, asked=True, ahead=False), unit, sign * count)


def nth(tokens: Sequence[Token], how: Reading) -> Window | None:
    """One of the weeks or weekdays of a month: "the first week of May", "the last Friday of June"."""
    what = tokens[1]
    whole = absolute(tokens[2:], how)
    if whole is None or (what.code == "u" and what.value not in {"week", "weekend", "day"}):
        return None
    count = -1 if tokens[0].code in "lL" else tokens[0].number - 1
    if what.value == "day" and what.code == "u":
        return period.day(whole.last if count < 0 else whole.start + count * DAY)
    if what.value == "week" and what.code == "u":
        start = whole.end - WEEK if count < 0 else whole.start + count * WEEK
        return Window(start=start, end=start + WEEK, precision="week")
    wanted = period.SATURDAY if what.code == "u" else what.number
    first = whole.start + (wanted - whole.start.weekday()) % 7 * DAY
    at = whole.last - (whole.last.weekday() - wanted) % 7 * DAY if count < 0 else first + count * WEEK
    return period.weekend(at) if what.code == "u" else period.day(at)


def of_year(tokens: Sequence[Token], how: Reading) -> Window | None:
    """What comes round every year, in a year counted from now: "May last year"."""
    make = maker([token for token in tokens if token.code not in "lcxLX"])
    if make is None or not any(token.code == "u" and token.value == "year" for token in tokens):
        return None
    return make(how.today.year + (_direction(tokens) or 0))


def week_of(tokens: Sequence[Token], how: Reading) -> Window | None:
    """The week or weekend of a date: "the week of 7 May"."""
    anchor = absolute(tokens[1:], how)
    if anchor is None or tokens[0].value not in {"week", "weekend"}:
        return anchor
    return (period.week if tokens[0].value == "week" else period.weekend)(anchor.start)
