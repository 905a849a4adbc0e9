"""What the benchmarks of hosts share: a home with a server that knows much."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import corpus

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS / "clients"), str(_TESTS / "service")]

from homes import Home  # noqa: E402 (the tests' own harness)

from eider.api.wire import encode  # noqa: E402
from eider.client.client import Client  # noqa: E402


@contextmanager
def filled_home(count: int) -> Generator[Home]:
    """A home whose default store holds so many memories, in the embedder that users have."""
    home = Home()
    home.settings(user="ada")
    client = Client(store="default", user="ada", home_folder=str(home), timeout=300.0)
    try:
        texts = corpus.statements(count)
        for at in range(0, count, 1_000):
            items = [{"text": text, "kind": "fact"} for text in texts[at : at + 1_000]]
            client.call("remember_many", {"items": encode(items)})
        client.call("drain", {})
        yield home
    finally:
        client.close()
        home.close()
