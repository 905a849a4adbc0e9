"""One server for all tests of a session, started when the first asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster

from eider.store.backends import open_address
from eider.store.protocols import Store


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running server."""
    made = Cluster()
    yield made
    made.close()


@pytest.fixture
def address(cluster: Cluster) -> Iterator[str]:
    """Address of an empty store."""
    made = cluster.lend()
    yield made
    cluster.give_back(made)


class InPostgres:
    """Opens for each directory, which stays empty, a store in PostgreSQL."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._addresses: dict[Path, str] = {}

    def folder(self, folder: Path, embedder: Any, *, read_only: bool = False, reembed: bool = False, **_: Any) -> Store:
        """What `open_folder` opens, with the same store for the same directory."""
        for other in [one for one in self._addresses if not one.parent.exists()]:
            self._cluster.give_back(self._addresses.pop(other))
        if folder not in self._addresses:
            self._addresses[folder] = self._cluster.lend()
        return open_address(self._addresses[folder], embedder, read_only=read_only, reembed=reembed)

    def memory(self, embedder: Any) -> Store:
        """What `open_memory` opens: an empty store, whose tables go to the next."""
        self.close()
        return self.folder(Path("/nowhere/memory"), embedder)

    def close(self) -> None:
        """Give all tables back."""
        for address in self._addresses.values():
            self._cluster.give_back(address)
        self._addresses.clear()


@pytest.fixture
def in_postgres(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test opens by path, or in memory, is in PostgreSQL."""
    stores = InPostgres(cluster)
    monkeypatch.setattr("eider.api.local.open_folder", stores.folder)
    monkeypatch.setattr("eider.api.local.open_memory", stores.memory)
    monkeypatch.setattr("laws_model.open_folder", stores.folder)
    yield
    stores.close()
