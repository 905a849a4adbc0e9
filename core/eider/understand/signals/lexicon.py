"""One language's word classes, and the words of a text with the classes they belong to.

A text is read by one pass: each word, or the longest phrase that starts with it, brings its classes. Chinese is
read character by character through the same lists. What no list knows may still have a class by its ending.

The classes name what a word does in a sentence, so the rules need not know the language: persons (`I`, `WE`, `MY`,
`YOU`, `THEY`, `PERSON`), how often and how long (`ALWAYS`, `USUALLY`, `EACH`, `ONCE`), what is pointed at (`THIS`,
`THE`, `ORD`), mood (`MUST`, `HEDGE`, `HYPO`, `WHQ`, `STYLE` and `DO` for verbs that can open a command), and what the
verb says (`LIKE`, `DECIDE`, `THINK`, `PAST`, `LIFE`, `MOMENT`, `SAY` …).
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Final

LANGUAGES: Final = ("en", "de", "fr", "es", "zh")
_TOKEN: Final = re.compile(
    r"[\u3400-\u9fff\u3007]"  # one Chinese character
    r"|n['’]t\b|['’](?:m|re|ve|d|ll|s)\b"  # English contraction
    r"|(?:qu|[jlndtmscJLNDTMSC])['’](?=[^\W\d_])"  # French elision
    r"|[a-zA-Z]+?(?=n['’]t\b)"
    r"|[^\W_\u3400-\u9fff]+(?:[-.@/+][^\W_\u3400-\u9fff]+)*"
    r"|[,:;!?…，：；！？。、]|\.(?=\s|$)|[—–]|-(?=\s)"
)
_LONGEST: Final = 7
"""Words of the longest phrase in the lists, contractions counted apart; checked by a test."""
_AMBIGUOUS: Final = frozenset(("id", "its"))
"""Words that are contractions only before certain others: "id rather", "its called"."""
_NONE: Final[frozenset[str]] = frozenset()
_INSIDE: Final = frozenset(("IN",))
"""Class of the later words of a phrase."""


class Lexicon:
    """Word classes of one language, ready for looking up."""

    def __init__(self, code: str) -> None:
        data = import_module(f"eider.understand.signals.data.{code}")
        self.code = code
        self.spaced = code != "zh"
        self.starts = frozenset(tokens_of(p)[0] for p in data.STARTS.split())
        self.splits = frozenset(data.SPLITS.split())
        self._joined: dict[str, str] = getattr(data, "JOINED", {})
        self._joined_before: frozenset[str] = frozenset(getattr(data, "JOINED_BEFORE", "").split())
        self._endings: tuple[tuple[str, str], ...] = data.ENDINGS
        phrases: dict[tuple[str, ...], set[str]] = {}
        for name, members in data.WORDS.items():
            for member in members.split():
                phrases.setdefault(tokens_of(member), set()).add(name)
        self._single = {key[0]: frozenset(names) for key, names in phrases.items() if len(key) == 1}
        self._phrases: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] = {}
        for key, names in sorted(phrases.items(), key=lambda item: -len(item[0])):
            if len(key) > 1:
                self._phrases.setdefault(key[0], []).append((key, frozenset(names)))

    def tokens(self, text: str) -> list[tuple[str, int, int]]:
        """Words and marks as `tokens` finds them, with contractions typed without an apostrophe taken apart."""
        found = tokens(text)
        if self._joined.keys().isdisjoint(word for word, _, _ in found):
            return found
        out: list[tuple[str, int, int]] = []
        for place, (word, start, end) in enumerate(found):
            first, _, rest = self._joined.get(word, "").partition(" ")
            after = found[place + 1][0] if place + 1 < len(found) else ""
            opens = word == "its" and (not place or not found[place - 1][0][0].isalnum())
            if not rest or (word in _AMBIGUOUS and not opens and after not in self._joined_before):
                out.append((word, start, end))
            else:
                out += ((first, start, start + len(first)), (rest, start + len(first), end))
        return out

    def knows(self, found: list[str]) -> int:
        """How many of these words its lists hold."""
        return sum(map(self._single.__contains__, found))

    def classes(self, words: list[str]) -> list[frozenset[str]]:
        """For each word its classes; a phrase's classes join those of its first word (in Chinese, and for fillers, replace them), the others of it have `IN`."""
        out = [_NONE] * len(words)
        at = 0
        single, phrases = self._single, self._phrases
        while at < len(words):
            word = words[at]
            size = 1
            for key, names in phrases.get(word, ()):
                if len(key) <= len(words) - at and tuple(words[at : at + len(key)]) == key:
                    alone = single.get(word, _NONE) if self.spaced and "FILLER" not in names else _NONE
                    size = len(key)
                    out[at : at + size] = [names | alone, *[_INSIDE] * (size - 1)]
                    break
            else:
                known = single.get(word)
                out[at] = self._by_ending(word) if known is None else known
            at += size
        return out

    def _by_ending(self, word: str) -> frozenset[str]:
        for ending, name in self._endings:
            if word.endswith(ending) and len(word) > len(ending) + 1:
                return frozenset((name,))
        return _NONE


def tokens_of(phrase: str) -> tuple[str, ...]:
    """The words of a phrase whose parts are joined by `_`.

    >>> tokens_of("do_n't"), tokens_of("i'm_good")
    (('do', "n't"), ('i', "'m", 'good'))
    """
    if phrase.endswith("'"):
        return (phrase,)
    return tuple(word for word, _, _ in tokens(phrase.replace("'_", "'").replace("_", " ")))


def tokens(text: str) -> list[tuple[str, int, int]]:
    """Words and marks in order: lower case, straight apostrophes, and where each stands."""
    return [(m.group().lower().replace("’", "'"), m.start(), m.end()) for m in _TOKEN.finditer(text)]


_WORD: Final = re.compile(
    r"[\u3400-\u9fff]|\b(?:qu|[jlndtmsc])'(?=[^\W\d_])|[^\W_\u3400-\u9fff]+(?:[-.@/+][^\W_\u3400-\u9fff]+)*"
)


def vocabulary(text: str) -> list[str]:
    """The words of a text in lower case, cheaply: without places and without marks."""
    return _WORD.findall(text.lower().replace("’", "'"))


@lru_cache(maxsize=len(LANGUAGES))
def lexicon(code: str) -> Lexicon:
    """The word classes of a language; English for one that is not known."""
    return Lexicon(code if code in LANGUAGES else "en")


_FUNCTION_WORDS: Final[dict[str, frozenset[str]]] = {
    "en": frozenset(
        "the a an is are i you we it to of and in for that this my our not with on be do n't don't please always never no yes"
        " me all but so if can should would was were they he she by at as or when before anything keep one"
        " have what use from your im dont its ive pls thats isnt cant doesnt".split()
    ),
    "de": frozenset(
        "der die das ein eine einen ich du wir ist sind nicht und zu mit für mein meine unser unsere bitte immer nie niemals kein"
        " keine auf den dem mir mich sie es im wenn danke ja nein ab jede jeder jedes hat haben dass von bei".split()
    ),
    "fr": frozenset(
        "le la les un une des je nous vous tu est sont ne pas et à de du en pour mon ma mes notre nos toujours jamais dans sur"
        " que qui j' l' n' d' c' qu' s' m' t' merci oui non on chaque avec il elle ce cette".split()
    ),
    "es": frozenset(
        "el la los las un una yo tú es son no y a de del en con cuando nos des para mi mis nuestro nuestra nuestros siempre nunca por favor que con"
        " se me lo al gracias sí cada hay ya está muy más como este esta o".split()
    ),
}
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_SPANISH: Final = re.compile(r"[¿¡ñáíóú]|ción\b")
_GERMAN: Final = re.compile(r"[äöüß]")
_FRENCH: Final = re.compile(r"[çœêèàùâîô]")
_PLAIN: Final = 2
"""Function words that settle the language; with fewer, the word lists are asked as well."""
_SAMPLE: Final = 2_000
"""Characters from which a language is guessed."""


def guess(text: str) -> str:
    """The language a text is likely written in, by script, letters and the commonest words; English in doubt.

    >>> guess("Wir nutzen Postgres, nicht MySQL."), guess("我们用 Postgres"), guess("ok")
    ('de', 'zh', 'en')
    """
    sample = text[:_SAMPLE]
    if not sample.isascii() and len(_HAN.findall(sample)) * 6 > len(sample):
        return "zh"
    words = vocabulary(sample)
    score = {code: 1.0 * sum(map(known.__contains__, words)) for code, known in _FUNCTION_WORDS.items()}
    if not sample.isascii():
        lowered = sample.lower()
        score["es"] += 1.5 * bool(_SPANISH.search(lowered))
        score["de"] += 1.5 * bool(_GERMAN.search(lowered))
        score["fr"] += 1.5 * bool(_FRENCH.search(lowered)) + 0.5 * ("é" in lowered)
    first, second = sorted(score.values())[:-3:-1]
    if first < _PLAIN or first - second < 1:
        for code in score:
            score[code] += 0.6 * lexicon(code).knows(words)
    score["en"] += 0.5  # in doubt
    best = max(score, key=lambda code: score[code])
    return best if score[best] else "en"
