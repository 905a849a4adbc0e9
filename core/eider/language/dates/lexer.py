"""From text to the codes of `eider.language.dates.lexicon`: words with spaces by look-up, Chinese by patterns."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final

from eider.language.dates.lexicon import (
    COMPANIONS,
    CORES,
    HAN_DIGITS,
    HAN_HINT,
    HAN_TOKENS,
    HAN_WORDS,
    LEXICONS,
    MORE_TRIGGERS,
    WEAK,
    YEARS,
)
from eider.language.dates.rules import Token

if TYPE_CHECKING:
    from collections.abc import Iterator

Raw = tuple[str, str, int, int]
"""Kind, text, start and end of a piece of text."""

Phrase = tuple[list[str], str, "int | str"]
"""Words, code and value."""

_WORD: Final = re.compile(r"[^\W_]+")
_PIECE: Final = re.compile(
    r"(?P<q>\b[Qq][1-4]\b)|(?P<w>[^\W\d_]+)|(?P<D>(?<!\d)(?:\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{4})(?!\d))"
    r"|(?P<M>(?<![\d-])\d{4}-(?:0[1-9]|1[0-2])(?![\d-]))|(?P<o>\d{1,2}(?:st|nd|rd|th|er)\b)|(?P<Z>(?:19|20)\d0['’]?s\b)"
    r"|(?P<n>\d+)|(?P<p>[^\w\s'’`]|\n)"
)
_STOP: Final = re.compile(r"(?<!\d)[.!?]+\s|\n")
_CORE_NUMBER: Final = re.compile(r"\d{4}|\d(?:st|nd|rd|th|er)\b|[Qq][1-4]")
"""A year, a numeric date, an ordinal, a quarter."""
_HAN: Final = re.compile(HAN_HINT)
_HAN_NUMBER: Final = re.compile(r"\d+|[一二两三四五六七八九十]+")
_AS_SPELLED: Final = {("en", "may"): "b", ("en", "march"): "b", ("fr", "Mars"): "~"}
"""Codes that depend on the capital: the verbs, and the planet."""
_OTHER: Final = Token("~", 0, 0, 0)
"""Any other word; its place is never asked for."""
_SILENT: Final = '"()*_“”«»¿¡'
_DASHES: Final = "-–—"
_HAN_DASHES: Final = frozenset("-–—~～ ")
_AFTER_ORDINAL: Final = frozenset(f" {_DASHES}")
_REACH: Final = 5
"""How many words back a "from" makes a "to" of French "à" and "au", which are also "in"."""
_DAYS_OF_A_MONTH: Final = 31
_MONTHS_OF_A_YEAR: Final = 12


def languages(text: str) -> list[str]:
    """Languages in which a text may name a date; most texts have none, and this is all they cost."""
    words = set(_WORD.findall(text.lower()))
    triggers = _triggers()
    found: list[str] = []
    if not words.isdisjoint(triggers[""]):
        found = [language for language in LEXICONS if not words.isdisjoint(triggers[language])]
    if "en" not in found and not (words.isdisjoint(WEAK) or words.isdisjoint(COMPANIONS)):
        found.append("en")
    if not text.isascii() and _HAN.search(text):
        found.append("zh")
    return found


def lex(text: str, language: str) -> list[Token]:
    """The words of a text as codes; articles are left out, runs of other words become one `~`."""
    tokens: list[Token] = []
    for token in _han(text) if language == "zh" else _spaced(text, language):
        if token.code and not (token.code == "~" and tokens and tokens[-1].code == "~"):
            ends = token.code == "I" and token.value == 1 and any(each.code == "F" for each in tokens[-_REACH:])
            tokens.append(token._replace(code="T") if ends else token)
    return tokens


@cache
def _triggers() -> dict[str, frozenset[str]]:
    """Words per language of which a text with a date has at least one; under "" those of all."""
    tables = {
        language: frozenset(max(phrase.split(), key=len) for phrase, (code, _) in lexicon.items() if code in CORES)
        | MORE_TRIGGERS.get(language, frozenset())
        for language, lexicon in LEXICONS.items()
    }
    tables["fr"] -= {"an"}  # English "an"; see MORE_TRIGGERS
    tables["en"] -= WEAK
    tables["en"] |= {str(year) for year in YEARS} | {f"{year}s" for year in YEARS if year % 10 == 0}
    tables["en"] |= {"q1", "q2", "q3", "q4"} | {f"{n}{end}" for n in range(1, 32) for end in ("st", "nd", "rd", "th")}
    return tables | {"": frozenset[str]().union(*tables.values())}


@cache
def _han_piece() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in HAN_TOKENS))


@cache
def _phrases(language: str) -> dict[str, list[Phrase]]:
    """Phrases by their first word, longest first."""
    out: dict[str, list[Phrase]] = {}
    for phrase, (code, value) in LEXICONS[language].items():
        words = phrase.split()
        out.setdefault(words[0], []).append((words, code, value))
    for each in out.values():
        each.sort(key=lambda entry: -len(entry[0]))
    return out


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each sentence, so that no rule could reach from one into the next."""
    start = 0
    for match in _STOP.finditer(text):
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


@cache
def _core_words(language: str) -> frozenset[str]:
    return frozenset(w for phrase, (code, _) in LEXICONS[language].items() if code in CORES for w in phrase.split())


def _spaced(text: str, language: str) -> Iterator[Token]:
    raw: list[Raw] = []
    for start, end in _sentences(text):
        sentence = text[start:end]
        words = _WORD.findall(sentence.lower())
        may_name_a_date = not _core_words(language).isdisjoint(words) or _CORE_NUMBER.search(sentence) is not None
        if may_name_a_date:
            raw += [(m.lastgroup or "", m[0], m.start(), m.end()) for m in _PIECE.finditer(text, start, end)]
        else:
            raw.append(("w", "", start, end))
    phrases, at, other = _phrases(language), 0, False
    while at < len(raw):
        kind, word, start, end = raw[at]
        if kind == "w":
            if (known := phrases.get(word.lower())) is None:
                at += 1
                if not other:
                    yield _OTHER
                other = True
                continue
            token, used = _phrase(raw, at, known, language)
            at += used
            other = token is _OTHER
            yield token
            continue
        other = False
        at += 1
        german = (
            language == "de"
            and word == "."
            and at > 1
            and raw[at - 2][0] == "n"
            and text[end : end + 1] in _AFTER_ORDINAL
        )
        if german:  # the ordinal of "7. Mai" and of "5.-7. Mai"
            continue
        token = _number_or_mark(kind, word, start, end)
        counts = token.code == "y" and token.number % 100 == 0 and raw[at : at + 1] and raw[at][1].endswith("s")
        yield token._replace(code="n") if counts else token  # "in 2000 words"


def _phrase(raw: list[Raw], at: int, known: list[Phrase], language: str) -> tuple[Token, int]:
    """The longest phrase that begins at a word, and how many pieces it takes."""
    word, start = raw[at][1:3]
    for words, code, value in known:
        here = at + 1
        for other in words[1:]:
            if here < len(raw) and raw[here][1] == "-":
                here += 1
            if here >= len(raw) or raw[here][1].lower() != other:
                break
            here += 1
        else:
            return Token(_AS_SPELLED.get((language, word), code), value, start, raw[here - 1][3]), here - at
    return _OTHER, 1


def _number_or_mark(kind: str, word: str, start: int, end: int) -> Token:
    """A number, a numeric date or a mark; `~` for one that is no date, such as 2023-02-30."""
    if kind == "p":
        code = "-" if word in _DASHES else word if word == "," else "" if word in _SILENT else "."
        return Token(code, 0, start, end)
    if kind == "n":
        value = int(word[:9])
        short = 1 <= value <= _DAYS_OF_A_MONTH and len(word) < 3  # noqa: PLR2004
        return Token("y" if value in YEARS and len(word) == 4 else "d" if short else "n", value, start, end)  # noqa: PLR2004
    if kind in "oq":
        return Token(kind, int(word[:-2] if kind == "o" else word[1:]), start, end)
    try:
        at = _numeric_date(word) if kind == "D" else date(int(word[:4]), int(word[5:]) if kind == "M" else 1, 1)
    except ValueError:
        return Token("~", 0, start, end)
    return Token(kind, at, start, end)


def _numeric_date(word: str) -> date:
    """Year first, else month first with slashes where that is possible, else day first."""
    first, second, third = (int(part) for part in re.split(r"[-./]", word))
    if len(word) - len(word.lstrip("0123456789")) == 4:  # noqa: PLR2004
        return date(first, second, third)
    month_first = "/" in word and first <= _MONTHS_OF_A_YEAR
    return date(third, first, second) if month_first else date(third, second, first)


def _han(text: str) -> Iterator[Token]:
    last = 0
    for match in _han_piece().finditer(text):
        between = text[last : match.start()].strip(" 的")
        if between:
            code = "~" if between[0].isalnum() else "-" if _HAN_DASHES.issuperset(between) else "."
            yield Token(code, 0, last, match.start())
        last = match.end()
        try:
            pieces = list(_han_codes(match.lastgroup or "", match[0]))
        except ValueError:
            pieces = [("~", 0)]
        for code, value in pieces:
            yield Token(code, value, match.start(), match.end())
    if text[last:].strip():
        yield Token("~" if text[last].isalnum() else ".", 0, last, len(text))


def _han_codes(kind: str, piece: str) -> Iterator[tuple[str, int | str | date]]:
    """Codes and values of one Chinese phrase, in the order the grammar wants them."""
    if kind == "word":
        yield from HAN_WORDS[piece]
        return
    numbers = [_han_value(found) for found in _HAN_NUMBER.findall(piece)]
    if kind == "date":
        yield "D", date(*numbers)
    elif kind == "yearmonth":
        yield "M", date(numbers[0], numbers[1], 1)
    elif kind == "year":
        yield "Y", numbers[0]
    elif kind == "monthday":
        yield from zip("md", numbers, strict=True)
    elif kind == "day":
        yield "o", numbers[0]
    elif kind == "month":
        if piece[-1] in "初中底":
            yield "P", "初中底".index(piece[-1])
        yield "m", numbers[0]
    elif kind in {"weekday", "ofweek"}:
        day = HAN_DIGITS[piece[-1]] - 1
        weeks = piece.count("下") - piece.count("上")
        yield ("w", day) if kind == "weekday" else ("R", (weeks + 4) * 8 + day)
    else:
        yield from _han_count(kind, piece, numbers)


def _han_count(kind: str, piece: str, numbers: list[int]) -> Iterator[tuple[str, int | str]]:
    """Codes of 三天前 and 最近几个月."""
    if kind == "rolling":
        yield "l", 1
    yield ("n", numbers[0]) if numbers else ("V", 3)
    yield "u", next(value for sign, value in _HAN_UNITS if sign in piece)
    if kind == "counted":
        yield ("g", 0) if piece[-1] == "前" else ("k", 0)


_HAN_UNITS: Final = (
    ("小时", "hour"), ("天", "day"), ("周", "week"), ("星期", "week"), ("礼拜", "week"), ("月", "month"), ("年", "year"),
)  # fmt: skip


def _han_value(digits: str) -> int:
    """A number in digits or in Chinese, up to 99; of two such as "三四", three or four, the first.

    Raises:
        ValueError: The signs make no number.

    >>> _han_value("二十一"), _han_value("十二"), _han_value("7")
    (21, 12, 7)
    """
    if digits.isdigit():
        return int(digits)
    tens, ten, ones = digits.rpartition("十")
    return (_han_digit(tens, empty=1) * 10 if ten else 0) + _han_digit(ones, empty=0)


def _han_digit(signs: str, *, empty: int) -> int:
    values = [HAN_DIGITS[sign] for sign in signs] or [empty]
    if values != list(range(values[0], values[0] + len(values))):
        raise ValueError(f"'{signs}' is no Chinese number")
    return values[0]
