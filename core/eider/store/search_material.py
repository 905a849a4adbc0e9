"""Search material of new rows: vectors and analyses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from eider.language.analysis import analyse
from eider.model.changes import Indexing
from eider.model.clock import local_date
from eider.model.errors import EmbedderError, ProviderError
from eider.providers.embedders.guard import GuardedEmbedder

if TYPE_CHECKING:
    from eider.model.protocols import Embedder
    from eider.model.values import Episode, Memory


class MaterialMaker:
    """Makes what the ranker and the search index need of a text."""

    def __init__(self, embedder: Embedder, lacking: Callable[[], object]) -> None:
        """Embed with the store's embedder.

        Args:
            embedder: The store's.
            lacking: Called when it could not be asked, so that vectors are still to be made.
        """
        self._embedder, self._lacking = embedder, lacking

    def episodes(self, episodes: Sequence[Episode], *, must: bool = False) -> dict[str, Indexing]:
        """Return id → material of utterances; dates in them are read from the speaker's own day.

        Raises:
            ProviderError: The embedder could not be asked, and `must` says that it has to.
        """
        return self._made([(e.id, e.text, local_date(e.at, e.tz)) for e in episodes], must=must)

    def memories(self, memories: Sequence[Memory], *, must: bool = False) -> dict[str, Indexing]:
        """Return id → material of statements; `must` as for `episodes`."""
        return self._made([(m.id, m.text, m.valid_from.date()) for m in memories], must=must)

    def _made(self, texts: Sequence[tuple[str, str, date]], *, must: bool) -> dict[str, Indexing]:
        if not texts:
            return {}
        given, pending = [text for _, text, _ in texts], False
        try:
            embedder = self._embedder
            ask = embedder.embed_or_raise if isinstance(embedder, GuardedEmbedder) else embedder.embed
            vectors = ask(given, "document")
        except ProviderError:
            if must:
                raise
            vectors, pending = np.zeros((len(texts), self._embedder.width), np.float32), True
        if vectors.shape != (len(texts), self._embedder.width):
            raise EmbedderError(
                f"embedder {self._embedder.fingerprint!r} gave vectors of shape {vectors.shape} for {len(texts)} text(s) "
                f"and promised a width of {self._embedder.width}; mend its embed()."
            )
        made = {
            id_: Indexing(
                vector=vector.tobytes() if vector.any() else b"",
                analysis=analyse(text, said_on=day).to_bytes(),
                pending=pending,
            )
            for (id_, text, day), vector in zip(texts, vectors, strict=True)
        }
        if pending:
            self._lacking()
        return made
