"""PostgreSQL keeps every promise of a backend, over a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from cluster import Cluster

from eider.model.protocols import Embedder
from eider.store.backends import open_address
from eider.store.protocols import Store
from eider.testing import RunsContract, StoreContract


class TestStoreInPostgres(StoreContract):
    """What a `postgresql://` address opens."""

    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """In a schema of its own."""
        return open_address(self.cluster.address(), embedder)


class TestRunsInPostgres(RunsContract):
    """Runs of a `postgresql://` address."""

    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """In a schema of its own."""
        return open_address(self.cluster.address(), embedder)
