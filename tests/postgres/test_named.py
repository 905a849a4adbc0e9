"""A store by name whose rows are in PostgreSQL: made by a command, served by the server, spooled while it is away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from cluster import Cluster
from homes import Home

import eider
from eider.providers.embedders.hashing import HashEmbedder
from eider.service.spool_drain import is_empty
from eider.store.backends import ADDRESS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A database server of its own, which is stopped."""
    made = Cluster(fsync=True)
    yield made
    made.close()


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home with a server process of its own; nothing of it outlives the test."""
    made = Home()
    made.settings(embedder="hash", user="ada")
    monkeypatch.setenv("EIDER_HOME", str(made.path))
    monkeypatch.setenv("EIDER_SERVER", "auto")
    yield made
    made.close()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a user runs it."""
    command = [sys.executable, "-m", "eider", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_named_store_over_postgres(home: Home, server: Cluster) -> None:
    """Made by a command, kept and recalled through the server process; another machine's owner sees the same rows."""
    address = server.address("team")
    made = run("store", "create", "team", "--backend", "postgres", "--address", address)
    assert made.returncode == 0, made.stderr
    folder = Path(home.path) / "stores" / "team.eider"
    assert (folder / ADDRESS).read_text().strip() == address
    assert (folder / ADDRESS).stat().st_mode & 0o077 == 0
    with eider.open("team", user="ada") as memory, eider.open(address, user="ada", embedder=HashEmbedder()) as other:
        memory.record("The staging database runs on kestrel-7.")
        assert "kestrel-7" in memory.recall("Where does the staging database run?")[0].text
        assert "kestrel-7" in other.recall("Where does the staging database run?")[0].text
        server.stop()
        try:
            memory.record("Said while the database was away.")
            assert not is_empty(str(home.path))
        finally:
            server.start()
        end = monotonic() + 200
        while not any("was away" in r.text for r in other.recall("What was said while it was away?")):
            assert monotonic() < end
            memory.drain()
            sleep(0.2)
    assert "team" in run("store", "list").stdout


def test_a_password_in_an_address_is_not_kept(home: Home, server: Cluster) -> None:
    """It is refused without being repeated, and nothing is made."""
    address = server.address("x").replace("eider@", "eider:hunter2@")
    said = run("store", "create", "x", "--backend", "postgres", "--address", address)
    assert said.returncode != 0
    assert "pgpass" in said.stderr
    assert "hunter2" not in said.stdout + said.stderr
    assert not (Path(home.path) / "stores" / "x.eider").exists()
