"""Models of the `sentence-transformers` library."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from eider.providers.embedders.fingerprint import fingerprint
from eider_embedders.local_model import LocalModelEmbedder
from eider_embedders.prefixes import prefixes_of
from eider_embedders.service import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role


class SentenceTransformerEmbedder(LocalModelEmbedder):
    """A model by its name on the hub, or the path of its folder."""

    PROVIDER, MODULE, EXAMPLE = "sentence-transformers", "sentence_transformers", "all-MiniLM-L6-v2"

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; it is loaded at first use.

        Args:
            model: Such as "all-MiniLM-L6-v2", or a folder.
            options: `device`, `width` (noted by a store), `dimensions`, `document_prefix`, `query_prefix`.
        """
        super().__init__(model, options)
        self._device, self._dimensions = options.get("device"), number(options, "dimensions")
        self._prefixes = prefixes_of(model, options)
        self._width = self._dimensions or self._width

    @property
    def fingerprint(self) -> str:
        """Model, width and prefixes."""
        prefixes = (self._prefixes.document, self._prefixes.query)
        return fingerprint(f"sentence-transformers:{self._model}", self.width, pooling="model", prefixes=prefixes)

    def _open(self, library: Any) -> Any:
        with _quiet():
            return library.SentenceTransformer(self._model, device=self._device, truncate_dim=self._dimensions)

    def _width_of(self, model: Any) -> int:
        # the first name is of release 5.4, the second an old one
        width = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
        return int(width())

    def _encode(self, model: Any, texts: list[str], role: Role) -> NDArray[np.float32]:
        said = [self._prefixes.of(role) + text for text in texts]
        return np.asarray(model.encode(said, normalize_embeddings=True, show_progress_bar=False), np.float32)


@contextmanager
def _quiet() -> Generator[None]:
    """No bars on the error output of whoever loads a model; the library's own setting is put back."""
    bars: Any = import_module("transformers.utils.logging")
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()
