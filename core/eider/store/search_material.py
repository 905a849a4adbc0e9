"""Search material of new rows: vectors and analyses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from eider.language.analysis import analyse
from eider.model.changes import Indexing
from eider.model.clock import local_date
from eider.model.errors import EmbedderError

if TYPE_CHECKING:
    from eider.model.protocols import Embedder
    from eider.model.values import Episode, Memory


class MaterialMaker:
    """Makes what the ranker and the search index need of a text."""

    def __init__(self, embedder: Embedder) -> None:
        """Embed with the store's embedder."""
        self._embedder = embedder

    def episodes(self, episodes: Sequence[Episode]) -> dict[str, Indexing]:
        """Return id → material of utterances; dates in them are read from the speaker's own day."""
        return self._made([(e.id, e.text, local_date(e.at, e.tz)) for e in episodes])

    def memories(self, memories: Sequence[Memory]) -> dict[str, Indexing]:
        """Return id → material of statements."""
        return self._made([(m.id, m.text, m.valid_from.date()) for m in memories])

    def _made(self, texts: Sequence[tuple[str, str, date]]) -> dict[str, Indexing]:
        vectors = self._embedder.embed([text for _, text, _ in texts], "document")
        if vectors.shape != (len(texts), self._embedder.width):
            raise EmbedderError(
                f"embedder {self._embedder.fingerprint!r} gave vectors of shape {vectors.shape} for {len(texts)} text(s) "
                f"and promised a width of {self._embedder.width}; mend its embed()."
            )
        return {
            id_: Indexing(
                vector=vector.tobytes() if vector.any() else b"", analysis=analyse(text, said_on=day).to_bytes()
            )
            for (id_, text, day), vector in zip(texts, vectors, strict=True)
        }
