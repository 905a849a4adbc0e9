"""What a model has read that nobody vouches for: what it stores in those words is no more than what it read."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

_SENTENCE: Final = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_KEPT: Final = 2_000
"""Sentences that are kept, the latest ones. A guess."""
_FEWEST: Final = 2
"""Words from which on a sentence says something of its own."""
_SHARED: Final = 0.6
"""Share of the words of the one that the other holds, from which on it is said in the same words. A guess."""


class Taint:
    """Words of tools and documents that one conversation has met. Thread-safe."""

    def __init__(self, turn: Callable[[], bool] = lambda: False) -> None:
        """Start with nothing read.

        Args:
            turn: Whether anything of the kind was read since the user last spoke: then all that is stored rests on it.
        """
        self._turn = turn
        self._sentences: deque[frozenset[int]] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        """Note what a tool returned or a document says."""
        from eider.language.analysis import terms  # hosts that report nothing do not pay for it

        found = [frozenset(terms(part).tolist()) for part in _SENTENCE.split(text)[:_KEPT]]
        with self._lock:
            self._sentences.extend(one for one in found if len(one) >= _FEWEST)

    def reaches(self, text: str) -> bool:
        """Whether a text that a model wants to store rests on such words."""
        if self._turn():
            return True
        with self._lock:
            read = list(self._sentences)
        if not read:
            return False
        from eider.language.analysis import terms

        said = [one for part in _SENTENCE.split(text) if (one := frozenset(terms(part).tolist()))]
        return any(len(a & b) >= max(_FEWEST, _SHARED * min(len(a), len(b))) for a in said for b in read)
