"""BM25 over whole words in lower case: what anybody has without Eider."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WORD: Final = re.compile(r"\w+")
K1: Final = 1.2
B: Final = 0.75


class PlainBM25:
    """Ranks texts for a question; k1 1.2, b .75, no stems and no stop words."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(_WORD.findall(text.lower())) for text in texts]
        length = np.array([sum(c.values()) for c in counts], float)
        self._norm = K1 * (1 - B + B * length / max(float(length.mean()), 1e-6))
        self._held: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for place, count in enumerate(counts):
            for word, times in count.items():
                self._held[word][0].append(place)
                self._held[word][1].append(times)

    def best(self, question: str, visible: NDArray[np.bool_], count: int = 10) -> list[int]:
        """Places of the best texts, best first; only those that share a word with the question.

        Args:
            question: What is asked.
            visible: Which texts may be found.
            count: Most of them.
        """
        scores = np.zeros(len(self._norm))
        for word in set(_WORD.findall(question.lower())) & self._held.keys():
            rows, times = (np.array(values) for values in self._held[word])
            idf = math.log(1 + (len(self._norm) - len(rows) + 0.5) / (len(rows) + 0.5))
            scores[rows] += idf * times * (K1 + 1) / (times + self._norm[rows])
        order = np.argsort(-scores * visible, kind="stable")[:count]
        return [int(i) for i in order if scores[i] > 0 and visible[i]]
