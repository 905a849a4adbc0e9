"""Whether a sentence is already said by what the host gives its agent to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from eider.language.analysis import fingerprint, words
from eider.understand.statements import Statement, read
from eider.understand.statements.terms import TYPED

_BEGINS: Final = 4
"""Letters by which words are compared before anything is read closely."""
_ALIKE: Final = 1 / 3
"""Share of a text's words that a sentence must begin alike to be read closely; rewordings share far more. A guess."""
_NEAR: Final = 0.8
"""Share of all content words of both from which one is a rewording of the other. A guess."""


def is_known(text: str, known: Collection[str]) -> bool:
    """Whether one of the known sentences says it: the same but for case, punctuation and small rewording.

    >>> is_known("Use ISO dates.", ["- always use ISO dates!"]), is_known("Use ISO dates.", ["Never use ISO dates."])
    (True, False)
    """
    shelf = _shelf(tuple(known))
    if fingerprint(text) in shelf.marks:
        return True
    near = shelf.near(text)
    return bool(near) and any(_rewords(read(text), read(each)) for each in near)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """Known sentences in the order of their words: hosts hold the same hundred lines against every memory."""

    marks: frozenset[int]
    sentences: tuple[str, ...]
    holding: Mapping[str, Sequence[int]]
    """Beginning of a word → the sentences that have it."""

    def near(self, text: str) -> list[str]:
        """Those that may say the same, as their words begin."""
        own = _beginnings(text)
        shared = Counter(place for begin in own for place in self.holding.get(begin, ()))
        return [self.sentences[place] for place, count in shared.items() if count >= len(own) * _ALIKE]


@lru_cache(maxsize=16)
def _shelf(known: tuple[str, ...]) -> _Shelf:
    holding: dict[str, list[int]] = {}
    for place, sentence in enumerate(known):
        for begin in _beginnings(sentence):
            holding.setdefault(begin, []).append(place)
    return _Shelf(marks=frozenset(map(fingerprint, known)), sentences=known, holding=holding)


def _beginnings(text: str) -> set[str]:
    said = set(words(text))
    return {word[:_BEGINS] for word in said if len(word) >= _BEGINS} or said


def _rewords(said: Statement, known: Statement) -> bool:
    mine, theirs = said.words, known.words
    if not mine or said.negated != known.negated or said.ended != known.ended or said.person != known.person:
        return False
    if known.scope and said.scope != known.scope:
        return False
    shared = mine.keys() & theirs.keys()
    apart = [term for form, term in (mine | theirs).items() if form not in shared]
    if any(term.kind in TYPED | {"name", "code"} and term.canon in mine for term in apart):
        return False
    return mine.keys() <= theirs.keys() or len(shared) / len(mine | theirs) >= _NEAR
