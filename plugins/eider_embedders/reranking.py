"""What every reranker behind HTTP shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.model.errors import ProviderError
from eider_embedders.http_json import JsonService

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECONDS: Final = 0.5
"""Longest wait; whoever asks goes on with the order it had."""
_LONGEST: Final = 4_000
"""Characters of one text that are read."""


class ServiceReranker(ABC):
    """Reranks by asking a service, once, without retries: a late answer is no use."""

    def __init__(self, name: str, service: JsonService, *, seconds: float = SECONDS) -> None:
        """Name a model, `provider:model`, of a service; nothing is sent yet."""
        self.name, self._service, self._seconds = name, service, seconds

    def rerank(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Score some texts; a higher score answers better.

        Raises:
            ProviderError: The service failed; the cause is chained.
        """
        found = np.full(len(texts), -np.inf, np.float32)
        if not texts:
            return found
        path, body = self.request(query, [text[:_LONGEST] or " " for text in texts])
        answer = self._service.post(path, body, seconds=self._seconds)
        try:
            for place, score in self.scores(answer):
                found[place] = score
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ProviderError(f"{self.name} answered in a form that is not its own.") from error
        if not np.isfinite(found).all():
            raise ProviderError(f"{self.name} left out {int((~np.isfinite(found)).sum())} of {len(texts)} texts.")
        return found

    @abstractmethod
    def request(self, query: str, texts: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
        """Return path and body of the call."""

    @abstractmethod
    def scores(self, answer: Any) -> Sequence[tuple[int, float]]:
        """Return (place of the text, score) pairs from an answer."""
