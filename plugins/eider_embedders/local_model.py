"""Models that a library runs in this process; it loads them at first use, from its cache or the hub."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from eider.model.errors import ConfigError, EmbedderError, MissingExtraError
from eider_embedders.service import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role

_CHARACTERS: Final = 24_000
"""Characters of one text that are read; models cut it shorter still."""


class LocalModelEmbedder(ABC):
    """A model by the name that its library knows it by."""

    PROVIDER: ClassVar[str]
    """Name in settings, and of the extra that installs the library."""
    MODULE: ClassVar[str]
    """What is imported."""
    EXAMPLE: ClassVar[str]
    """A model, for the message that none is named."""
    degraded: str | None = None

    def __init__(self, model: str, options: Mapping[str, str]) -> None:
        """Name a model; it is loaded at first use.

        Raises:
            ConfigError: No model is named.
            MissingExtraError: The library is not installed.
        """
        if not model:
            raise ConfigError(f"{self.PROVIDER} needs a model; write '{self.PROVIDER}:{self.EXAMPLE}'.")
        if find_spec(self.MODULE) is None:
            raise MissingExtraError(self.MODULE, self.PROVIDER)
        self._model = model
        self._width = number(options, "width")
        self._lock = threading.Lock()
        self._loaded: Any = None

    @property
    def width(self) -> int:
        """Length of a vector; loads the model where no store has noted it."""
        if self._width is None:
            self._width = self._width_of(self._load())
        return self._width

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
            with self._lock:
                rows[wanted] = self._encode(model, [clean[i] for i in wanted], role)
        return rows

    def _load(self) -> Any:
        with self._lock:
            if self._loaded is None:
                try:
                    self._loaded = self._open(import_module(self.MODULE))
                except Exception as error:
                    raise EmbedderError(
                        f"{self.PROVIDER} cannot load {self._model!r} ({type(error).__name__}); look at its name, and at "
                        "the network where it is not in the cache yet."
                    ) from error
            return self._loaded

    @abstractmethod
    def _open(self, library: Any) -> Any:
        """Load the model."""

    @abstractmethod
    def _width_of(self, model: Any) -> int:
        """Return the length of a model's vectors."""

    @abstractmethod
    def _encode(self, model: Any, texts: list[str], role: Role) -> NDArray[np.float32]:
        """Return rows of length 1."""
