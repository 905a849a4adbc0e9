"""Whether a prompt is the occasion on which a standing reminder is to come up."""

from __future__ import annotations

from typing import Final

import numpy as np

from eider.guide.gate import lexicon as lists
from eider.guide.gate.prompt_reading import content, read, tokens
from eider.guide.gate.signals import WordBook
from eider.language.lexicon import NUMBER_WORDS
from eider.understand.structure import Voice, read_structure

_SAME: Final = 0.8
"""Likeness from which a word of the occasion counts as said: other forms of it, and the nearest words."""
_SHARE: Final = 0.6
"""Share of the occasion's own words that the prompt says: both of two, two of three."""
_PART: Final = 5
"""Letters from which a word within another counts: "Abrechnung" in "Abrechnungscode", "billing" in "billing_test"."""
_READ: Final = 400
"""Words of a prompt that are looked at. A guess."""


def own_matter(prompt: str) -> str:
    """Return the words of a prompt that may bring a reminder up: not what is pasted, and none of a question for general knowledge.

    >>> own_matter("Fix the rounding in billing."), own_matter("what does billing mean?")
    ('Fix the rounding in billing.', '')
    """
    own = " ".join(prompt[one.start : one.end] for one in read_structure(prompt) if one.voice is not Voice.OTHER)
    reading = read(own, [])
    traits = reading.traits
    asked = reading.asks_fact and not any(traits[name] for name in ("we", "my", "i", "near", "this", "task"))
    return "" if traits["general"] or traits["indefinite"] or asked else own


def comes_up(occasion: str, matter: str, book: WordBook) -> bool:
    """Return whether a prompt says what an occasion is about: its things, whatever is done with them.

    Args:
        occasion: "we touch the billing code".
        matter: What `own_matter` leaves of the prompt.
        book: Words and their vectors.
    """
    said = [w for w in content([t.casefold() for t in tokens(matter)[:_READ]]) if w not in NUMBER_WORDS]
    named = [w for w in content([t.casefold() for t in tokens(occasion)]) if w not in lists.WE | lists.ME | lists.MY]
    own = [w for w in named if w not in lists.DEALING] or named
    if not own or not said:
        return False
    with book.lock:
        numbers = book.numbers([*own, *said])
        best = book.likeness(numbers[: len(own)], numbers[len(own) :]).max(axis=1)
    within = np.array([any(w in s or s in w for s in said if min(len(w), len(s)) >= _PART) for w in own], np.bool_)
    return float(np.mean((best >= _SAME) | within)) >= _SHARE
