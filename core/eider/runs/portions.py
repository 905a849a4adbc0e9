"""The passages of a long output that bear on what a step is to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.language import analysis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Embedder, TokenCounter

LONGEST: Final = 600
"""Characters of a passage, about 150 tokens. A guess."""
GAP: Final = " […] "
_MEANING: Final = 0.5
"""Weight of likeness against shared words. A guess."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text."""

    text: str
    start: int
    """Where it begins, in characters."""


def passages(text: str, longest: int = LONGEST) -> list[Passage]:
    """Cut a text into passages at paragraphs, lines and sentences; a run without any is cut where it is full.

    Together they are the whole text, less the white space between them.
    """
    pieces: list[Passage] = []
    full = _full(longest)
    start = 0
    while start < len(text):
        if len(text) - start <= longest:
            end = after = len(text)
        elif found := full.match(text, start):
            end, after = found.end("kept"), found.end()
        else:
            end = after = start + longest
        if not text[start:end].isspace() and end > start:
            pieces.append(Passage(text[start:end], start))
        start = after
    return pieces


@lru_cache(maxsize=64)
def _full(longest: int) -> re.Pattern[str]:
    """As much of a text as a passage takes, up to its last break; without what is white at the break."""
    return re.compile(rf"(?s:(?P<kept>.{{0,{longest}}}))(?:\n\s*|(?<=[.!?。！？])\s+)")


@dataclass(slots=True)
class Portions:
    """A text cut into passages, with what ranking needs of each: made once for a text, sizes when they are asked for."""

    pieces: list[Passage]
    meaning: NDArray[np.float32] | None
    """Shape `(n, width)`; None without an embedder."""
    _sizes: dict[int, int] = field(default_factory=dict[int, int])
    _terms: dict[str, list[set[int | None]]] = field(default_factory=dict[str, list[set[int | None]]])

    @classmethod
    def of(cls, text: str, embedder: Embedder | None) -> Portions:
        """Cut a text and read its passages."""
        pieces = passages(text)
        return cls(pieces, None if embedder is None else embedder.embed([p.text for p in pieces], "document"))

    def terms(self, language: str) -> list[set[int | None]]:
        """Return the terms of each passage, read in the language of whoever asks."""
        if language not in self._terms:
            self._terms[language] = [analysis.distinct_terms(p.text, language) for p in self.pieces]
        return self._terms[language]

    def size(self, place: int, counter: TokenCounter) -> int:
        """Return the tokens of a passage."""
        if place not in self._sizes:
            self._sizes[place] = counter.count(self.pieces[place].text)
        return self._sizes[place]


def readable(value: Any) -> str:
    """Return an output as a text that can be cut: lists and objects get a line for each entry."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "\n".join(
            f"{name}: {v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)}" for name, v in value.items()
        )
    if isinstance(value, Sequence):
        return "\n".join(v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in value)
    return json.dumps(value, ensure_ascii=False)


def relevance(query: str, texts: Sequence[str], embedder: Embedder | None) -> NDArray[np.float64]:
    """Return how much each text bears on a query.

    Args:
        query: What is wanted.
        texts: `n` passages.
        embedder: Adds likeness of meaning to shared words; None: words alone.

    Returns:
        Shape `(n,)`, each in [0, 1].
    """
    language = analysis.language(analysis.words(query))
    terms = [analysis.distinct_terms(t, language) for t in texts]
    vectors = None if embedder is None or not texts else embedder.embed(list(texts), "document")
    return score_passages(query, terms, vectors, embedder)


def score_passages(
    query: str, terms: Sequence[AbstractSet[int | None]], vectors: NDArray[np.float32] | None, embedder: Embedder | None
) -> NDArray[np.float64]:
    """Return how much passages bear on a query, by their terms and vectors; shape `(n,)`, each in [0, 1]."""
    asked = frozenset(analysis.terms(query).tolist())
    shared = [one & asked for one in terms]
    counts = {term: sum(term in one for one in shared) for term in asked}
    weight = {term: float(np.log1p((len(terms) - n + 0.5) / (n + 0.5))) if n else 0.0 for term, n in counts.items()}
    whole = sum(weight.values()) or 1.0
    by_words = np.array([sum(weight[term] for term in one) / whole for one in shared])
    if embedder is None or vectors is None:
        return by_words
    meaning = vectors @ embedder.embed([query], "query")[0]
    return (1 - _MEANING) * by_words + _MEANING * np.clip(meaning, 0.0, 1.0)


def chosen(guesses: Sequence[float], size: Callable[[int], int], scores: Sequence[float], room: int) -> dict[int, int]:
    """Return the best passages that fit: place → tokens. Only those are counted that may.

    Args:
        guesses: Tokens of each, as far as can be said without counting.
        size: Counts the tokens of one.
        scores: How much each bears on what is wanted; of equal ones the earlier comes first.
        room: Tokens there are.
    """
    taken: dict[int, int] = {}
    for place in sorted(range(len(guesses)), key=lambda i: (-scores[i], i)):
        if guesses[place] <= room and (tokens := size(place)) <= room:
            taken[place] = tokens
            room -= tokens
    return taken


def join_passages(pieces: Sequence[Passage], taken: Collection[int]) -> str:
    """Return these passages in their order, with a mark where something is left out."""
    parts: list[str] = []
    before = -1
    for place in sorted(taken):
        parts.append((GAP if place != before + 1 else "\n" if parts else "") + pieces[place].text)
        before = place
    if taken and before != len(pieces) - 1:
        parts.append(GAP.rstrip())
    return "".join(parts).strip()
