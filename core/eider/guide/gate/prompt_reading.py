"""A prompt, read for the gate: is it about someone's own world, and what kind of answer does it want?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from eider.guide.gate import lexicon as lists
from eider.language import analysis
from eider.language.lexicon import NUMBER_WORDS, TIME_WORDS
from eider.model.project_scope import without_digest

_HAN_RANGE: Final = "\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{_HAN_RANGE}]|[^\W_{_HAN_RANGE}]+(?:['’][^\W_{_HAN_RANGE}]+)*")
_APOSTROPHE: Final = re.compile("['’]")
_HAN: Final = re.compile(f"[{_HAN_RANGE}]")
_DIGIT: Final = re.compile(r"\d|[一二三四五六七八九十百千两]")
_COMMAND: Final = 9
"""Most words of a command about what lies on the screen; longer ones bring a subject of their own. A guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One candidate for injection, as far as the gate looks at it."""

    text: str
    kind: str = ""
    """Kind of the memory; empty for an episode."""
    scope: str = "global"
    coverage: float = 0.0
    """Share of the prompt's weight that its words cover, in [0, 1]."""
    cosine: float = 0.0
    """Likeness of meaning, in [-1, 1]."""
    exact: bool = False
    """The prompt quotes it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line cut into words once."""

    line: Line
    words: list[str]
    """As written."""
    lower: list[str]
    german: bool
    """Where every noun has a capital, capitals name nobody."""

    @classmethod
    def of(cls, line: Line) -> Told:
        """Cut a line into words."""
        words = tokens(line.text)
        lower = [w.casefold() for w in words]
        return cls(line, words, lower, analysis.language(lower) == "de")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a prompt says about itself, whatever is stored."""

    content: tuple[str, ...]
    """Words that carry a subject, lower case, each once."""
    names: frozenset[str]
    """Those of them that are names, by their spelling or because the lines use them as such."""
    wants: str
    """Kind of answer asked for, a key of `ANSWERS`; empty if open."""
    counted: str
    """What is to be counted: "rows" in "how many rows"; else empty."""
    asks_fact: bool
    """Whether it asks for a fact: what, which, who, how many."""
    traits: dict[str, float]
    """Signs of its being about someone's own world, or about the world at large; each in [0, 1]."""
    empty: str
    """Why nothing could help with it, in words; empty if something could."""


def read(prompt: str, lines: Sequence[Told]) -> Reading:
    """Read a prompt; the lines only tell which words are names here."""
    words = tokens(prompt)
    lower = [w.casefold() for w in words]
    tongue = analysis.language(lower)
    german = tongue == "de"
    carried = [w for w in content(lower) if w not in _POINTING]
    known = names_in(lines)
    asks = bool(lists.ASKS.search(prompt))
    return Reading(
        content=tuple(carried),
        names=frozenset(w for w in carried if w in known or (not german and w in _spelt_as_names(words))),
        wants=next((name for name, pattern in lists.ASKED if pattern.search(prompt)), "") if asks else "",
        counted=_counted(prompt),
        asks_fact=bool(lists.FACT.search(prompt)),
        traits=_traits(prompt, lower, tongue),
        empty=_empty(lower, carried, prompt),
    )


def _spelt_as_names(words: Sequence[str]) -> set[str]:
    """Words with a capital inside the sentence; no acronyms, days or months, and nobody with a title."""
    found: set[str] = set()
    for before, word in pairwise(words):
        lower = word.casefold()
        if word[0].isupper() and len(word) > 1 and not word.isupper() and before.casefold() not in lists.TITLES:
            found.add(lower)
    return found - TIME_WORDS - lists.TITLES


_POINTING: Final = lists.WE | lists.MY | lists.ME | lists.NEAR | lists.THIS | lists.MAY | lists.TITLES


def tokens(text: str) -> list[str]:
    """Words as written, cut at apostrophes and hyphens; a Han character is a word.

    >>> tokens("Ada's re-run 重试")
    ['Ada', 's', 're', 'run', '重', '试']
    """
    found: list[str] = _WORD.findall(text)
    if "'" not in text and "’" not in text:
        return found
    return [part for word in found for part in _APOSTROPHE.split(word)]


def content(lower: Sequence[str]) -> list[str]:
    """Words that carry a subject, each once.

    >>> content(["what", "is", "the", "retry", "cap"])
    ['retry', 'cap']
    """
    carried = [w for w in dict.fromkeys(lower) if w not in lists.NO_SUBJECT]
    return [w for w in carried if len(w) > 1 or w.isdigit() or _HAN.match(w)]


def names_in(lines: Sequence[Told]) -> set[str]:
    """Names that lines use, lower case: labels of scopes, and words with a capital inside a sentence."""
    found: set[str] = set()
    for told in lines:
        found.update(scope_words(told.line.scope))
        if not told.german:
            found.update(w.casefold() for w in told.words[1:] if w[0].isupper() and len(w) > 1)
    return found - lists.STOPS


def scope_words(scope: str) -> list[str]:
    """Words of a scope's label.

    >>> scope_words("project:moss-guide")
    ['moss-guide', 'moss', 'guide']
    """
    if ":" not in scope:
        return []
    label = without_digest(scope).split(":", 1)[1].casefold()
    parts = [w for w in re.split(r"[-_./ ]", label) if w not in lists.HOSTS]
    return list(dict.fromkeys([label, *parts]))


def _traits(prompt: str, lower: Sequence[str], tongue: str) -> dict[str, float]:
    unique = set(lower)
    han = bool(_HAN.search(prompt))

    def said(pattern: re.Pattern[str]) -> int:
        return len(pattern.findall(prompt)) if han else 0

    own = lists.HOW_DO_I.sub(" ", prompt)
    together = unique & lists.WE or (tongue == "fr" and "on" in unique) or said(lists.HAN_WE)
    return {
        "we": float(bool(together or lists.OUR_VERB.search(prompt) or lists.OUR_TALK.search(prompt))),
        "my": float(bool(unique & lists.MY or "我的" in prompt)),
        "i": float(bool({w.casefold() for w in tokens(own)} & lists.ME or said(lists.HAN_I))),
        "near": min(2, len(unique & lists.NEAR) + len(lists.NEAR_SAID.findall(prompt)) + said(lists.HAN_NEAR)) / 2,
        "this": float(bool(unique & lists.THIS or said(lists.HAN_THIS))),
        "may": float(
            any(w in lists.MAY and after not in lists.NOT_YOU for w, after in pairwise(lower[:3]))
            or bool(lists.MAY_I.search(prompt))
        ),
        "general": min(
            2, len(unique & lists.GENERAL) + bool(lists.GENERAL_SAID.search(prompt)) + said(lists.HAN_GENERAL)
        )
        / 2,
        "indefinite": float(bool(lists.INDEFINITE.search(prompt))),
        "definite": min(2, len(lists.DEFINITE.findall(prompt))) / 2,
        "article": min(2, len(lists.ARTICLE[tongue].findall(prompt)) if tongue in lists.ARTICLE else 0) / 2,
        "past": float(bool((lists.PAST_DE if tongue == "de" else lists.PAST).search(prompt))),
        "task": float(bool(set(lower[:3]) & lists.TASK or said(lists.HAN_TASK))),
    }


def _counted(prompt: str) -> str:
    found = lists.COUNTED.search(prompt)
    return next((g for g in found.groups() if g), "").casefold() if found else ""


def _empty(lower: Sequence[str], carried: Sequence[str], prompt: str) -> str:
    spoken = [w for w in lower if w not in lists.STOPS]
    if _HAN.search(prompt):
        left = lists.HAN_CHAT.sub("", "".join(_HAN.findall(prompt)))
        if not left and not any(not _HAN.match(w) for w in lower):
            return "small talk"
    elif all(w in lists.CHAT for w in spoken):
        return "small talk" if spoken or not carried else ""
    command = bool(lower) and lower[0] in lists.EDIT and len(lower) <= _COMMAND
    if command and all(w in lists.EDIT or w.isdigit() for w in spoken):
        return "a command about what is at hand"
    return "" if carried or set(lower) & _POINTING else "no word that carries a subject"


def holds_answer(reading: Reading, told: Told) -> bool | None:  # noqa: PLR0911 (one for each kind of answer)
    """Whether a line holds the kind of answer asked for; None where that cannot be told.

    >>> dated, undated = (Told.of(Line(text=t)) for t in ("The release is on 4 May.", "Releases need a sign-off."))
    >>> when = read("When do we ship?", [])
    >>> holds_answer(when, dated), holds_answer(when, undated)
    (True, False)
    """
    wants, text = reading.wants, told.line.text
    if not wants:
        return None
    if wants in lists.ANSWERS:
        return bool(lists.ANSWERS[wants].search(text))
    if wants == "who" and reading.names and reading.names.issuperset(reading.content):
        return reading.names.issubset(told.lower)  # "who is Liv?" is answered by what is said of Liv
    if wants == "when":
        timed = _DIGIT.search(text) or lists.ANSWERS["span"].search(text) or lists.ANSWERS["often"].search(text)
        return bool(timed or not TIME_WORDS.isdisjoint(told.lower))
    if wants == "number":
        return bool(_DIGIT.search(text) or not NUMBER_WORDS.isdisjoint(told.lower))
    if told.german or _HAN.search(text):
        return None
    return _names_someone(told.words, reading, first=wants == "who") or (wants == "named" and bool(_DIGIT.search(text)))


def _names_someone(words: Sequence[str], reading: Reading, *, first: bool) -> bool:
    """Whether a line holds a name that the prompt does not; an owner ("Ada's") is none that answers."""
    asked = set(reading.content)
    for i, word in enumerate(words):
        lower, after = word.casefold(), words[i + 1] if i + 1 < len(words) else ""
        if not word[0].isupper() or after == "s" or lower in asked or lower in lists.STOPS or lower in TIME_WORDS:
            continue
        if i or (first and lists.SINGULAR.match(after)):
            return True
    return False
