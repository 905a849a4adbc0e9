"""Dates in language: which period a question asks about, and which days an utterance speaks of.

Everything is read in local days against a given day, never against a clock. English is read well;
German, French, Spanish and Chinese in their usual phrases. Weeks run Monday to Sunday, seasons are the
northern ones by whole months, and `5/7/2023` is read month first unless that is impossible.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from eider.language.dates.grammar import read
from eider.language.dates.lexer import languages, lex
from eider.language.dates.lexicon import CORES
from eider.language.dates.period import Window
from eider.language.dates.rules import Reading
from eider.model.reading_faults import read_or

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["EventAnchor", "Window", "event_asked", "mentions", "periods_in", "window_asked"]

MAX_READ: Final = 20_000
"""Characters read of one text; a date further on in a pasted file is not what it is about. A guess."""

_AHEAD: Final = re.compile(
    r"\b(?:will|gonna|going to|plan(?:s|ning|ned)?|upcoming|looking forward|can't wait|hope to|'ll|won't|shall"
    r"|werde[nt]?|wird|wirst|vais|va|vas|allons|vont|voy a|vas a|va a|vamos a|van a|iré|irá)\b|’ll\b|[将會会要]",
    re.IGNORECASE,
)
_PAST: Final = re.compile(r"\b(?:was|were|did|went|had|got|would)\b", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[.!?\n。！？]+(?=\s|$)|[。！？\n]")


Relation = Literal["before", "after", "since", "during"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAnchor:
    """A time given by an event instead of a date: "before the trip"."""

    relation: Relation
    phrase: str


def window_asked(text: str, *, today: date) -> Window | None:
    """The period a question is about, None if it names none.

    Without a year the latest one begun is meant, unless the question looks ahead. "Since March" ends
    today, "before June" begins at `date.min`. Of several periods the shortest is taken.

    Args:
        text: The question.
        today: The asker's local date.

    >>> window_asked("What did I plan in May?", today=date(2023, 7, 1)).start.isoformat()
    '2023-05-01'
    """
    found = _windows(text, today, asked=True)
    return min(found, key=lambda window: window.days) if found else None


def mentions(text: str, *, said_on: date) -> list[Window]:
    """Periods an utterance speaks of, in the order they are named.

    Args:
        text: What was said.
        said_on: The speaker's local date when it was said.

    >>> [w.start.isoformat() for w in mentions("We moved last Friday.", said_on=date(2023, 7, 1))]
    ['2023-06-30']
    """
    return _windows(text, said_on, asked=False)


def periods_in(text: str, *, said_on: date, asked: bool = False) -> list[tuple[int, int, Window]]:
    """Periods an utterance speaks of, with where their words begin and end in it.

    Args:
        text: What was said.
        said_on: The speaker's local date when it was said.
        asked: Whether it is read as a question.

    >>> [("We moved last Friday."[a:b], w.start.isoformat()) for a, b, w in periods_in("We moved last Friday.", said_on=date(2023, 7, 1))]
    [('last Friday', '2023-06-30')]
    """
    return _placed(text, said_on, asked=asked)


def _windows(text: str, today: date, *, asked: bool) -> list[Window]:
    return [window for _, _, window in _placed(text, today, asked=asked)]


def _placed(text: str, today: date, *, asked: bool) -> list[tuple[int, int, Window]]:
    text = text[:MAX_READ]

    def read_all() -> list[tuple[int, int, Window]]:
        return _apart([each for language in languages(text) for each in _read(text, language, today, asked=asked)])

    return read_or("dates", read_all, [])


def _read(text: str, language: str, today: date, *, asked: bool) -> Iterable[tuple[int, int, Window]]:
    tokens = lex(text, language)
    codes = "".join(token.code for token in tokens)
    if CORES.isdisjoint(codes):
        return []

    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    ahead: dict[int, bool] = {}

    def how(at: int) -> Reading:
        sentence = bisect_right(ends, at)
        if sentence not in ahead:
            begin = ends[sentence - 1] if sentence else 0
            end = ends[sentence] if sentence < len(ends) else len(text)
            ahead[sentence] = _looks_ahead(text[begin:end])
        return Reading(today=today, asked=asked, ahead=ahead[sentence])

    return [(tokens[a].start, tokens[b - 1].end, window) for a, b, window in read(codes, tokens, how)]


def _looks_ahead(sentence: str) -> bool:
    """Whether a sentence speaks of the future."""
    return _AHEAD.search(sentence) is not None and _PAST.search(sentence) is None


def _apart(found: list[tuple[int, int, Window]]) -> list[tuple[int, int, Window]]:
    """Windows in the order of the text; of two that overlap in it, read in two languages, the longer phrase."""
    kept: list[tuple[int, int, Window]] = []
    for each in sorted(found, key=lambda each: each[:2]):
        if not kept or each[0] >= kept[-1][1]:
            kept.append(each)
        elif each[1] - each[0] > kept[-1][1] - kept[-1][0]:
            kept[-1] = each
    return kept


def event_asked(text: str) -> EventAnchor | None:
    """The event a question is placed by, None if it has none or is placed by a date.

    >>> event_asked("What did we buy before the trip to Rome?")
    EventAnchor(relation='before', phrase='the trip to Rome')
    """
    return read_or("event of a question", lambda: _event(text[:MAX_READ]), None)


def _event(text: str) -> EventAnchor | None:
    for pattern in _EVENTS:
        for match in pattern.finditer(text):
            relation, phrase = _RELATIONS[" ".join(match["relation"].lower().split())], match["event"].strip()
            dated = phrase[0] >= "\u4e00" and window_asked(match[0], today=_ANY_DAY) is not None  # 两周之前
            if not dated and not _is_time(phrase):
                return EventAnchor(relation=relation, phrase=phrase)
    return None


def _is_time(phrase: str) -> bool:
    """Whether a phrase names a date or only a length of time, as in "during the week"."""
    if window_asked(f"in {phrase}", today=_ANY_DAY) is not None:
        return True
    words = phrase.lower().split()
    return words[-1] in _TIMES and len(words) <= 3  # noqa: PLR2004


_ANY_DAY: Final = date(2020, 6, 15)
"""Any day will do to see whether a phrase is a date."""
_TIMES: Final = frozenset(
    "day days week weeks weekend weekends month months year years night nights morning afternoon evening summer winter "
    "spring autumn fall season hour hours minute time moment end beginning past future fact "
    "tag tage woche wochen monat monate jahr jahre nacht zeit semaine semaines mois jour nuit année temps "
    "semana semanas mes meses día días año noche tiempo".split()
)
_RELATIONS: Final[dict[str, Relation]] = {
    **dict.fromkeys(("before", "prior to", "vor", "bevor", "avant", "antes de", "antes del", "之前", "以前"), "before"),
    **dict.fromkeys(
        ("after", "following", "nach", "nachdem", "après", "después de", "después del", "之后", "以后"), "after"
    ),
    **dict.fromkeys(("since", "ever since", "seit", "depuis", "desde", "以来"), "since"),
    **dict.fromkeys(("during", "throughout", "while", "während", "pendant", "durant", "durante", "期间"), "during"),
}
_EVENTS: Final = (
    re.compile(
        r"(?<!look )(?<!looks )(?<!looked )(?<!looking )(?<!named )\b(?P<relation>ever since|before|prior to|after|following|since|during|throughout|while)\s+(?P<event>"
        r"(?:the|my|our|his|her|their|your|its|this|that|[^\W\d_]+['’]s|[^\W\d_]+s['’])\s+[^?.!,;:\n]{2,80}?"
        r"|(?!\w+\s(?:can|don|do|am|is|are|own|need|want|like|hate|know)\b)(?:i|we|he|she|they|you|(?-i:[A-Z])[^\W\d_]+)\s+[^\W\d_]{2,}[^?.!,;:\n]{0,80}?"
        r"|[^\W\d_]{2,}ing\b[^?.!,;:\n]{0,80}?)"
        r"(?=\s*(?:[?.!,;:\n]|$)|\s+(?:did|do|does|was|were|is|are|have|has|had|would|will|can|could|what|who|where|how)"
        r"\s+(?:i|we|he|she|they|you|it|the|my|our|(?-i:[A-Z])))",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?P<relation>[Vv]or|[Nn]ach|[Ss]eit|[Ww]ährend)\s+(?P<event>(?:de[mrns]|mein|unser|sein|ihr|eur|dein)[emnrs]{0,3}\s+"
        r"(?:[a-zäöüß]+\s+){0,2}[A-ZÄÖÜ]\w+(?:\s+(?:nach|in|von|mit|zu|auf)\s+[A-ZÄÖÜ]\w+)?)"
    ),
    re.compile(
        r"\b(?P<relation>avant|après|depuis|pendant|durant)\s+(?P<event>(?:l['’]|(?:le|la|les|mon|ma|mes|notre|nos|son|sa|"
        r"ses|leur|leurs|votre|vos|ton|ta|tes)\s)\s*\w+(?:\s+(?:de|du|des|à|en|au|aux|d['’]|l['’])\s*\w+){0,2})",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?P<relation>antes del?|después del?|desde|durante)\s+(?P<event>(?:(?:el|la|los|las|mi|mis|tu|tus|su|sus|"
        r"nuestr[oa]s?)\s+)?\w{3,}(?:\s+(?:de|del|a|al|en|con)\s+(?:la\s+|el\s+)?\w+){0,2})",
        re.IGNORECASE,
    ),
    re.compile("(?:^|[，。？！,在自从 ])(?P<event>[\u4e00-\u9fff]{2,10}?)(?P<relation>之前|以前|之后|以后|以来|期间)"),
)
