"""Searches a LangGraph store by an embedder of the host's, as `index=` asks: the score is the cosine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from langgraph.store.base import PutOp, ensure_embeddings, get_text_at_path

from eider.model.errors import InputError
from eider_langchain.store_rows import MAX_SEARCHED, Row

_STEPS: Final = 32_767
"""Steps of a number between 0 and 1: whole numbers are shorter, and no secret can be read into them."""


class StoreVectors:
    """The vectors of a store's items; cosines are exact within 1e-4."""

    def __init__(self, index: Mapping[str, Any]) -> None:
        """Take LangGraph's configuration: `dims`, `embed`, `fields`.

        Raises:
            InputError: It names no embedder.
        """
        if index.get("embed") is None:
            raise InputError(
                "index has no 'embed'; pass one, or leave index out: Eider then ranks with its own embedder."
            )
        self.embeddings = ensure_embeddings(index["embed"])
        found: Any = index.get("fields") or index.get("text_fields") or ["$"]
        self.fields: list[str] = [found] if isinstance(found, str) else [*found]

    def embedded(self, puts: Sequence[tuple[PutOp, Row]]) -> list[Row]:
        """Return the rows with their vectors, from one call of the embedder."""
        texts: list[str] = []
        places: list[tuple[int, int]] = []
        for op, row in puts:
            paths = [] if op.index is False or row.deleted else (self.fields if op.index is None else op.index)
            said = [t[:MAX_SEARCHED] for path in paths for t in get_text_at_path(row.value, path) if t.strip()]
            places.append((len(texts), len(texts) + len(said)))
            texts += said
        vectors = self.embeddings.embed_documents(texts) if texts else []
        return [
            replace(row, vectors=tuple(_steps(vector) for vector in vectors[start:end]))
            for (_, row), (start, end) in zip(puts, places, strict=True)
        ]

    def ranked(self, query: str, rows: Sequence[Row]) -> list[tuple[Row, float | None]]:
        """Rows by the cosine of their best text, then those without vectors."""
        asked = np.asarray(self.embeddings.embed_query(query), dtype=np.float64)
        asked /= np.linalg.norm(asked) or 1.0
        scored = [(row, max(_cosine(asked, vector) for vector in row.vectors)) for row in rows if row.vectors]
        best: list[tuple[Row, float | None]] = [*sorted(scored, key=lambda one: one[1], reverse=True)]
        return best + [(row, None) for row in rows if not row.vectors]


def _steps(vector: Sequence[float]) -> tuple[int, ...]:
    made = np.asarray(vector, dtype=np.float64)
    made /= np.abs(made).max(initial=0.0) or 1.0
    return tuple(np.rint(made * _STEPS).astype(int).tolist())


def _cosine(asked: np.ndarray[Any, Any], vector: Sequence[int]) -> float:
    made = np.asarray(vector, dtype=np.float64)
    if made.shape != asked.shape:
        return 0.0
    return float(asked @ made) / (float(np.linalg.norm(made)) or 1.0)
