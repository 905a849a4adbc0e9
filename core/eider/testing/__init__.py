"""Contract tests, for Eider itself and for anyone who writes a backend, an index or an embedder.

from eider.testing import EmbedderContract

class TestMine(EmbedderContract):
    def make(self):
        return MyEmbedder()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eider.testing.contracts_counter import TokenCounterContract
    from eider.testing.contracts_embedder import EmbedderContract
    from eider.testing.contracts_index import IndexContract
    from eider.testing.contracts_runs import RunsContract
    from eider.testing.contracts_store import StoreContract

_HOME = {
    "TokenCounterContract": "contracts_counter",
    "EmbedderContract": "contracts_embedder",
    "IndexContract": "contracts_index",
    "RunsContract": "contracts_runs",
    "StoreContract": "contracts_store",
}

__all__ = [
    "EmbedderContract",
    "IndexContract",
    "RunsContract",
    "StoreContract",
    "TokenCounterContract",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'eider.testing' has no attribute {name!r}")
    return getattr(import_module(f"eider.testing.{_HOME[name]}"), name)
