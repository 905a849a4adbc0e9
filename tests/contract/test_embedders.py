"""Both embedders that come with Eider keep the promises of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eider.providers.embedders.hashing import HashEmbedder
from eider.providers.embedders.wordllama import WordLlamaEmbedder
from eider.testing.contracts_embedder import EmbedderContract

if TYPE_CHECKING:
    from eider.model.protocols import Embedder


class TestWordLlama(EmbedderContract):
    """Static word vectors at full width."""

    def make(self) -> Embedder:
        """Read from the installed wheel."""
        return WordLlamaEmbedder()


class TestNarrowWordLlama(EmbedderContract):
    """Static word vectors, the first 64 columns."""

    def make(self) -> Embedder:
        """Read from the installed wheel."""
        return WordLlamaEmbedder(width=64)


class TestHash(EmbedderContract):
    """Hashed spelling, the fallback."""

    def make(self) -> Embedder:
        """Needs nothing."""
        return HashEmbedder()


class TestWideHash(EmbedderContract):
    """Hashed spelling in a width that is no power of two."""

    def make(self) -> Embedder:
        """Needs nothing."""
        return HashEmbedder(width=1000)
