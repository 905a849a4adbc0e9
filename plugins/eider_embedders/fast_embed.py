"""Models of the `fastembed` library: ONNX, no torch; it loads them, from its cache or the hub."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from eider.model.errors import ConfigError, EmbedderError, MissingExtraError
from eider.providers.embedders.fingerprint import fingerprint
from eider_embedders.service import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role

_CHARACTERS = 24_000
"""Characters of one text that are read; models cut it shorter still."""


class FastEmbedEmbedder:
    """A model by the name that fastembed knows it by; its own methods for passages and questions write the prefixes."""

    degraded: str | None = None

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; it is loaded at first use.

        Args:
            model: Such as "BAAI/bge-small-en-v1.5".
            options: `width` (noted by a store), `cache` (a folder), `threads`.

        Raises:
            ConfigError: No model is named.
            MissingExtraError: The library is not installed.
        """
        if not model:
            raise ConfigError("fastembed needs a model; write 'fastembed:BAAI/bge-small-en-v1.5'.")
        if find_spec("fastembed") is None:
            raise MissingExtraError("fastembed", "fastembed")
        self._model, self._cache, self._threads = model, options.get("cache"), number(options, "threads")
        self._width = number(options, "width")
        self._lock = threading.Lock()
        self._loaded: Any = None

    @property
    def width(self) -> int:
        """Length of a vector; loads the model where no store has noted it."""
        if self._width is None:
            self._width = len(next(iter(self._load().passage_embed(["width"]))))
        return self._width

    @property
    def fingerprint(self) -> str:
        """Model and width."""
        return fingerprint(f"fastembed:{self._model}", self.width, pooling="fastembed")

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Embed `n` texts; rows of length 1, or zero where a text is blank.

        Raises:
            EmbedderError: The model cannot be loaded.
        """
        clean = [text[:_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        wanted = [place for place, text in enumerate(clean) if text.strip()]
        rows = np.zeros((len(clean), self.width), np.float32)
        if wanted:
            model = self._load()
            ask = model.query_embed if role == "query" else model.passage_embed
            with self._lock:
                found = np.array(list(ask([clean[i] for i in wanted])), np.float32)
            rows[wanted] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12))
        return rows

    def _load(self) -> Any:
        with self._lock:
            if self._loaded is None:
                try:
                    library: Any = import_module("fastembed")
                    self._loaded = library.TextEmbedding(self._model, cache_dir=self._cache, threads=self._threads)
                except Exception as error:
                    raise EmbedderError(
                        f"fastembed cannot load {self._model!r} ({type(error).__name__}); look at its name, and at the "
                        "network where it is not in the cache yet."
                    ) from error
            return self._loaded
