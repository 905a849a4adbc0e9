"""The passages of a long output that bear on what a step is to do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.language import analysis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Embedder

LONGEST: Final = 600
"""Characters of a passage, about 150 tokens. A guess."""
_BREAK: Final = re.compile(r"\n\s*\n|\n|(?<=[.!?。！？])\s+")
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
    start = 0
    for found in (*_BREAK.finditer(text), None):
        end = len(text) if found is None else found.start()
        pieces += [Passage(text[at : min(at + longest, end)], at) for at in range(start, end, longest)]
        start = end if found is None else found.end()
    joined: list[Passage] = []
    for piece in pieces:
        if joined and piece.start + len(piece.text) - joined[-1].start <= longest:
            joined[-1] = Passage(text[joined[-1].start : piece.start + len(piece.text)], joined[-1].start)
        else:
            joined.append(piece)
    return [p for p in joined if p.text.strip()]


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
    asked = set(analysis.terms(query).tolist())
    terms = [set(analysis.terms(t).tolist()) & asked for t in texts]
    counts = {term: sum(term in t for t in terms) for term in asked}
    weight = {term: float(np.log1p((len(texts) - n + 0.5) / (n + 0.5))) if n else 0.0 for term, n in counts.items()}
    whole = sum(weight.values()) or 1.0
    words = np.array([sum(weight[term] for term in t) / whole for t in terms])
    if embedder is None or not texts:
        return words
    meaning = embedder.embed(list(texts), "document") @ embedder.embed([query], "query")[0]
    return (1 - _MEANING) * words + _MEANING * np.clip(meaning, 0.0, 1.0)


def chosen(sizes: Sequence[int], scores: Sequence[float], room: int) -> set[int]:
    """Return the places of the best passages that fit.

    Args:
        sizes: Tokens of each.
        scores: How much each bears on what is wanted; of equal ones the earlier comes first.
        room: Tokens there are.
    """
    taken: set[int] = set()
    for place in sorted(range(len(sizes)), key=lambda i: (-scores[i], i)):
        if sizes[place] <= room:
            taken.add(place)
            room -= sizes[place]
    return taken


def joined(pieces: Sequence[Passage], taken: set[int]) -> str:
    """Return these passages in their order, with a mark where something is left out."""
    parts: list[str] = []
    before = -1
    for place in sorted(taken):
        parts.append((GAP if place != before + 1 else "\n" if parts else "") + pieces[place].text)
        before = place
    if taken and before != len(pieces) - 1:
        parts.append(GAP.rstrip())
    return "".join(parts).strip()
