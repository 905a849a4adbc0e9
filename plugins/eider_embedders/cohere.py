"""Cohere: `/v2/embed` with roles, `/v2/rerank`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from eider_embedders.http_json import JsonService
from eider_embedders.reranking import ServiceReranker
from eider_embedders.service import Limits, ServiceEmbedder, bearer, number

if TYPE_CHECKING:
    from eider.model.protocols import Role

PLACE: Final = "https://api.cohere.com/v2"
_LIMITS: Final = Limits(texts=96, characters=200_000)
_ROLES: Final[Mapping[Role, str]] = {"document": "search_document", "query": "search_query"}


class CohereEmbedder(ServiceEmbedder):
    """A model of Cohere's."""

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; options are `url`, `key`, `dimensions`, `width`."""
        self._model, self._dimensions = model, number(options, "dimensions")
        super().__init__(
            f"cohere:{model}", JsonService("cohere", options.get("url", PLACE), bearer(options.get("key"))), _LIMITS,
            width=self._dimensions or number(options, "width"),
        )  # fmt: skip

    def request(self, texts: Sequence[str], role: Role) -> tuple[str, Mapping[str, Any]]:
        """Return the call, with the role as `input_type`."""
        body: dict[str, Any] = {"model": self._model, "texts": list(texts), "input_type": _ROLES[role],
                                "embedding_types": ["float"], "truncate": "END"}  # fmt: skip
        if self._dimensions:
            body["output_dimension"] = self._dimensions
        return "/embed", body

    def vectors(self, answer: Any) -> Sequence[Any]:
        """Return the vectors of `embeddings.float`, which come in the order of the texts."""
        return answer["embeddings"]["float"]


class CohereReranker(ServiceReranker):
    """A reranker of Cohere's."""

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; options are `url` and `key`."""
        self._model = model
        super().__init__(
            f"cohere:{model}", JsonService("cohere", options.get("url", PLACE), bearer(options.get("key")), retries=0)
        )

    def request(self, query: str, texts: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
        """Return the call."""
        return "/rerank", {"model": self._model, "query": query, "documents": list(texts)}

    def scores(self, answer: Any) -> Sequence[tuple[int, float]]:
        """Return (place, score) of `results`."""
        return [(int(one["index"]), float(one["relevance_score"])) for one in answer["results"]]
