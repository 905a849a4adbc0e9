"""Models of the `fastembed` library: ONNX, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eider.providers.embedders.fingerprint import fingerprint
from eider_embedders.local_model import LocalModelEmbedder
from eider_embedders.service import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role


class FastEmbedEmbedder(LocalModelEmbedder):
    """A model by the name that fastembed knows it by; its own methods for passages and questions write the prefixes."""

    PROVIDER, MODULE, EXAMPLE = "fastembed", "fastembed", "BAAI/bge-small-en-v1.5"

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; it is loaded at first use.

        Args:
            model: Such as "BAAI/bge-small-en-v1.5".
            options: `width` (noted by a store), `cache` (a folder), `path` (a folder that holds the model's files, where
                there is no network), `threads`.
        """
        super().__init__(model, options)
        self._threads = number(options, "threads")
        self._where = {"cache_dir": options.get("cache"), "specific_model_path": options.get("path")}

    @property
    def fingerprint(self) -> str:
        """Model and width."""
        return fingerprint(f"fastembed:{self._model}", self.width, pooling="fastembed")

    def _open(self, library: Any) -> Any:
        return library.TextEmbedding(self._model, threads=self._threads, **self._where)

    def _width_of(self, model: Any) -> int:
        return len(next(iter(model.passage_embed(["width"]))))

    def _encode(self, model: Any, texts: list[str], role: Role) -> NDArray[np.float32]:
        ask = model.query_embed if role == "query" else model.passage_embed
        found = np.array(list(ask(texts)), np.float32)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12))
