"""A store in PostgreSQL whose search index lies in object storage, written by several processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from buckets import bucket_server

import eider
from eider.model.errors import ConfigError, InputError

if TYPE_CHECKING:
    from cluster import Cluster

_WRITER = """
import sys
import eider
from eider.model.errors import StaleChangeError

def again(write, *given):
    while True:
        try:
            return write(*given)
        except StaleChangeError:  # another writer was faster, time and again
            pass

with eider.open(sys.argv[1], user="ada", embedder="hash") as memory:
    search = memory._backend.engine.store.index
    for n in range(12):
        made = again(memory.remember, f"Writer {sys.argv[2]} keeps crate {n}.")
        if n % 3 == 0:
            again(memory.correct, made.id, f"Writer {sys.argv[2]} keeps barrel {n}.")
        if n % 4 == 3:
            search.drain()
    search.drain()
"""


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    """Address and keys of a running server."""
    with bucket_server() as env:
        yield env


def test_three_writers_keep_one_index(
    cluster: Cluster, bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is in the index once, as it is now; whoever opens the store follows the index that it notes."""
    for name, value in bucket.items():
        monkeypatch.setenv(name, value)
    address, place = cluster.address(), "s3://notes/one"
    with eider.open(address, user="ada", embedder="hash", index=place) as memory:
        memory.remember("The heron is at the weir.")
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, address, str(n)], env=dict(os.environ)) for n in range(3)
    ]
    assert [writer.wait(240) for writer in writers] == [0, 0, 0]
    with eider.open(address, user="ada") as memory:
        engine = memory._backend.engine
        engine.store.index_upkeep.drain()
        missing, surplus, rows = engine.store.index_upkeep.compare()
        assert (missing, surplus) == (0, 0)
        assert rows == len(engine.store.reads.memories(None, user="ada")) == 1 + 3 * (12 + 4)
        engine.large.rows = 0  # every user is large now: the index nominates
        engine.large.forget("ada")
        engine.store.candidates.count_terms(user="ada")
        assert memory.recall("which barrel does writer 2 keep?", limit=1)[0].text.startswith("Writer 2 keeps barrel")
        gone = memory.recall("where is the heron?", limit=1)[0]
        memory.forget(gone.id)
        engine.store.index_upkeep.drain()
        assert gone.id not in engine.store.index.index.inventory()
    with pytest.raises(ConfigError, match="without index="):
        eider.open(address, user="ada", index="s3://notes/other")


def test_an_index_elsewhere_is_for_a_database(tmp_path: object, cluster: Cluster) -> None:
    """A store in files has its index beside it; a place that is none is refused."""
    with pytest.raises(InputError, match="PostgreSQL"):
        eider.open(f"{tmp_path}/s.eider", index="s3://notes/one")
    with pytest.raises(InputError, match="s3://bucket/prefix"):
        eider.open(cluster.address(), embedder="hash", index="gs://notes")
