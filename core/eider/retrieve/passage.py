"""The part of a long line that answers, where there is no room for the whole."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from eider.language import analysis
from eider.model.visible_text import visible_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from eider.model.answers import Recollection

_SENTENCE: Final = re.compile(r"(?<=[.!?\n。！？])\s*")
_READ: Final = 20_000
_NOTE: Final = "cut to the passage that answers; the whole is {} tokens"


def cut_to_fit(found: Recollection, question: str, budget: int, count: Callable[[str], int]) -> Recollection | None:
    """Return a result cut to the sentences that share most with a question; None where not even one fits.

    Args:
        found: A result whose line is larger than the budget.
        question: What was asked.
        budget: Most tokens of its line.
        count: Counts tokens.
    """
    sentences = [s for s in _SENTENCE.split(found.text[:_READ]) if s.strip()]
    asked = set(analysis.terms(question).tolist())
    shared = [len(asked.intersection(analysis.terms(s).tolist())) for s in sentences]
    if not sentences or not max(shared):
        return None
    first = last = shared.index(max(shared))
    passage = ""
    while last < len(sentences):
        longer = f"{'[…] ' if first else ''}{' '.join(s.strip() for s in sentences[first : last + 1])} […]"
        if count(_line(found, longer)) > budget:
            break
        passage, last = longer, last + 1
    if not passage:
        return None
    note = _NOTE.format(count(found.line))
    why = replace(found.why, notes=(*found.why.notes, note))
    return replace(found, text=passage, line=_line(found, passage), why=why)


def _line(found: Recollection, passage: str) -> str:
    """Its line with the passage in the place of the text."""
    return found.line.replace(visible_text(found.text), visible_text(passage))
