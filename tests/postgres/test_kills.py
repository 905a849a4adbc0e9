"""Writers that are killed, and a server that is killed under them: what was acknowledged is there once, and all holds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from time import monotonic, sleep

import pytest
from cluster import Cluster

import eider
from eider.providers.embedders.hashing import HashEmbedder

pytestmark = pytest.mark.crash

WRITER = """
import sys, time
import eider
from eider.model.errors import StoreUnreachableError
from eider.providers.embedders.hashing import HashEmbedder

address, name = sys.argv[1:]
def opened():
    while True:
        try:
            return eider.open(address, user="ada", embedder=HashEmbedder())
        except StoreUnreachableError:
            time.sleep(0.05)
memory = opened()
n = 0
while True:
    try:
        memory.record(f"{name} says {n}.", key=f"{name}:{n}", session=name)
    except StoreUnreachableError:
        time.sleep(0.05)
        continue
    print(n, flush=True)
    n += 1
"""
KILLS = 40 if os.environ.get("EIDER_NIGHTLY") else 5


class Writer:
    """A process that writes numbered utterances until it is killed."""

    def __init__(self, address: str, name: str) -> None:
        self.name = name
        command = [sys.executable, "-c", WRITER, address, name]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.acknowledged = [int(self.process.stdout.readline())]

    def kill(self) -> list[str]:
        """Kill it; returns the keys of what it was told is kept."""
        self.process.send_signal(signal.SIGKILL)
        out, _ = self.process.communicate(timeout=60)
        self.acknowledged += [int(line) for line in out.splitlines() if line.isdigit()]
        return [f"{self.name}:{n}" for n in self.acknowledged]


def kept(address: str) -> list[str]:
    """Keys of what is there; the store is whole."""
    with eider.open(address, user="ada", embedder=HashEmbedder()) as memory:
        assert memory.verify(deep=True).findings == ()
        places = memory.sql("SELECT session, count(*), max(seq) FROM episodes GROUP BY session")
        assert all(count == last + 1 for _, count, last in places)
        return [row[0] for row in memory.sql("SELECT key FROM episodes")]


def test_killed_writers_lose_nothing_they_were_told_is_kept(cluster: Cluster) -> None:
    """Two at a time on one store, killed at random moments."""
    address, chance, told = cluster.address(), random.Random(7), list[str]()
    for n in range(KILLS):
        writers = [Writer(address, f"w{n}-{name}") for name in "ab"]
        sleep(chance.random() * 0.3)
        for writer in writers:
            told += writer.kill()
    there = kept(address)
    assert len(there) == len(set(there))
    assert set(told) <= set(there)
    assert cluster.ask("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%'", []) == [(0,)]


def test_a_server_that_is_killed_under_a_writer_loses_nothing_acknowledged() -> None:
    """The writer goes on by itself when the server is back; what was not acknowledged is repeated by its key."""
    server = Cluster(fsync=True)
    try:
        address = server.address()
        writer = Writer(address, "w")
        for _ in range(max(2, KILLS // 3)):
            sleep(0.3)
            server.stop("immediate")
            server.start()
        end = monotonic() + 120
        assert writer.process.stdout is not None
        for _ in range(5):  # it writes again
            writer.acknowledged.append(int(writer.process.stdout.readline()))
            assert monotonic() < end
        told = writer.kill()
        there = kept(address)
        assert len(there) == len(set(there))
        assert set(told) <= set(there)
    finally:
        server.close()
