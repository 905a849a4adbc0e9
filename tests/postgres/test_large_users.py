"""A user too large to load: the server walks an index of meanings, and an embedder of another width takes over."""

from __future__ import annotations

import pytest
from cluster import Cluster

import eider
from eider.providers.embedders.hashing import HashEmbedder
from eider_postgres import search
from eider_postgres.address import read
from eider_postgres.cursor import maker_of


def test_the_index_of_near_meanings_is_made_and_walked(
    address: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By rebuild, once somebody has so many rows; it nominates, and an interrupted one is thrown away at the next opening."""
    monkeypatch.setattr(search, "_NEAR_FROM", 50)
    near = f"{read(address).schema}.meanings_near_{maker_of(HashEmbedder(width=32).fingerprint)}_0"
    with eider.open(address, user="ada", embedder=HashEmbedder(width=32)) as memory:
        memory.record_many(
            [{"text": f"The ferry number {n} leaves at {n % 24}.", "speaker": "ada"} for n in range(120)]
        )
        memory.rebuild()
        engine = memory._engine
        engine.store.candidates.count_terms(user="ada")
        engine.large.rows = 50
        assert cluster.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", [near]) == [(True,)]
        assert "number 77 " in memory.recall("When does ferry number 77 leave?")[0].text
    cluster.ask("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [near])
    with eider.open(address, user="ada", embedder=HashEmbedder(width=32)):
        pass
    assert cluster.ask("SELECT to_regclass(%s)", [near]) == [(None,)]


def test_vectors_of_another_width_take_over(address: str) -> None:
    """What nominates is made anew with them."""
    with eider.open(address, user="ada", embedder=HashEmbedder(width=32)) as memory:
        memory.record("The lighthouse keeper sleeps at noon.")
    with eider.open(address, user="ada", embedder=HashEmbedder(width=64), reembed=True) as memory:
        memory.record("The ferry leaves from quay four.")
        memory._engine.large.rows = 0
        assert {r.text for r in memory.recall("lighthouse ferry quay")} == {
            "The lighthouse keeper sleeps at noon.",
            "The ferry leaves from quay four.",
        }
        assert memory.verify(deep=True).findings == ()
