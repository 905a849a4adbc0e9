"""Looks up cue phrases: words and short phrases of ten languages that carry the same meaning in each.

A language is a file in `data/cues`: class name to phrases, separated by commas. `word*` matches every word
that begins so. Phrases in Chinese, Japanese and Korean match anywhere in the text.
"""

import json
import re
from functools import cache, lru_cache
from importlib.resources import files

TOKEN = re.compile(
    r"[^\W\d_぀-鿿가-힯]+(?:['’\-][^\W\d_぀-鿿가-힯]+)*|\d+|[぀-鿿가-힯]|[?!:;,…\"“”`()]|[\U0001F300-\U0001FAFF☀-➿]"
)
EAST_ASIAN = re.compile(r"[぀-ヿ㐀-鿿가-힯]")
_KANA, _HANGUL = re.compile(r"[぀-ヿ]"), re.compile(r"[가-힯]")
_LONGEST_WORD = 64
"""Characters of a word that are looked at: what is longer is no word of a language."""
_ELIDED = 2
"""At most so many letters stand before an apostrophe in place of a word: l', qu'."""
_PLAIN_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789 ")
_EAST_ASIAN_LANGUAGES = ("zh", "ja", "ko")

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", *_EAST_ASIAN_LANGUAGES)
_LISTS = frozenset({"function", "mail_header", "wrote", "forwarded", "letters"})
"""Entries of a language that are lists of words and no cue classes."""
Table = tuple[dict[str, int], dict[str, int], int]
"""Phrases, word beginnings (each with a bit set of classes), and the most words or characters of a phrase."""


@cache
def _language_file(language: str) -> dict[str, list[str]]:
    text = files("eider.understand").joinpath("data", "cues", f"{language}.json").read_text("utf-8")
    return {name: [p for p in phrases.split(", ") if p.strip()] for name, phrases in json.loads(text).items()}


@cache
def names() -> tuple[str, ...]:
    """Return the names of the cue classes; the position of a name is its bit in the sets of `find`."""
    return tuple(name for name in _language_file("en") if name not in _LISTS)


@cache
def listed(name: str) -> tuple[str, ...]:
    """Return the words of a list that is no cue class ("mail_header", "wrote"), of all languages."""
    return tuple(dict.fromkeys(word for language in LANGUAGES for word in _language_file(language)[name]))


@cache
def bit(name: str) -> int:
    """Return the bit of one class in the sets of `find`."""
    return 1 << names().index(name)


def has(found: int, *classes: str) -> bool:
    """Return whether one of these classes is in a set of `find`."""
    return any(found & bit(name) for name in classes)


@cache
def _table(languages: tuple[str, ...], *, east_asian: bool) -> Table:
    phrases: dict[str, int] = {}
    beginnings: dict[str, int] = {}
    for language in languages:
        for name, entries in _language_file(language).items():
            if name in _LISTS:
                continue
            for entry in entries:
                if bool(EAST_ASIAN.search(entry)) != east_asian:
                    continue
                target = beginnings if entry.endswith("*") else phrases
                key = entry.rstrip("*").lower()
                target[key] = target.get(key, 0) | bit(name)
    longest = max((len(p) if east_asian else p.count(" ") + 1 for p in phrases), default=0)
    return phrases, beginnings, longest


@cache
def _first_words(languages: tuple[str, ...]) -> frozenset[str]:
    return frozenset(p.split(" ", 1)[0] for p in _table(languages, east_asian=False)[0] if " " in p)


@lru_cache(maxsize=20_000)
def _word(word: str, languages: tuple[str, ...]) -> int:
    """Return the classes of one word, alone or by its beginning."""
    phrases, beginnings, _ = _table(languages, east_asian=False)
    found = phrases.get(word, 0)
    for length in range(2, min(len(word), _LONGEST_WORD) + 1):
        found |= beginnings.get(word[:length], 0)
    elided, apostrophe, rest = word.partition("'")
    elides = apostrophe and len(elided) <= _ELIDED and len(rest) <= _LONGEST_WORD
    return found | _word(rest, languages) if elides and rest else found


def plain(text: str) -> str:
    """Return the text in lower case with straight apostrophes, as phrases are written."""
    return text.lower().replace("’", "'")


def tokens(text: str) -> list[str]:
    """Return words (lower case), numbers as zeros, punctuation, and single East Asian characters."""
    return ["0" * min(len(t), 4) if t.isdecimal() else t for t in TOKEN.findall(plain(text))]


def find(text: str, language: str = "") -> int:
    """Return the set of cue classes (bits, see `names`) whose phrases occur in the text.

    Args:
        text: Any text.
        language: What the text is written in; its own phrases and the English ones are looked up.
            Unknown means all languages.
    """
    text = plain(text)
    languages = tuple(dict.fromkeys((language, "en"))) if language else LANGUAGES
    found = 0
    first = _first_words(languages)
    phrases, _, longest = _table(languages, east_asian=False)
    words = [t for t in TOKEN.findall(text) if t[0].isalpha() or t[0].isdecimal()]
    for place, word in enumerate(words):
        found |= _word(word, languages)
        if word in first:
            joined = word
            for following in words[place + 1 : place + longest]:
                joined += " " + following
                found |= phrases.get(joined, 0)
    if EAST_ASIAN.search(text):
        found |= _find_east_asian(text, languages)
    return found


def _find_east_asian(text: str, languages: tuple[str, ...]) -> int:
    phrases, _, longest = _table(languages, east_asian=True)
    found = 0
    for start in range(len(text)):
        for end in range(start + 1, min(start + longest, len(text)) + 1):
            found |= phrases.get(text[start:end], 0)
    return found


@cache
def _function_words() -> dict[str, tuple[str, ...]]:
    votes: dict[str, tuple[str, ...]] = {}
    for language in LANGUAGES:
        for word in (*_language_file(language)["function"], *_language_file(language)["letters"]):
            votes[word] = (*votes.get(word, ()), language)
    return votes


def guess_language(text: str) -> str:
    """Return the code of the language by its script or function words, "" when nothing shows it."""
    if len(EAST_ASIAN.findall(text)) * 4 > sum(map(str.isalpha, text)):
        if _KANA.search(text):
            return "ja"
        return "ko" if _HANGUL.search(text) else "zh"
    votes: dict[str, float] = {}
    words = _function_words()
    text = plain(text)
    for token in (*TOKEN.findall(text), *(set(text) - _PLAIN_LETTERS)):
        languages = words.get(token) or (words.get(token.split("'", 1)[0]) if "'" in token else None) or ()
        for language in languages:
            votes[language] = votes.get(language, 0.0) + 1 / len(languages)
    if not votes:
        return ""
    best = max(votes, key=lambda language: votes[language])
    return best if votes[best] > sum(votes.values()) * 0.3 else ""
