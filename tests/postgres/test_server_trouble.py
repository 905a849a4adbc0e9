"""A server that ends, ends a connection or comes back: errors have names, nothing is written by halves, all heals."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic, sleep

import pytest
from cluster import Cluster

import eider
from eider.model import failpoints
from eider.model.errors import StoreUnreachableError
from eider.providers.embedders.hashing import HashEmbedder

pytestmark = pytest.mark.crash


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server of its own, which syncs what it commits."""
    made = Cluster(fsync=True)
    yield made
    made.close()


@pytest.fixture
def memory(server: Cluster) -> Iterator[eider.Eider]:
    """A memory with one loaded user."""
    with eider.open(server.address(), user="ada", embedder=HashEmbedder()) as opened:
        opened.record("The lighthouse keeper sleeps at noon.")
        opened.recall("lighthouse")
        yield opened


TERMINATE = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE application_name = 'eider'"


def test_ended_connections_are_replaced_unnoticed(memory: eider.Eider, server: Cluster) -> None:
    """Between two calls: the next one takes a new connection."""
    for n in range(5):
        server.ask(TERMINATE)
        assert memory.record(f"Number {n}.").seq == n + 1
        assert memory.recall("lighthouse")
    assert memory.verify(deep=True).findings == ()


@pytest.mark.parametrize("place", ["commit.written", "commit.durable"])
def test_a_connection_that_ends_in_a_write_keeps_all_of_it_or_nothing(
    memory: eider.Eider, server: Cluster, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Before the commit nothing is there; after it all is, and the caller is told so. Repeated by key it is there once."""
    real, struck = failpoints.point, False

    def strike(name: str) -> None:
        nonlocal struck
        if name == place and not struck:
            struck = True
            server.ask(TERMINATE)
        real(name)

    for module in ("eider.store.sql.commits", "eider.store.sql.chain"):
        monkeypatch.setattr(f"{module}.point", strike)
    failed = None
    try:
        memory.record("The ferry leaves at nine.", key="k")
    except StoreUnreachableError as error:
        failed = error
    assert struck
    assert (failed is None) == (place == "commit.durable")
    memory.record("The ferry leaves at nine.", key="k")
    assert len(memory.sql("SELECT id FROM episodes WHERE text LIKE '%ferry%'")) == 1
    assert memory.verify(deep=True).findings == ()


def test_a_server_that_is_away_is_named_and_heals(memory: eider.Eider, server: Cluster) -> None:
    """Reads and writes say what does not answer; when it is back everything goes on by itself."""
    server.stop()
    try:
        for call in (lambda: memory.record("Lost."), memory.events):
            with pytest.raises(StoreUnreachableError, match=r"postgresql://127\.0\.0\.1"):
                call()
    finally:
        server.start()
    end = monotonic() + 120
    while True:
        try:
            memory.record("It is back.", key="back")
            break
        except StoreUnreachableError:
            assert monotonic() < end
            sleep(0.05)
    assert any("is back" in r.text for r in memory.recall("What is back?"))
    assert memory.verify(deep=True).findings == ()


def test_what_others_wrote_while_the_listener_was_cut_off_is_heard(memory: eider.Eider, server: Cluster) -> None:
    """It looks where it left off."""
    with eider.open(server_address(memory, server), user="ada", embedder=HashEmbedder()) as other:
        server.ask(TERMINATE)
        other.record("The ferry leaves from quay four.")
        end = monotonic() + 120
        while not any("quay four" in r.text for r in memory.recall("ferry")):
            assert monotonic() < end
            sleep(0.01)


def server_address(memory: eider.Eider, server: Cluster) -> str:
    """Address of the store of a memory."""
    return server.address(memory._engine.store.place.name)
