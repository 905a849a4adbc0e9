"""Text analysis: what a row needs so that it can be found, computed once when it is written.

Terms are 64-bit hashes of stems, so a stored row needs no vocabulary and two stores need not agree on
one. An `Analysis` is kept beside its row as bytes of a fixed layout; a segment reads a hundred thousand
of them with a handful of array operations and never tokenises again. `ANALYZER` names the rules: rows
written by another version must be analysed anew.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.language import stems
from eider.language.dates import mentions
from eider.language.lexicon import FIRST_PERSON, GREETINGS, HAN_STOP, IRREGULAR, NUMBER_WORDS, STOP_WORDS, TIME_WORDS
from eider.model.errors import InputError
from eider.model.reading_faults import read_or

if TYPE_CHECKING:
    from collections.abc import Container

ANALYZER: Final = "3"
"""Version of the rules below; stored with every row."""
READABLE: Final = frozenset({1, 2, 3})
"""Versions of one stored form. A snapshot, which is never written again, is read with the terms of its version: between
1 and 2 the stems of one English word in a thousand differ, before 3 no headings and no wishes were noted."""

TRAITS: Final = ("question", "greeting", "names", "time", "number", "first_person", "place", "date")
"""What `Analysis.traits` holds, in this order, each in [0, 1]."""

HEADER: Final = struct.Struct("<HBBHHQ8f")
"""version, windows, terms of the heading, terms, wish, fingerprint, traits; then the windows as int32 pairs, then the terms."""

MAX_TERMS: Final = 4096
"""Terms kept of one text: a pasted file must not outweigh a year of talk. A guess."""
MAX_WINDOWS: Final = 4
"""Dates kept of one text; LoCoMo's turns have at most three."""
_CACHE_LIMIT: Final = 100_000
"""Words remembered per language, about 10 MB in all; a user's vocabulary is rarely above 50,000."""

_WORD: Final = re.compile(r"[^\W_]+", re.UNICODE)
_HAN: Final = "\u3400-\u9fff\uf900-\ufaff"
_UNSPACED: Final = re.compile(f"[{_HAN}\u3040-\u30ff\u0e00-\u0eff\uac00-\ud7af\U00020000-\U0003ffff]+")
_SCRIPT_RUN: Final = re.compile(
    f"[{_HAN}\U00020000-\U0003ffff]+|[\u3040-\u30ff\u0e00-\u0eff\uac00-\ud7af]+"
    f"|[^{_HAN}\u3040-\u30ff\u0e00-\u0eff\uac00-\ud7af\U00020000-\U0003ffff]+"
)
_INNER_CAPITAL: Final = re.compile(r"(?<=[a-zà-ÿ0-9,;:'\")] )[A-ZÀ-Þ][\w'-]*")
_PLACE: Final = re.compile(r"\b(?:in|at|to|from|near|nach|aus|à|en|de|desde|a) (?:the )?[A-ZÀ-Þ]\w+")
_DIGIT: Final = re.compile(r"\d|[一二三四五六七八九十百千两]")
_YEAR_OR_ORDINAL: Final = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b|\d{1,2}[:h]\d\d|[年月日号周]")
_HAN_TIME: Final = re.compile(
    "昨天|今天|明天|前天|后天|上周|下周|上个月|下个月|去年|明年|早上|晚上|星期|周[一二三四五六日]"
)
_HEADING: Final = re.compile(r"[\s#*]*(?:title: )?([^\n;。；]{2,90}?)(?:[.:]\s|[\n;:：。；])", re.IGNORECASE)
_HEADING_WORDS: Final = 10
"""A longer beginning is a sentence, not a heading."""
_WISH: Final = re.compile(
    r"\b(?:always|never|from now on|in (?:the )?future|whenever (?:i|you|we)|every time (?:i|you|we)|make sure (?:to|you|that)|please (?:use|keep|avoid|include|stop)"
    r"|i(?:['’]d| would)? (?:always )?(?:prefer|rather)|i like (?:it when|to|my)|i (?:don['’]t|do not|can['’]t) (?:like|want|stand)|i (?:dislike|hate)|i want you to"
    r"|my preference|remember (?:to|that)|immer|nie(?:mals)?|lieber|bevorzuge|künftig|ab (?:jetzt|sofort)|am liebsten|toujours|jamais|préfère|désormais|dorénavant"
    r"|siempre|nunca|prefiero|a partir de ahora|de ahora en adelante|sempre|mai|preferisco|d['’]ora in poi|prefiro|a partir de agora)\b"
    r"|总是|永远|始终|以后|今后|从现在起|偏好|更喜欢|宁愿|不喜欢",
    re.IGNORECASE,
)
"""What somebody wants done from now on, or likes."""
_WISH_READ: Final = 400
"""Characters in which a wish is looked for, some sixty words."""
_STEMMERS: Final = {"en": stems.english, "de": stems.german, "fr": stems.french, "es": stems.spanish}
_caches: Final[dict[str, dict[str, int]]] = {language: {} for language in _STEMMERS}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """What is known of one text without looking at any other."""

    terms: NDArray[np.uint64]
    """Hashes of its stems in order, function words left out."""
    traits: NDArray[np.float32]
    """One value per name in `TRAITS`."""
    windows: NDArray[np.int32]
    """Days the text speaks of, shape `(m, 2)`: proleptic ordinals, first and last inclusive."""
    fingerprint: int
    """Equal for texts that differ in case, spaces and punctuation only."""
    heading: int = 0
    """How many of the first terms are the text's heading; 0 where it has none."""
    wish: bool = False
    """Whether it says how things are wanted from now on, or what is liked."""

    def to_bytes(self) -> bytes:
        """The stored form, a multiple of eight bytes long."""
        counts = (len(self.windows), self.heading, len(self.terms), self.wish)
        head = HEADER.pack(int(ANALYZER), *counts, self.fingerprint, *self.traits.tolist())
        return head + self.windows.astype("<i4").tobytes() + self.terms.astype("<u8").tobytes()

    @classmethod
    def from_bytes(cls, blob: bytes) -> Analysis:
        """Read the stored form.

        Raises:
            InputError: The bytes are not an analysis of this version.
        """
        if len(blob) < HEADER.size or len(blob) % 8:
            raise InputError(f"{len(blob)} bytes are no text analysis; analyse the text anew with eider rebuild.")
        version, windows, heading, terms, wish, fingerprint, *traits = HEADER.unpack_from(blob)
        if version not in READABLE or len(blob) != HEADER.size + 8 * (windows + terms):
            raise InputError(f"text analysis version '{version}' is not '{ANALYZER}'; run eider rebuild.")
        return cls(
            terms=np.frombuffer(blob, "<u8", terms, HEADER.size + 8 * windows),
            traits=np.array(traits, np.float32),
            windows=np.frombuffer(blob, "<i4", 2 * windows, HEADER.size).reshape(-1, 2),
            fingerprint=fingerprint,
            heading=heading,
            wish=bool(wish),
        )


def analyse(text: str, *, said_on: date | None = None) -> Analysis:
    """Analyse one text.

    Args:
        text: As stored, captions included.
        said_on: The speaker's local date, against which "yesterday" is resolved; None leaves dates unread.

    >>> analysis = analyse("I went to Lisbon!")
    >>> analysis.terms.tolist() == terms("LISBON, go")[::-1].tolist()
    True
    """
    found = read_or("words", lambda: terms(text), np.zeros(0, np.uint64))
    windows = read_or("dates", lambda: _windows(text, said_on), np.zeros((0, 2), np.int32))
    none = np.zeros(len(TRAITS), np.float32)
    return Analysis(
        terms=found,
        traits=read_or("traits", lambda: _traits(text, dated=len(windows) > 0), none),
        windows=windows,
        fingerprint=fingerprint(text),
        heading=read_or("heading", lambda: _heading(text, len(found)), 0),
        wish=_WISH.search(text[:_WISH_READ]) is not None,
    )


def words(text: str) -> list[str]:
    """The words of a text in lower case; an apostrophe separates.

    >>> words("Don't PANIC, 42 times")
    ['don', 't', 'panic', '42', 'times']
    """
    return _WORD.findall(text.casefold())


def fingerprint(text: str) -> int:
    """64-bit hash of the words of a text, function words included."""
    return _hash(" ".join(words(text)) or text.strip())


def language(found: list[str]) -> str:
    """The language with the most function words among these; English if none leads.

    >>> language(words("Wann ist die nächste Besprechung?"))
    'de'
    """
    counts = {name: sum(map(stop.__contains__, found)) for name, stop in STOP_WORDS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] > counts["en"] else "en"


def terms(text: str, known: Container[int] | None = None) -> NDArray[np.uint64]:
    """Hashes of the stems of a text in order, function words left out, at most `MAX_TERMS`.

    Args:
        text: Any text.
        known: Terms worth having: a word that the guessed language does not lead to one of these is tried in
            the other languages, so that one word, or a name in a foreign sentence, is found.

    >>> rows = set(terms("Die Rechnungen sind da").tolist())
    >>> terms("Rechnung", rows)[0] in rows
    True
    """
    found = words(text)
    name = language(found)
    out: list[int] = []
    for word in found:
        if not word.isascii() and _UNSPACED.search(word):
            out.extend(_unspaced(word, name))
            continue
        value = _term(word, name)
        if known is not None and value and value not in known:
            value = next((v for other in _STEMMERS if (v := _term(word, other)) in known), value)
        if value:
            out.append(value)
    return np.array(out[:MAX_TERMS], np.uint64)


def distinct_terms(text: str, name: str) -> set[int | None]:
    """Hashes of the stems that a text has, read in one language; function words are 0."""
    there = words(text)
    found = set(map(_caches[name].get, there))
    if None not in found and text.isascii():
        return found
    return {v for w in set(there) for v in (_unspaced(w, name) if _UNSPACED.search(w) else (_term(w, name),))}


def terms_in_every_language(text: str) -> frozenset[int]:
    """Hashes of the words of a text as each of the languages would stem them."""
    found = [
        _term(word, name) for word in words(text) if word.isascii() or not _UNSPACED.search(word) for name in _STEMMERS
    ]
    return frozenset(found) - {0} | frozenset(terms(text).tolist())


def _term(word: str, name: str) -> int:
    """Hash of the stem in a language, 0 for a function word."""
    cache = _caches[name]
    value = cache.get(word)
    if value is None:
        if len(cache) >= _CACHE_LIMIT:
            cache.clear()
        value = cache[word] = _stemmed(word, name)
    return value


def _stemmed(word: str, name: str) -> int:
    if word in STOP_WORDS[name]:
        return 0
    if name == "en":
        word = IRREGULAR.get(word, word)
    return _hash(stems.plain(_STEMMERS[name](word)))


def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") or 1


def _unspaced(word: str, name: str) -> list[int]:
    """Single characters (Han only) and pairs of a run without spaces; other scripts in it as words."""
    out: list[int] = []
    for run in _SCRIPT_RUN.findall(word):
        if not _UNSPACED.match(run):
            value = _term(run, name)
            out += [value] if value else []
            continue
        han = run[0] >= "\u3400" and not "\uac00" <= run[0] <= "\ud7af"
        for i, char in enumerate(run):
            if han and char not in HAN_STOP:
                out.append(_hash(char))
            pair = run[i : i + 2]
            if i + 1 < len(run) and not HAN_STOP.issuperset(pair):
                out.append(_hash(pair))
        if len(run) == 1 and not han:
            out.append(_hash(run))
    return out


def _windows(text: str, said_on: date | None) -> NDArray[np.int32]:
    if said_on is None:
        return np.zeros((0, 2), np.int32)
    found = mentions(text, said_on=said_on)[:MAX_WINDOWS]
    return np.array([(w.start.toordinal(), w.end.toordinal() - 1) for w in found], np.int32).reshape(-1, 2)


def _heading(text: str, count: int) -> int:
    """How many of a text's terms stand before its first full stop, colon, semicolon or line end, if that is a heading."""
    head = _HEADING.match(text)
    if head is None or len(head[1].split()) > _HEADING_WORDS:
        return 0
    length = len(terms(head[0]))
    return length if length < count else 0


def _traits(text: str, *, dated: bool) -> NDArray[np.float32]:
    found = words(text)
    unique = set(found)
    capitals = len(
        set(_INNER_CAPITAL.findall(text)) - {"I"} - {w for w in _INNER_CAPITAL.findall(text) if w[:2] == "I'"}
    )
    return np.array(
        [
            text.rstrip(" \"')*").endswith(("?", "？")),
            bool(found) and (found[0] in GREETINGS or found[0][:2] in GREETINGS),
            min(3, capitals) / 3,
            bool(unique & TIME_WORDS) or bool(_YEAR_OR_ORDINAL.search(text)) or bool(_HAN_TIME.search(text)),
            bool(_DIGIT.search(text)) or bool(unique & NUMBER_WORDS),
            bool(unique & FIRST_PERSON) or "我" in text,
            bool(_PLACE.search(text)),
            dated,
        ],
        np.float32,
    )
