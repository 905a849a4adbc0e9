"""Models of the `sentence-transformers` library, run in this process; it loads them, from its cache or the hub."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from eider.model.errors import ConfigError, EmbedderError, MissingExtraError
from eider.providers.embedders.fingerprint import fingerprint
from eider_embedders.prefixes import prefixes_of
from eider_embedders.service import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role

_CHARACTERS = 24_000
"""Characters of one text that are read; models cut it shorter still."""


class SentenceTransformerEmbedder:
    """A model by its name on the hub, or the path of its folder."""

    degraded: str | None = None

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; it is loaded at first use.

        Args:
            model: Such as "all-MiniLM-L6-v2", or a folder.
            options: `device`, `width` (noted by a store), `dimensions`, `document_prefix`, `query_prefix`.

        Raises:
            ConfigError: No model is named.
            MissingExtraError: The library is not installed.
        """
        if not model:
            raise ConfigError("sentence-transformers needs a model; write 'sentence-transformers:all-MiniLM-L6-v2'.")
        if find_spec("sentence_transformers") is None:
            raise MissingExtraError("sentence_transformers", "sentence-transformers")
        self._model, self._device, self._dimensions = model, options.get("device"), number(options, "dimensions")
        self._prefixes = prefixes_of(model, options)
        self._width = self._dimensions or number(options, "width")
        self._lock = threading.Lock()
        self._loaded: Any = None

    @property
    def width(self) -> int:
        """Length of a vector; loads the model where no store has noted it."""
        if self._width is None:
            self._width = int(self._load().get_sentence_embedding_dimension())
        return self._width

    @property
    def fingerprint(self) -> str:
        """Model, width and prefixes."""
        prefixes = (self._prefixes.document, self._prefixes.query)
        return fingerprint(f"sentence-transformers:{self._model}", self.width, pooling="model", prefixes=prefixes)

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Embed `n` texts; rows of length 1, or zero where a text is blank.

        Raises:
            EmbedderError: The model cannot be loaded.
        """
        clean = [text[:_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        wanted = [place for place, text in enumerate(clean) if text.strip()]
        rows = np.zeros((len(clean), self.width), np.float32)
        if wanted:
            prefix, model = self._prefixes.of(role), self._load()
            with self._lock:
                found = model.encode(
                    [prefix + clean[i] for i in wanted], normalize_embeddings=True, show_progress_bar=False
                )
            rows[wanted] = np.asarray(found, np.float32)
        return rows

    def _load(self) -> Any:
        with self._lock:
            if self._loaded is None:
                try:
                    library: Any = import_module("sentence_transformers")
                    self._loaded = library.SentenceTransformer(
                        self._model, device=self._device, truncate_dim=self._dimensions
                    )
                except Exception as error:
                    raise EmbedderError(
                        f"sentence-transformers cannot load {self._model!r} ({type(error).__name__}); look at its name, and "
                        "at the network where it is not in the cache yet."
                    ) from error
            return self._loaded
