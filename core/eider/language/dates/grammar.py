"""The grammar of dates: which codes, in which order, name a period (`eider.language.dates.lexicon` says what the codes are).

Each rule is a regular expression over the codes of a text, one letter per word, and a function that
makes a window of the words it matched. Rules are tried in order at every place; the first that fits
and makes sense wins.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from eider.language.dates import rules as resolve
from eider.language.dates import spans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eider.language.dates.period import Window
    from eider.language.dates.rules import Maker, Reading, Token

_MONTH: Final = "[mab]"
_Y: Final = "(?:,?y)"
_ON_DAY: Final = f"(?:[do]-?{_MONTH}(?![do](?:{_Y}|[TU-]))-?{_Y}?|e[ma]{_Y}?|{_MONTH}-?[do]{_Y}?|[ma]e{_Y}?|D)"
_IN_MONTH: Final = f"(?:P?-?{_MONTH}{_Y}|P?-?[mM]|P-?[ma]|(?<=[ISBUAFlcxLX])a|(?<=[IS])b|[lcx][ma]|[ma][LX])"
_IN_SEASON: Final = f"(?:P?-?[lcxLX]s|P?-?s[LX]|P?-?s{_Y}|P-?s|(?<=[ISBAG])s)"
_IN_YEAR: Final = "(?:(?<=[ISBUAFTW])y|P-?y|Z|P?Y)"
_THAT_YEAR: Final = "(?:[lcxLX]u|u[LX])"
_ON_HOLIDAY: Final = f"(?:[lcxLX]h|h[LX]|h{_Y}|(?<=[IOGSBUAF])h)"
_QUARTER: Final = f"(?:q{_Y}?)"
ABSOLUTE: Final = f"(?:(?:[wv],?)?{_ON_DAY}|{_IN_MONTH}|{_IN_SEASON}|{_IN_YEAR}|{_ON_HOLIDAY}|{_QUARTER})"
_WEEKDAY: Final = "(?:[lcxLX][wv]|w[LX]|(?<!!)w|(?<=[O])v|R)"
_NEAR: Final = "(?:c?[lxLX]u|cu|u[LX]|P-?[lcxLX]?u[LX]?|(?<=[OIG])u)"
_COUNTED: Final = "(?:[dnV][uws]g|g[dnV]u|B[dnV]u)"
_AHEAD: Final = "(?:[dnV]uk|[Ik][dnV]u)"
_ROLLING: Final = "(?:[lL][dnV]u|[dnV]Lu|S[dnV]u|[dnV]uL|c?[xX][dnV]u|[dnV]Xu)"
RELATIVE: Final = f"(?:r|{_WEEKDAY}|{_COUNTED}|{_NEAR})"
_EDGE: Final = f"(?:(?:[wv],?)?{_ON_DAY}|M|{_MONTH}{_Y}?|s{_Y}?|[yYwr])"

_SOURCES: Final[dict[str, tuple[str, Maker]]] = {
    "between": ((f"[WFS]?(?:{_EDGE}[TU-]{_EDGE}|(?<=[WS]){_EDGE}E{_EDGE})|(?:[WFS])?[do][TU-]{_ON_DAY}"
                f"|W[do]E{_ON_DAY}|[WFS]?{_MONTH}[do][TU-][do]{_Y}?|[FS]?D[TU-]o|W{_EDGE}E{_EDGE}"), spans.between),
    "before_last": ("t[uws]|[uws]t|[uws]Bl(?![uwsvhmab])", resolve.before_last),
    "beside": (f"(?:[dnVelcxL]?[uw])[BA](?:{ABSOLUTE}|[rw])", resolve.away_from_date),
    "nth": (f"[elL][uw](?:{_MONTH}{_Y}?)", resolve.nth),
    "weekof": (f"u(?:[wv],?)?{_ON_DAY}", resolve.week_of),
    "of_year": (f"(?:{_ON_DAY}|{_MONTH}|[sh])I?{_THAT_YEAR}|{_THAT_YEAR}I?(?:{_ON_DAY}|{_MONTH}|[sh])", resolve.of_year),
    "counted": (_COUNTED, resolve.units_away),
    "rolling": (_ROLLING, resolve.rolling),
    "open": (f"[SBAU]P?-?(?:{ABSOLUTE}|{RELATIVE})|(?:{ABSOLUTE}|{RELATIVE})[QJH]", spans.open_ended),
    "future": (_AHEAD, resolve.in_future),
    "weekday": (f"w,?[lcxLX]u|w,?u[LX]|[lcxLX]u,?w|u[LX]w|{_WEEKDAY}(?!,?{_ON_DAY})", resolve.weekday),
    "absolute": (ABSOLUTE, resolve.absolute),
    "near": (_NEAR, resolve.near),
    "named": ("r", resolve.named_day),
    "ordinal": ("Oo(?=[.,SBAUEI]|$)", resolve.bare_ordinal),
}  # fmt: skip


@cache
def _rules() -> tuple[re.Pattern[str], tuple[tuple[re.Pattern[str], Maker], ...]]:
    """What finds a place where any rule fits, and the rules in order; compiled at the first date."""
    rules = tuple((re.compile(source), make) for source, make in _SOURCES.values())
    return re.compile("|".join(f"(?:{source})" for source, _ in _SOURCES.values())), rules


def read(codes: str, tokens: Sequence[Token], how: Callable[[int], Reading]) -> list[tuple[int, int, Window]]:
    """Windows of a text with the places of the first and after the last token each was read from.

    Args:
        codes: One letter per token.
        tokens: The words.
        how: Reading to use for what begins at a place in the text.
    """
    found: list[tuple[int, int, Window]] = []
    at, (anywhere, rules) = 0, _rules()
    while (match := anywhere.search(codes, at)) is not None:
        start = match.start()
        at = start + 1
        reading = how(tokens[start].start)
        for pattern, make in rules:
            fits = pattern.match(codes, start)
            window = _made(make, tokens[start : fits.end()], reading) if fits else None
            if fits and window is not None:
                found.append((start, fits.end(), window))
                at = fits.end()
                break
    return found


def _made(make: Maker, tokens: Sequence[Token], how: Reading) -> Window | None:
    """What a rule makes of its words; None for what no calendar has: 31 June, the day after the last."""
    try:
        window = make(tokens, how)
    except (ValueError, OverflowError):
        return None
    return window if window is not None and window.start < window.end else None
