"""Voyage AI: `/v1/embeddings` with roles, `/v1/rerank`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from eider_embedders.http_json import JsonService
from eider_embedders.reranking import ServiceReranker
from eider_embedders.service import Limits, ServiceEmbedder, bearer, indexed, number

if TYPE_CHECKING:
    from eider.model.protocols import Role

PLACE: Final = "https://api.voyageai.com/v1"
_LIMITS: Final = Limits(texts=128, characters=200_000)
"""1,000 texts and 120,000 to 1,000,000 tokens by model; older models take 128 texts."""


class VoyageEmbedder(ServiceEmbedder):
    """A model of Voyage's."""

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; options are `url`, `key`, `dimensions`, `width`."""
        self._model, self._dimensions = model, number(options, "dimensions")
        super().__init__(
            f"voyage:{model}", JsonService("voyage", options.get("url", PLACE), bearer(options.get("key"))), _LIMITS,
            width=self._dimensions or number(options, "width"),
        )  # fmt: skip

    def request(self, texts: Sequence[str], role: Role) -> tuple[str, Mapping[str, Any]]:
        """Return the call, with the role as `input_type`."""
        body: dict[str, Any] = {"model": self._model, "input": list(texts), "input_type": role, "truncation": True}
        if self._dimensions:
            body["output_dimension"] = self._dimensions
        return "/embeddings", body

    def vectors(self, answer: Any) -> Sequence[Any]:
        """Return the vectors of `data`."""
        return indexed(answer["data"])


class VoyageReranker(ServiceReranker):
    """A reranker of Voyage's."""

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; options are `url` and `key`."""
        self._model = model
        super().__init__(
            f"voyage:{model}", JsonService("voyage", options.get("url", PLACE), bearer(options.get("key")), retries=0)
        )

    def request(self, query: str, texts: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
        """Return the call."""
        return "/rerank", {"model": self._model, "query": query, "documents": list(texts), "truncation": True}

    def scores(self, answer: Any) -> Sequence[tuple[int, float]]:
        """Return (place, score) of `data`."""
        return [(int(one["index"]), float(one["relevance_score"])) for one in answer["data"]]
