"""Tables that are divided by user: the keys fit, every verb works, and each user is in one part."""

from __future__ import annotations

from pathlib import Path

import pytest
from cluster import Cluster

from eider.model.protocols import Embedder
from eider.store.backends import open_address
from eider.store.protocols import Store
from eider.testing import StoreContract
from eider_postgres import citus
from eider_postgres.address import read


class TestStoreOnEightParts(StoreContract):
    """Every promise of a backend, with eight hash partitions a table."""

    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """The first makes the tables; the others get them empty."""
        divided = getattr(self.cluster, "divided", None)
        if divided is None:
            divided = self.cluster.divided = self.cluster.address(partitions="8")  # type: ignore[attr-defined]
        else:
            self.cluster.empty(read(divided).schema)
        return open_address(divided, embedder)


def test_the_statements_for_citus_name_every_table(cluster: Cluster, address: str) -> None:
    """Those with an owner are distributed by user, the others are everywhere; no key lacks the user."""
    schema = read(address).schema
    open_address(address, _embedder()).connection.close()
    text = citus.statements(schema)
    tables = {row[0] for row in cluster.ask("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])}
    assert {table for table in tables if f"'{schema}.{table}'" in text} == tables
    owned = cluster.ask(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = %s AND column_name = 'user_id'",
        [schema],
    )
    for (table,) in owned:
        if table != "jobs":
            assert f"create_distributed_table('{schema}.{table}', 'user_id'" in text


def _embedder() -> Embedder:
    from eider.providers.embedders.hashing import HashEmbedder

    return HashEmbedder()
