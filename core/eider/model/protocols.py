"""What an embedder, a reranker and a token counter promise; each has contract tests in `eider.testing`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Role = Literal["document", "query"]


class Embedder(Protocol):
    """Turns texts into vectors whose inner product means likeness."""

    @property
    def fingerprint(self) -> str:
        """Names provider, model, width and all else that moves a vector: alike means the same vectors within 1e-3."""
        ...

    @property
    def width(self) -> int:
        """Length of a vector."""
        ...

    @property
    def degraded(self) -> str | None:
        """What it does without, and the fix; None when whole."""
        ...

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Embed `n` texts in one call.

        Returns:
            Shape `(n, width)`; every row has length 1 within 1e-3, or is zero where nothing is known of the text.

        Raises:
            ProviderError: The service failed; the cause is chained.
        """
        ...


class Reranker(Protocol):
    """Reads a question and a few texts together, and says how well each answers it."""

    @property
    def name(self) -> str:
        """`provider:model`."""
        ...

    def rerank(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Score some texts; a higher score answers better.

        Returns:
            Shape `(len(texts),)`, in the order of the texts.

        Raises:
            ProviderError: The service failed; the cause is chained.
        """
        ...


class TokenCounter(Protocol):
    """Counts tokens as a model would."""

    def count(self, text: str) -> int:
        """Tokens in a text; 0 only for the empty one."""
        ...
