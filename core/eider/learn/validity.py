"""From when and until when a clause says that it holds."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

from eider.language.dates import Window, mentions
from eider.model.clock import day_start, local_date
from eider.model.values import Episode, Precision
from eider.understand import cues

_FROM: Final = re.compile(
    r"\b(?P<since>since|seit|depuis|desde)\s+(?P<a>[^,.;]{2,40})"
    r"|\b(?P<ahead>from|starting(?: from| on| in)?|as of|beginning|effective|ab|à partir d[eu]|a partir de|starting with)\s+(?P<b>[^,.;]{2,40})|(?:从|自)(?P<c>[^，。；]{2,12}?)(?:起|开始)",
    re.IGNORECASE,
)
_UNTIL: Final = re.compile(
    r"\b(?:until|till|til|through|up to|bis(?: zum| ende)?|jusqu'(?:à|au|en)|jusqu (?:à|au)|hasta(?: el)?)\s+(?P<a>[^,.;]{2,40})|(?:直到|到)(?P<b>[^，。；]{2,12}?)(?:为止|之前)",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"\s*(?:the (?:end|start) of )?((?:19|20)\d\d)\b")
_PRECISIONS: Final[dict[str, Precision]] = {"day": "day", "month": "month", "year": "year"}


class Held(NamedTuple):
    """A period in the world, half-open, each end with its precision."""

    since: datetime | None = None
    until: datetime | None = None
    since_precision: Precision = "instant"
    until_precision: Precision = "instant"


def held(clause: str, episode: Episode) -> Held:
    """When a clause says that it holds, read on the day and in the zone of its speaker."""
    today = local_date(episode.at, episode.tz)

    def at(match: re.Match[str] | None, *, ahead: bool) -> Window | None:
        phrase = (
            next((group for name, group in match.groupdict().items() if group and len(name) == 1), "") if match else ""
        )
        if not match or not phrase:
            return None
        if year := _YEAR.match(phrase):
            phrase = f"in {year[1]} "
        readings = (f"will {phrase}", f"will {match[0]}") if ahead else (f"since {phrase}", match[0])
        return next((found[0] for reading in readings if (found := mentions(reading, said_on=today))), None)

    begin = _FROM.search(clause)
    end = _UNTIL.search(clause)
    first = at(begin, ahead=begin is not None and begin["since"] is None)
    last = at(end, ahead=True)
    if first is None and last is None and cues.find(clause, cues.guess_language(clause)) & cues.bit("past"):
        found = mentions(clause, said_on=today)
        first = last = found[0] if found else None
        return _period(first, last.end if last else None, episode, last)
    stop = (
        None
        if last is None
        else last.end
        if last.precision in {"day", "week"} or last.precision == "span"
        else last.start
    )
    if first is not None and stop is not None and stop <= first.start:
        stop = None
    return _period(first, stop, episode, last)


def _period(first: Window | None, stop: object, episode: Episode, last: Window | None) -> Held:
    from datetime import date

    until = day_start(stop, episode.tz) if isinstance(stop, date) else None
    return Held(
        since=day_start(first.start, episode.tz) if first else None,
        until=until,
        since_precision=_PRECISIONS.get(first.precision, "day") if first else "instant",
        until_precision=_PRECISIONS.get(last.precision, "day") if last and until else "instant",
    )
