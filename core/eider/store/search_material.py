"""Search material of new rows: vectors and analyses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from eider.language.analysis import analyse
from eider.model.changes import Indexing
from eider.model.clock import local_date
from eider.model.errors import EmbedderError, ProviderError
from eider.model.values import Episode
from eider.providers.embedders.guard import GuardedEmbedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eider.model.protocols import Embedder
    from eider.model.values import Memory


class MaterialMaker:
    """Makes what the ranker and the search index need of a text."""

    def __init__(self, embedder: Embedder, lacking: Callable[[], object], *, spare: Embedder | None = None) -> None:
        """Embed with the store's embedder.

        Args:
            embedder: The store's.
            lacking: Called when it could not be asked, so that vectors are still to be made.
            spare: A second one while embedders are exchanged; what it cannot do is left to the exchange.
        """
        self._embedder, self._lacking, self._spare = embedder, lacking, spare

    def of(self, rows: Iterable[Episode | Memory], *, must: bool = False) -> dict[str, Indexing]:
        """Return id → material of utterances and statements; dates are read from the speaker's own day.

        Raises:
            ProviderError: The embedder could not be asked, and `must` says that it has to.
        """
        rows = list(rows)
        given = [row.text for row in rows]
        own = vectors_of(self._embedder, given)
        if own is None and must:
            raise ProviderError(f"{self._embedder.degraded or self._embedder.fingerprint}; it is asked again later.")
        second = None if self._spare is None else vectors_of(self._spare, given)
        made: dict[str, Indexing] = {}
        for place, row in enumerate(rows):
            day = local_date(row.at, row.tz) if isinstance(row, Episode) else row.valid_from.date()
            made[row.id] = Indexing(
                vector=b"" if own is None else own[place], analysis=analyse(row.text, said_on=day).to_bytes(),
                pending=own is None, embedder=self._embedder.fingerprint,
                spare=None if second is None else second[place],
                spare_embedder="" if second is None or self._spare is None else self._spare.fingerprint,
            )  # fmt: skip
        if own is None:
            self._lacking()
        return made


def vectors_of(embedder: Embedder, texts: Sequence[str]) -> list[bytes] | None:
    """Return the vectors of statements as they are stored, empty for texts of which nothing is known.

    None where the embedder cannot be asked.

    Raises:
        EmbedderError: It gives another number or width of vectors than it promises.
    """
    if not texts:
        return []
    try:
        ask = embedder.embed_or_raise if isinstance(embedder, GuardedEmbedder) else embedder.embed
        rows: NDArray[np.float32] = ask(texts, "document")
    except ProviderError:
        return None
    if rows.shape != (len(texts), embedder.width):
        raise EmbedderError(
            f"embedder {embedder.fingerprint!r} gave vectors of shape {rows.shape} for {len(texts)} text(s) "
            f"and promised a width of {embedder.width}; mend its embed()."
        )
    return [row.tobytes() if row.any() else b"" for row in rows]
