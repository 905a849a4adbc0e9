"""Ollama: `/api/embed`, many texts in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from eider_embedders.http_json import JsonService
from eider_embedders.prefixes import prefixes_of
from eider_embedders.service import Limits, ServiceEmbedder, bearer, number

if TYPE_CHECKING:
    from eider.model.protocols import Role

PLACE: Final = "http://127.0.0.1:11434"
_LIMITS: Final = Limits(texts=64, characters=200_000)
"""It takes more, and works through them one by one: small batches end within the deadline on a slow machine."""
_KEEP: Final = "30m"
"""How long the model stays loaded after a call: loading it takes seconds."""


class OllamaEmbedder(ServiceEmbedder):
    """A model that Ollama serves."""

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; options are `url`, `key`, `dimensions`, `width`, `document_prefix`, `query_prefix`."""
        self._model, self._dimensions = model, number(options, "dimensions")
        super().__init__(
            f"ollama:{model}", JsonService("ollama", options.get("url", PLACE), bearer(options.get("key"))), _LIMITS,
            width=self._dimensions or number(options, "width"), prefixes=prefixes_of(model, options), seconds=120.0,
        )  # fmt: skip

    def request(self, texts: Sequence[str], role: Role) -> tuple[str, Mapping[str, Any]]:
        """Return the call; Ollama knows no roles beyond the prefixes."""
        del role
        body: dict[str, Any] = {"model": self._model, "input": list(texts), "truncate": True, "keep_alive": _KEEP}
        if self._dimensions:
            body["dimensions"] = self._dimensions
        return "/api/embed", body

    def vectors(self, answer: Any) -> Sequence[Any]:
        """Return the vectors, which come in the order of the texts."""
        return answer["embeddings"]
