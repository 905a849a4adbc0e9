"""The model that runs in this process keeps the promises of an embedder, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import eider
from eider.providers.embedders.names import connect
from eider.testing import EmbedderContract

if TYPE_CHECKING:
    from pathlib import Path

    from eider.model.protocols import Embedder


class TestOnnx(EmbedderContract):
    """all-MiniLM-L6-v2 in int8."""

    def make(self) -> Embedder:
        """Read from the installed wheels."""
        return connect("onnx")


def test_a_store_is_made_with_it_and_opened_without_naming_it(tmp_path: Path) -> None:
    """The store notes its name; a question in other words finds the answer."""
    with eider.open(tmp_path / "s.eider", user="ada", embedder="onnx") as memory:
        memory.remember("The kayak is in the shed.")
        made = memory.remember("Ada's physician is Doctor Lund.")
    with eider.open(tmp_path / "s.eider", user="ada") as memory:
        assert memory.health().embedder.startswith("onnx:")
        assert memory.recall("who treats her when she is ill?", limit=1)[0].id == made.id
