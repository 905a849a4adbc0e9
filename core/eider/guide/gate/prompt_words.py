"""Words and letters of a prompt as places of a table of weights, so that what prompts sound like can be learned."""

from __future__ import annotations

from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from eider.guide.gate.prompt_reading import tokens

PLACES: Final = 1 << 14
"""Size of the table; 16 kB of small whole numbers."""
_WORDS, _CHARACTERS = 80, 300
"""How much of a prompt's beginning is read; what follows is mostly pasted."""
_RUN: Final = 4
"""Characters of a run."""


def entries(prompt: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the places of a prompt's words, pairs of words, beginnings and runs of characters, and what each counts.

    >>> places, values = entries("Where do we keep the keys?")
    >>> len(places) == len(values), bool((values > 0).all())
    (True, True)
    """
    words = ["0" * min(len(w), 3) if w.isdecimal() else w.casefold() for w in tokens(prompt[: 20 * _WORDS])[:_WORDS]]
    framed = ["^", *words, "$"]
    said = {f"w:{w}" for w in words} | {f"p:{a} {b}" for a, b in pairwise(framed)}
    said |= {f"2:{' '.join(words[:2])}", f"3:{' '.join(words[:3])}"}
    if any(mark in prompt for mark in "?？"):
        said.add("?")
    text = " ".join(prompt[: 2 * _CHARACTERS].casefold().split())[:_CHARACTERS]
    runs = {f"c:{text[i : i + _RUN]}" for i in range(len(text) - _RUN + 1)}
    groups = [
        np.array(sorted({crc32(name.encode("utf-8", "surrogatepass")) % PLACES for name in names}), np.intp)
        for names in (said, runs)
    ]
    values = [np.full(len(group), 2.0 / max(1, len(group)) ** 0.5, np.float32) for group in groups]
    return np.concatenate(groups), np.concatenate(values)
