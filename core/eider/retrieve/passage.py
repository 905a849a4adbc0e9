"""The part of a long row that answers: where it stands, and how it reads in a prompt."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from eider.language import analysis
from eider.model.visible_text import visible_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eider.model.answers import Recollection

_SENTENCE: Final = re.compile(r"[^\n]*?(?:[.!?]+(?=\s|\Z)|[。！？]+|\n|\Z)\s*")
_ABBREVIATED: Final = re.compile(r"\b(?:[A-Z]\w{0,2}|\w|\w\.\w)\.\s*\Z")
"""An end that may be an abbreviation: "Dr.", "No.", "e.g."."""
_SHORTEST: Final = 15
"""Characters below which a passage says nothing."""
_EQUAL: Final = 1e-9
_READ: Final = 40_000
"""Characters of a text that are read."""
_CHARACTERS: Final = 5
"""Characters of a token, at most, from which the search for what fits begins."""
_LEAST_SHARE: Final = 4
"""A long row after the first gets this part of a budget at most, so that others are seen as well."""
_LEAST: Final = 50
"""Tokens without which no further passage is begun: half a sentence says nothing."""


def best_passage(text: str, worth: Mapping[int, float], most: int) -> tuple[int, int]:
    """Return where the passage stands that has most of what is asked for; the beginning where none has any.

    Args:
        text: Of any length; its first 40,000 characters are read.
        worth: Weight of each term of the question, by hash.
        most: Characters of a passage.

    Returns:
        Start and end in the text: whole sentences, or a part of one that is longer than a passage.

    >>> text = "We sailed. The sauna is heated on Fridays. It rained."
    >>> start, end = best_passage(text, dict.fromkeys(analysis.terms("sauna heated").tolist(), 1.0), 40)
    >>> text[start:end]
    'The sauna is heated on Fridays.'
    """
    pieces = _pieces(text[:_READ], most)
    held = [{t for t in analysis.terms(text[a:b], worth).tolist() if t in worth} for a, b in pieces]
    best, chosen = 0.0, (0, 0)
    for first, (start, _) in enumerate(pieces):
        found: set[int] = set()
        for last in range(first, len(pieces) if held[first] else first):
            if pieces[last][1] - start > most:
                break
            found |= held[last]
            value = sum(worth[t] for t in found)
            shorter = pieces[last][1] - start < pieces[chosen[1]][1] - pieces[chosen[0]][0]
            if value > best + _EQUAL or (value > best - _EQUAL and shorter):
                best, chosen = max(best, value), (first, last)
    start, end = pieces[chosen[0]][0], pieces[chosen[1]][1]
    return start, start + len(text[start:end].rstrip())


def _pieces(text: str, most: int) -> list[tuple[int, int]]:
    """Sentences of a text; one that is longer than a passage is cut between words."""
    pieces: list[tuple[int, int]] = []
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        if start == end:
            continue
        if pieces and _ABBREVIATED.search(text, pieces[-1][0], start) and end - pieces[-1][0] <= most:
            start = pieces.pop()[0]
        while end - start > most:
            cut = text.rfind(" ", start + most // 2, start + most) + 1 or start + most
            pieces.append((start, cut))
            start = cut
        pieces.append((start, end))
    return pieces or [(0, len(text))]


def cut_to_passage(found: Recollection, worth: Mapping[int, float], most: int) -> Recollection | None:
    """Return a result with the passage of its text that answers; None where its line is not made of its text.

    Args:
        found: A result with a text of more characters than `most`.
        worth: Weight of each term of the question, by hash.
        most: Characters of the passage.
    """
    whole = visible_text(found.text)
    if not whole or whole not in found.line:
        return None
    start, end = best_passage(found.text, worth, most)
    shown = f"{'[…] ' if start else ''}{visible_text(found.text[start:end])}{' […]' if end < len(found.text) else ''}"
    return replace(found, text=found.text[start:end], passage=(start, end), line=found.line.replace(whole, shown))


def fit_into(
    found: Sequence[Recollection], worth: Mapping[int, float], budget: int, count: Callable[[str], int]
) -> list[Recollection]:  # fmt: skip
    """Return the results that fit into a budget of tokens, long ones cut to the passage that answers.

    The best is never dropped for its length. What was cut and what did not fit is said in the notes.

    Args:
        found: Results, best first.
        worth: Weight of each term of the question, by hash.
        budget: Most tokens of all lines.
        count: Counts tokens.
    """
    kept: list[Recollection] = []
    left: list[str] = []
    for one in found:
        line, size = one, count(one.line)
        if size > budget:
            share = budget if not kept else min(budget, max(_LEAST, budget // _LEAST_SHARE))
            cut = fitting(one, worth, share, count) if budget >= _LEAST or not kept else None
            if cut is None or cut.passage is None:
                left.append(f"{one.id} ({size} tokens)")
                continue
            first, last = cut.passage
            note = f"cut to the passage that answers, characters {first} to {last}; the whole is {size} tokens"
            line, size = replace(cut, why=replace(one.why, notes=(*one.why.notes, note))), count(cut.line)
        kept.append(line)
        budget -= size
    if kept and left:
        note = f"did not fit into the budget: {', '.join(left)}"
        kept[-1] = replace(kept[-1], why=replace(kept[-1].why, notes=(*kept[-1].why.notes, note)))
    return kept


def fitting(
    one: Recollection, worth: Mapping[int, float], tokens: int, count: Callable[[str], int]
) -> Recollection | None:  # fmt: skip
    """Return a result cut to a passage whose line is of at most so many tokens; None where not even a short one fits.

    Args:
        one: The result.
        worth: Weight of each term of the question, by hash.
        tokens: Most of them.
        count: Counts tokens.
    """
    most = min(tokens * _CHARACTERS, len(one.text) - 1)
    while most >= _SHORTEST:
        cut = cut_to_passage(one, worth, most)
        if cut is None or count(cut.line) <= tokens:
            return cut
        most = most * 3 // 4
    return None
