"""`POST /embeddings` as OpenAI, OpenRouter, vLLM, LiteLLM and Text Embeddings Inference (TEI) speak it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from eider_embedders.http_json import JsonService
from eider_embedders.prefixes import prefixes_of
from eider_embedders.service import Limits, ServiceEmbedder, bearer, indexed, number

if TYPE_CHECKING:
    from eider.model.protocols import Role

_PLACES: Final = {
    "openai": ("https://api.openai.com/v1", Limits(texts=2_048, characters=500_000)),
    "openrouter": ("https://openrouter.ai/api/v1", Limits(texts=512, characters=500_000)),
    "vllm": ("http://127.0.0.1:8000/v1", Limits(texts=256, characters=500_000)),
    "litellm": ("http://127.0.0.1:4000/v1", Limits(texts=256, characters=500_000)),
    "tei": ("http://127.0.0.1:8080/v1", Limits(texts=32, characters=200_000)),
}
"""Provider → where it is by itself, and what one call may hold (OpenAI: 2,048 texts, 300,000 tokens; TEI: 32 texts)."""


class OpenAICompatibleEmbedder(ServiceEmbedder):
    """A model behind `/embeddings`."""

    def __init__(self, provider: str, model: str, options: Mapping[str, str]) -> None:
        """Name a model; nothing is sent yet.

        Args:
            provider: One of openai, openrouter, vllm, litellm, tei.
            model: As the service calls it.
            options: `url`, `key`, `dimensions`, `width`, `document_prefix`, `query_prefix`.
        """
        self._model, self._dimensions = model, number(options, "dimensions")
        place, limits = _PLACES[provider]
        super().__init__(
            f"{provider}:{model}",
            JsonService(provider, options.get("url", place), bearer(options.get("key"))),
            limits,
            width=self._dimensions or number(options, "width"),
            prefixes=prefixes_of(model, options),
        )

    def request(self, texts: Sequence[str], role: Role) -> tuple[str, Mapping[str, Any]]:
        """Return the call; these services know no roles beyond the prefixes."""
        del role
        body: dict[str, Any] = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        if self._dimensions:
            body["dimensions"] = self._dimensions
        return "/embeddings", body

    def vectors(self, answer: Any) -> Sequence[Any]:
        """Return the vectors of `data`."""
        return indexed(answer["data"])


def _made(provider: str) -> Callable[[str, Mapping[str, str]], OpenAICompatibleEmbedder]:
    def make(model: str, options: Mapping[str, str]) -> OpenAICompatibleEmbedder:
        return OpenAICompatibleEmbedder(provider, model, options)

    return make


openai, openrouter, vllm, litellm, tei = (_made(name) for name in ("openai", "openrouter", "vllm", "litellm", "tei"))
