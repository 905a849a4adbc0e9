"""Whether a sentence is already said by what the host gives its agent to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from eider.language.analysis import fingerprint, words
from eider.understand.pair_reading import read
from eider.understand.pairs import holds_all

_BEGINS: Final = 4
"""Letters by which words are compared before anything is read closely."""
_ALIKE: Final = 1 / 3
"""Share of a text's words that a sentence must begin alike to be read closely; rewordings share far more. A guess."""


def is_known(text: str, known: Collection[str]) -> bool:
    """Return whether one of the known sentences says all of it: case, punctuation and added words aside.

    >>> is_known("Use ISO dates.", ["- always use ISO dates!"]), is_known("Use ISO dates.", ["Never use ISO dates."])
    (True, False)
    """
    sentences = _indexed(tuple(known))
    if fingerprint(text) in sentences.marks:
        return True
    if not (near := sentences.near(text)):
        return False
    own, others = read(text), map(read, near)
    content = {word.stem for word in own.content}
    return bool(content) and any(
        content <= {word.stem for word in other.content} and holds_all(own, other) for other in others
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Indexed:
    """Known sentences by the beginnings of their words: hosts hold the same hundred lines against every memory."""

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
def _indexed(known: tuple[str, ...]) -> _Indexed:
    holding: dict[str, list[int]] = {}
    for place, sentence in enumerate(known):
        for begin in _beginnings(sentence):
            holding.setdefault(begin, []).append(place)
    return _Indexed(marks=frozenset(map(fingerprint, known)), sentences=known, holding=holding)


def _beginnings(text: str) -> set[str]:
    return {w[:_BEGINS] for w in words(text) if len(w) >= _BEGINS} or {*words(text)}
