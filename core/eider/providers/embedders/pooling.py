"""From words to one vector per text: a sum of word vectors, scaled to length 1."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from eider.model.errors import InputError
from eider.providers.embedders.tokenize import distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from eider.model.protocols import Role

REMEMBERED: Final = 16_384
"""Word vectors kept for reuse: 17 MB at width 256. A year of one person's talk uses about 10,000 words."""

_AT_ONCE: Final = 2_048
"""Words of one text that are summed in one step: bounds the memory a long text takes to 2 MB."""


class WordVectors:
    """Looks a word's vector up, or makes it once.

    Safe to share between threads without a lock: a vector depends on its word alone, so two threads
    that make the same one at the same time write equal values, and dictionary writes are atomic.
    """

    __slots__ = ("_known", "_make", "width")

    def __init__(self, make: Callable[[str], NDArray[np.float32]], width: int) -> None:
        self._make = make
        self.width = width
        self._known: dict[str, NDArray[np.float32]] = {}

    def of(self, word: str) -> NDArray[np.float32]:
        """The vector of one word, shape `(width,)`; not to be written to."""
        vector = self._known.get(word)
        if vector is None:
            vector = self._make(word)
            if len(self._known) >= REMEMBERED:
                self._known = {}  # starting over costs a few ms and needs no order of use
            self._known[word] = vector
        return vector

    def pool(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sum of the distinct words' vectors per text, scaled to length 1; zero where no word is known.

        Args:
            texts: Any number of texts; each row depends on its own text only.

        Returns:
            Shape `(len(texts), width)`.

        Raises:
            InputError: A bare string was given, or something in the list is no string.
        """
        rows = np.zeros((len(texts), self.width), np.float32)
        for row, text in enumerate(_checked(texts)):
            remaining = iter(distinct(text))
            while some := list(islice(remaining, _AT_ONCE)):
                known = self._known
                look_up = self.of if any(word not in known for word in some) else known.__getitem__
                rows[row] += np.add.reduce(np.concatenate([*map(look_up, some)]).reshape(-1, self.width), axis=0)
        length = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
        return np.divide(rows, length, out=rows, where=length > 0)


class WordSumEmbedder:
    """An embedder whose vector of a text is the sum of its words' vectors."""

    _words: WordVectors

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:  # noqa: ARG002 (questions and statements share one space)
        """Embed `n` texts; see `eider.model.protocols.Embedder`.

        Only the first `eider.providers.embedders.tokenize.MAX_CHARACTERS` of a text count. A text without a word
        gives a zero row.

        Returns:
            Shape `(n, width)`; every row has length 1 within 1e-3, or is zero.

        Raises:
            InputError: A bare string was given, or something in the list is no string.
        """
        return self._words.pool(texts)


def _checked(texts: Sequence[str]) -> Iterator[str]:
    if isinstance(texts, str):
        msg = f"embed() wants a list of texts, not the single text {texts[:40]!r}; write embed([text], role)."
        raise InputError(msg)
    for text in texts:
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] (callers may be untyped)
            msg = f"embed() wants texts, not {text!r}; convert it with str() first."
            raise InputError(msg)
        yield text
