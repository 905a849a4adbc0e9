"""Dates in language: which period a question asks about, and which days an utterance speaks of.

Everything is read in local days against a given day, never against a clock. English is read well;
German, French, Spanish and Chinese in their usual phrases. Weeks run Monday to Sunday, seasons are the
northern ones by whole months, and `5/7/2023` is read month first unless that is impossible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from eider.when_calendar import Window
from eider.when_grammar import Reading, Token, read
from eider.when_words import CORES, LEXICONS, MORE_TRIGGERS, QUIET, YEARS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["EventAnchor", "Window", "event_asked", "mentions", "window_asked"]

MAX_READ: Final = 20_000
"""Characters read of one text; a date further on in a pasted file is not what it is about. A guess."""

_WORD: Final = re.compile(r"[^\W_]+")
_TOKEN: Final = re.compile(
    r"(?P<D>(?<!\d)(?:\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{4})(?!\d))"
    r"|(?P<M>(?<!\d)\d{4}-\d\d(?![\d-]))|(?P<o>\d{1,2}(?:st|nd|rd|th)\b)|(?P<Z>(?:19|20)\d0['’]?s\b)|(?P<d>\d+)"
    r"|(?P<w>[^\W\d_]+)|(?P<p>[^\w\s'’`]|\n)"
)
_AHEAD: Final = re.compile(
    r"\b(?:will|gonna|going to|plan(?:s|ning|ned)?|upcoming|looking forward|can't wait|hope to|'ll|won't|shall"
    r"|werde[nt]?|wird|wirst|vais|va|vas|allons|vont|voy a|vas a|va a|vamos a|van a|iré|irá)\b|’ll\b|[将會会要]",
    re.IGNORECASE,
)
_PAST: Final = re.compile(r"\b(?:was|were|did|went|had|got|would)\b", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[.!?\n。！？]+(?=\s|$)|[。！？\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAnchor:
    """A time given by an event instead of a date: "before the trip"."""

    relation: Literal["before", "after", "since", "during"]
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


def _windows(text: str, today: date, *, asked: bool) -> list[Window]:
    text = text[:MAX_READ]
    words = set(_WORD.findall(text.lower()))
    if words.isdisjoint(_triggers()[""]):
        return []
    found: list[tuple[int, int, Window]] = []
    for language in LEXICONS:
        if not words.isdisjoint(_triggers()[language]):
            found += _read(text, language, today, asked=asked)
    return _apart(found)


def _read(text: str, language: str, today: date, *, asked: bool) -> Iterable[tuple[int, int, Window]]:
    tokens = _lex(text, language)
    codes = "".join(token.code for token in tokens)
    if CORES.isdisjoint(codes):
        return []

    def how(at: int) -> Reading:
        return Reading(today=today, asked=asked, ahead=_looks_ahead(text, at))

    return [(tokens[a].start, tokens[b - 1].end, window) for a, b, window in read(codes, tokens, how)]


def _looks_ahead(text: str, at: int) -> bool:
    """Whether the sentence around a place speaks of the future."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    start = max((end for end in ends if end <= at), default=0)
    sentence = text[start : min((end for end in ends if end > at), default=len(text))]
    return _AHEAD.search(sentence) is not None and _PAST.search(sentence) is None


def _apart(found: list[tuple[int, int, Window]]) -> list[Window]:
    """Windows that do not overlap in the text, longer phrases first, in the order of the text."""
    kept: list[tuple[int, int, Window]] = []
    for start, end, window in sorted(found, key=lambda each: (each[0] - each[1], each[0])):
        if all(end <= other[0] or start >= other[1] for other in kept):
            kept.append((start, end, window))
    return [window for _, _, window in sorted(kept, key=lambda each: each[0])]


@cache
def _triggers() -> dict[str, frozenset[str]]:
    """Words per language of which a text with a date has at least one; under "" those of all."""
    years = frozenset(str(year) for year in YEARS)
    tables = {
        language: frozenset(phrase.split()[-1] for phrase, (code, _) in lexicon.items() if code in CORES) - QUIET
        | MORE_TRIGGERS.get(language, frozenset())
        for language, lexicon in LEXICONS.items()
    }
    ordinals = frozenset(f"{n}{end}" for n in range(1, 32) for end in ("st", "nd", "rd", "th"))
    decades = frozenset(f"{year}s" for year in YEARS if year % 10 == 0)
    tables["en"] |= years | ordinals | decades
    return tables | {"": frozenset().union(*tables.values())}


@cache
def _phrases(language: str) -> dict[str, list[tuple[list[str], str, int | str]]]:
    """Phrases by their first word, longest first."""
    out: dict[str, list[tuple[list[str], str, int | str]]] = {}
    for phrase, (code, value) in LEXICONS[language].items():
        words = phrase.split()
        out.setdefault(words[0], []).append((words, code, value))
    for each in out.values():
        each.sort(key=lambda entry: -len(entry[0]))
    return out


def _lex(text: str, language: str) -> list[Token]:
    """The words of a text as codes; articles are left out, runs of other words become one `~`."""
    raw = [(match.lastgroup or "", match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]
    phrases, tokens, at = _phrases(language), list[Token](), 0
    while at < len(raw):
        kind, word, start, end = raw[at]
        at += 1
        if kind == "w":
            token, used = _phrase(raw, at - 1, phrases)
            at += used - 1
        else:
            token = _number_or_mark(kind, word, start, end)
        if language == "de" and token.code == "." and word == "." and tokens and tokens[-1].code == "d":
            if tokens[-1].end == start and text[end : end + 1] == " ":
                continue  # the German ordinal: 7. Mai
        if token.code and not (token.code == "~" and tokens and tokens[-1].code == "~"):
            tokens.append(token)
    return tokens


def _phrase(raw: list[tuple[str, str, int, int]], at: int, phrases: dict[str, list[tuple[list[str], str, int | str]]]) -> tuple[Token, int]:
    """The longest phrase that begins at a word, and how many raw tokens it takes."""
    _, word, start, end = raw[at]
    for words, code, value in phrases.get(word.lower(), ()):
        here = at + 1
        for other in words[1:]:
            if here < len(raw) and raw[here][1] == "-":
                here += 1
            if here >= len(raw) or raw[here][1].lower() != other:
                break
            here += 1
        else:
            if word in {"may", "march"}:
                code = "b"
            return Token(code, value, start, raw[here - 1][3]), here - at
    return Token("~", 0, start, end), 1


def _number_or_mark(kind: str, word: str, start: int, end: int) -> Token:
    """A number, a numeric date or a mark as a token; the code of one that cannot be a date is `~`."""
    if kind == "p":
        code = "-" if word in "-–—" else word if word == "," else "" if word in "\"()*_“”" else "."
        return Token(code, 0, start, end)
    if kind == "d":
        value = int(word[:9])
        year = len(word) == 4 and value in YEARS
        return Token("y" if year else "d" if 1 <= value <= 31 and len(word) < 3 else "n", value, start, end)
    if kind == "o":
        return Token("o", int(word[:-2]), start, end)
    try:
        if kind == "Z":
            return Token("Z", date(int(word[:4]), 1, 1), start, end)
        return Token(kind, _numeric_date(word) if kind == "D" else date(int(word[:4]), int(word[5:]), 1), start, end)
    except ValueError:
        return Token("~", 0, start, end)


def _numeric_date(word: str) -> date:
    first, second, third = (int(part) for part in re.split(r"[-./]", word))
    if first > 31:
        return date(first, second, third)
    if "/" in word and second > 12 or "/" in word and first <= 12:
        return date(third, first, second)
    return date(third, second, first)


def event_asked(text: str) -> EventAnchor | None:
    """The event a question is placed by."""
    return None
