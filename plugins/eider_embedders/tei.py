"""Text Embeddings Inference as a reranker: `/rerank`. As an embedder it speaks OpenAI's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from eider_embedders.http_json import JsonService
from eider_embedders.reranking import ServiceReranker
from eider_embedders.service import bearer

PLACE: Final = "http://127.0.0.1:8080"


class TeiReranker(ServiceReranker):
    """The reranking model that a TEI server was started with."""

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name it; the server serves one model, whatever it is called. Options are `url` and `key`."""
        super().__init__(
            f"tei:{model}", JsonService("tei", options.get("url", PLACE), bearer(options.get("key")), retries=0)
        )

    def request(self, query: str, texts: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
        """Return the call."""
        return "/rerank", {"query": query, "texts": list(texts), "truncate": True}

    def scores(self, answer: Any) -> Sequence[tuple[int, float]]:
        """Return (place, score) of the list that is the answer."""
        return [(int(one["index"]), float(one["score"])) for one in answer]
