"""Periods with two ends: "since March", "between March and May", "3–7 June"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from eider.language.dates.period import DAY, Window
from eider.language.dates.rules import Reading, Token, maker, only, point


def open_ended(tokens: Sequence[Token], how: Reading) -> Window | None:
    """The time on one side of a period: "since March", "before June", "until last week".

    In what was said they name the date itself; in a question the time on that side of it.
    """
    side = tokens[0].code if tokens[0].code in "SBAU" else {"Q": "B", "J": "A", "H": "S"}[tokens[-1].code]
    inner = [token for token in tokens if token.code not in "SBAUQJH"]
    window = point(inner, how)
    if window is None or not how.asked:
        return window
    if side == "B":
        return Window(start=date.min, end=window.start)
    if side == "U":
        return Window(start=date.min, end=window.end)
    start = window.start if side == "S" else window.end
    return Window(start=start, end=max(how.today, start) + DAY)


def between(tokens: Sequence[Token], how: Reading) -> Window | None:
    """From one to another: "between March and May", "3–7 June"; a year or month on one side holds for both."""
    inner = [token for token in tokens if token.code not in "WFS,"]
    cut = next((at for at in range(1, len(inner) - 1) if _divides(inner, at)), None)
    if cut is None:
        return None
    left, right = inner[:cut], inner[cut + 1 :]
    if inner[cut].code == "-" and right[0].code == "y" and len(right) == 1 and maker(left) and not only(left, "y"):
        return point(left + right, how)  # "7-May-2023" is one date
    if left[0].code in "do" and len(left) == 1:
        left += [token for token in right if token.code in "mab"]
    if right[0].code in "do" and not only(right, "mab"):
        right += [
            token._replace(code="m", value=token.value.month) if isinstance(token.value, date) else token
            for token in left
            if token.code in "mabD"
        ]
    return _spanning(left, right, how)


def _divides(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word at a place stands between two dates and not inside one, as the dash of "7-May" does."""
    if tokens[at].code not in "ETU-":
        return False
    left, right = tokens[:at], tokens[at + 1 :]
    for kind in ("do", "mab", "wv", "y", "ETU"):
        if max(sum(token.code in kind for token in side) for side in (left, right)) > (kind != "ETU"):
            return False
    if len(left) == 1 and left[0].code in "do":
        return tokens[at].code != "-" or right[0].code not in "mab"
    return len(right) > 1 or right[0].code not in "do" or left[-1].code in "doDy"


def _year_named(tokens: Sequence[Token]) -> int | None:
    named = only(tokens, "yD")
    if named is None:
        return None
    return named.value.year if isinstance(named.value, date) else named.number


def _spanning(left: Sequence[Token], right: Sequence[Token], how: Reading) -> Window | None:
    """From the date of these words to the date of those; what has no year lies as near as it can to the other."""
    begin, end = maker(left), maker(right)
    since, until = _year_named(left), _year_named(right)
    first = last = None
    if begin and until is not None and since is None:
        first, last = begin(until), point(right, how)
        if last and first.start > last.start:
            first = begin(until - 1)
    elif end and since is not None and until is None:
        first, last = point(left, how), end(since)
        if first and last.start < first.start:
            last = end(since + 1)
    elif begin and end and until is None and not how.ahead:
        first = point(left, how)
        last = first and point(right, Reading(today=first.start, asked=True, ahead=True))
    else:
        last = point(right, how)
        first = last and point(left, Reading(today=last.start, asked=True, ahead=False))
    return first and last and Window(start=first.start, end=max(first.end, last.end))
