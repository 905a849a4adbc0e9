"""Embedders that need no network and no key. Importing this package loads nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eider.model.errors import EmbedderError

if TYPE_CHECKING:
    from eider.model.protocols import Embedder

__all__ = ["default_embedder"]


def default_embedder() -> Embedder:
    """The best embedder this machine has: word vectors, else hashed letters, which say why in `degraded`.

    Loading takes about 0.1 s and 16 MB, once in a process: all callers share one. Safe to share between threads.

    >>> default_embedder().width
    256
    """
    from eider.providers.embedders.hashing import HashEmbedder

    try:
        from eider.providers.embedders.wordllama import installed_embedder

        return installed_embedder()
    except EmbedderError as error:
        return HashEmbedder(degraded=f"likeness of meaning is off, spelling alone is compared: {error}")
