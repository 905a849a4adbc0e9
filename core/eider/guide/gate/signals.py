"""What the gate looks at: whether a prompt is about someone's own world, and whether a line helps with it.

Everything is read from the prompt and a handful of candidate lines, so that a store of five memories is
judged like one of five thousand; nothing is a statistic over many rows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.guide.gate import lexicon as lists
from eider.guide.gate.prompt_reading import Line, Reading, Told, content, holds_answer, read, scope_words
from eider.language import analysis

Floats = NDArray[np.float32]

OF_PROMPT: Final = (
    "we", "my", "i", "near", "this", "may", "definite", "article", "general", "indefinite", "told", "held", "foreign_name",
)  # fmt: skip
"""Signals of a prompt's being about someone's own world, from `told` on with an eye to the line: it is an utterance and
the prompt asks of a time gone by; it holds all that the prompt speaks of; no line knows a name in it."""
OF_LINE: Final = (
    "exact", "place", "cosine", "margin", "margin_align", "margin_rest", "name_miss", "type_miss", "unit_miss", "gap",
    "guidance_task", "task_match", "may_rule",
)  # fmt: skip
"""Signals of a line's bearing on it."""
_READ: Final = OF_PROMPT[: OF_PROMPT.index("told")]
NAMES: Final = OF_PROMPT + OF_LINE
_AT: Final = {name: i for i, name in enumerate(NAMES)}
_ALIKE: Final = 0.6
"""Likeness from which a word of the prompt counts as found in a line: "retries" and "retry", seldom a synonym."""
_SAME: Final = 0.95
"""Likeness from which two words are one; stems that are equal have 1."""


class WordBook:
    """Single words with their vectors and stems, looked up once.

    Safe to share between threads that hold `lock` while they use numbers of words.
    """

    LIMIT: Final = 16_384
    """Words kept, 17 MB at width 256; then it starts over."""

    def __init__(self, embed: Callable[[Sequence[str]], Floats]) -> None:
        self.lock = threading.Lock()
        self._embed = embed
        self._number: dict[str, int] = {}
        self._vectors = np.zeros((0, 0), np.float32)
        self._stems = np.zeros(0, np.uint64)

    def numbers(self, words: Sequence[str]) -> NDArray[np.intp]:
        """Numbers of words, valid while the lock is held and until the next call."""
        new = [w for w in dict.fromkeys(words) if w not in self._number]
        if new and len(self._number) + len(new) > self.LIMIT:
            self._number.clear()
            new = list(dict.fromkeys(words))
        if new:
            self._learn(new)
        return np.fromiter((self._number[w] for w in words), np.intp, len(words))

    def _learn(self, new: list[str]) -> None:
        first, last = len(self._number), len(self._number) + len(new)
        vectors = self._embed(new)
        if last > len(self._stems):
            grown = np.zeros((2 * last, vectors.shape[1]), np.float32)
            stems = np.zeros(2 * last, np.uint64)
            if first:
                grown[:first], stems[:first] = self._vectors[:first], self._stems[:first]
            self._vectors, self._stems = grown, stems
        self._vectors[first:last] = vectors
        self._stems[first:last] = [(analysis.terms(w).tolist() or [analysis.fingerprint(w)])[0] for w in new]
        self._number.update(zip(new, range(first, last), strict=True))

    def vectors(self, numbers: NDArray[np.intp]) -> Floats:
        """Unit vectors of words, shape `(n, width)`."""
        return self._vectors[numbers]

    def likeness(self, left: NDArray[np.intp], right: NDArray[np.intp]) -> Floats:
        """Cosine of each word on the left with each on the right; 1 where the stems are equal."""
        alike = self._vectors[left] @ self._vectors[right].T
        alike[self._stems[left][:, None] == self._stems[right][None, :]] = 1
        return alike


def signals(prompt: str, lines: Sequence[Line], book: WordBook) -> tuple[Floats, Reading]:
    """Signals of each line, best first, shape `(len(lines), len(NAMES))`; and the prompt as read."""
    told = [Told.of(line) for line in lines]
    reading = read(prompt, told)
    x = np.zeros((len(lines), len(NAMES)), np.float32)
    for name in _READ:
        x[:, _AT[name]] = reading.traits[name]
    x[:, _AT["told"]] = [reading.traits["past"] * (not line.kind) for line in lines]
    with book.lock:
        _likeness(x, reading, told, book)
    for k, one in enumerate(told):
        _kind(x[k], k, reading, one)
    x[:, _AT["margin"]] = _above_others(x[:, _AT["cosine"]])
    return x, reading


def _likeness(x: Floats, reading: Reading, told: Sequence[Told], book: WordBook) -> None:
    """Word by word: how near each line comes to what the prompt speaks of."""
    asked = [*reading.content, reading.counted]
    own = [(content(t.lower) + scope_words(t.line.scope)) or [""] for t in told]
    flat = [w for words in own for w in words]
    starts = np.cumsum([0, *map(len, own[:-1])])
    numbers = book.numbers(asked + flat)
    q, f = numbers[: len(asked)], numbers[len(asked) :]
    best = np.maximum.reduceat(book.likeness(q, f), starts, axis=1).T
    unnamed = np.array([w not in reading.names for w in flat], np.float32)
    sums = np.add.reduceat(book.vectors(f) * unnamed[:, None], starts, axis=0)
    subject = book.vectors(q[:-1][[w not in reading.names for w in reading.content]]).sum(axis=0)
    lengths = np.sqrt(np.einsum("nd,nd->n", sums, sums)) * float(np.sqrt(subject @ subject))
    cosine = np.divide(sums @ subject, lengths, out=np.zeros(len(sums), np.float32), where=lengths > 0)
    x[:, _AT["margin_rest"]] = _above_others(cosine)
    if reading.counted:
        x[:, _AT["unit_miss"]] = np.maximum(0, 0.5 - best[:, -1]) * 2
    if reading.content:
        _words(x, best[:, :-1], reading)


def _words(x: Floats, best: Floats, reading: Reading) -> None:
    x[:, _AT["margin_align"]] = _above_others(best.mean(axis=1))
    x[:, _AT["task_match"]] = np.maximum(best.max(axis=1) - 0.3, 0)
    if best.shape[1] > 1:
        x[:, _AT["held"]] = best.min(axis=1) > _ALIKE
    if reading.asks_fact and best.shape[1] > 1:
        x[:, _AT["gap"]] = np.maximum(best.max(axis=1) - 0.4, 0) * np.maximum(0.7 - best.min(axis=1), 0) * 4
    named = np.array([w in reading.names for w in reading.content], np.bool_)
    if named.any():
        held = best[:, named] >= _SAME
        anywhere = held.any(axis=0)
        x[:, _AT["foreign_name"]] = (~anywhere).mean()
        x[:, _AT["name_miss"]] = (anywhere & ~held).mean(axis=1)


def _above_others(values: Floats) -> Floats:
    """Each value less the mean of the others; a lone one is compared with what unrelated texts have."""
    if len(values) < 2:  # noqa: PLR2004 (one has no rival)
        return values - np.float32(0.2)
    return values - (values.sum() - values) / (len(values) - 1)


def _kind(row: Floats, place: int, reading: Reading, told: Told) -> None:
    line = told.line
    row[_AT["exact"]] = line.exact
    row[_AT["place"]] = 1 / (1 + place)
    row[_AT["cosine"]] = line.cosine
    row[_AT["type_miss"]] = holds_answer(reading, told) is False
    guides = line.kind in lists.GUIDING
    row[_AT["guidance_task"]] = guides * reading.traits["task"]
    row[_AT["task_match"]] *= guides * reading.traits["task"]
    row[_AT["may_rule"]] = (guides or line.kind == "decision") * reading.traits["may"]
