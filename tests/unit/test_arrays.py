"""Rows that were just committed are the rows that are read back."""

from __future__ import annotations

from pathlib import Path

import eider
from eider.providers.embedders.hashing import HashEmbedder


def test_search_material_that_ends_in_zeros_is_kept_whole(tmp_path: Path) -> None:
    """A text without words has an analysis of zeros, and a vector may end in them: neither is cut short."""
    with eider.open(tmp_path / "a.eider", user="ada", embedder=HashEmbedder()) as memory:
        memory.record("hello")
        memory.search()
        for text in (":", ".", "a", "?!"):
            memory.record(text)
        memory.remember("...")
        assert memory.search().total == 6
        assert memory.verify(deep=True)
