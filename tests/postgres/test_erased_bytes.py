"""What was forgotten is in none of the files of the server's tables; its write-ahead log is its own business."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cluster import Cluster

import eider
from eider_postgres import copies

SAID = "The safe word is quokka-7741."


def files_with(cluster: Cluster, wanted: bytes) -> list[Path]:
    """Files of tables and indexes that contain these bytes, once all that is in memory was written."""
    cluster.ask("CHECKPOINT")
    return [path for path in (cluster.data / "base").rglob("*") if path.is_file() and wanted in path.read_bytes()]


def traces(memory: eider.Eider, cluster: Cluster) -> Callable[[], list[Path]]:
    """What finds the text, and its vector as it is kept."""
    vector = memory._engine.embedder.embed([SAID], "document")[0].tobytes()
    return lambda: [*files_with(cluster, b"quokka-7741"), *files_with(cluster, vector[100:260])]


@pytest.mark.parametrize("parts", ["0", "3"])
def test_no_file_of_a_table_has_what_was_forgotten(cluster: Cluster, parts: str) -> None:
    """Neither text nor vector, whether tables are divided or not; what stays is read as before."""
    with eider.open(cluster.address(partitions=parts), user="ada", embedder="wordllama") as memory:
        kept = memory.remember("The heron is back.")
        gone = memory.remember(SAID)
        memory.record(f"I said: {SAID}")
        found = traces(memory, cluster)
        assert found()
        memory.forget(gone.id)
        for one in memory.recall("safe word quokka", limit=5):
            if "quokka" in one.text:
                memory.forget(one.id)
        assert found() == []
        assert memory.recall("heron", limit=1)[0].id == kept.id


def test_a_large_table_is_not_written_anew(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are gone for every statement; the bytes are overwritten by what comes, or by VACUUM FULL."""
    with eider.open(cluster.address(), user="ada", embedder="wordllama") as memory:
        memory.remember_many([f"Box {n} holds a lamp." for n in range(20)])
        gone = memory.remember(SAID)  # the last of its page: nothing is moved over it
        found = traces(memory, cluster)
        monkeypatch.setattr(copies, "_FULL", 0)
        receipt = memory.forget(gone.id)
        assert found()
        schema = memory._engine.store.place.name
        assert [line for line in receipt.outside if f"VACUUM FULL {schema}.memories is run" in line]
        for (table,) in cluster.ask(f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'"):
            cluster.ask(f"VACUUM (FULL) {schema}.{table}")
        assert found() == []


def test_it_leaves_although_the_server_lost_count(cluster: Cluster) -> None:
    """A server that crashed between the erasure and the writing anew does not know which tables lost rows."""
    with eider.open(cluster.address(), user="ada", embedder="wordllama") as memory:
        memory.remember_many([f"Box {n} holds a lamp." for n in range(20)])
        gone, found = memory.remember(SAID), traces(memory, cluster)
        memory._engine.paused = lambda: True
        receipt = memory.forget(gone.id, wait=False)
        assert receipt.outside[-1].startswith("the server's write-ahead log")
        cluster.ask("SELECT pg_stat_reset()")
        memory._engine.scrub()
        assert found() == []
