"""Fixtures: a scripted model server, stores that ask it, and a guard that sees every connection."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import StubServer

import eider
from eider.providers.embedders.hashing import HashEmbedder
from eider.providers.llm import connect


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """A model server; both vendors' libraries are led to it, and no key of whoever runs this is used."""
    for name in (
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "OPENAI_API_KEY",
        "ANTHROPIC_BASE_URL",
        "OPENAI_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    stub = StubServer()
    monkeypatch.setenv("EIDER_MODEL_URL", stub.url)
    monkeypatch.setenv("EIDER_MODEL_KEY", "a-key")
    yield stub
    stub.close()


@pytest.fixture(params=["anthropic", "openai"])
def provider(request: pytest.FixtureRequest) -> str:
    """Both shapes."""
    return str(request.param)


@pytest.fixture
def ask(server: StubServer, provider: str) -> Callable[..., Any]:
    """Makes a model that asks the server; the libraries do not retry unless told."""

    def made(**settings: Any) -> Any:
        given = {"key": "a-key", "url": server.url, "retries": 0, **settings}
        return connect(f"{provider}:stub", **given)

    return made


@pytest.fixture
def unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader is sure of nothing: all that it finds is worth asking about."""
    from dataclasses import replace

    from eider.learn import exchange
    from eider.understand.reader import read_reply
    from eider.understand.scorer import shipped_weights

    weights = replace(shipped_weights(), learn=1.1)
    monkeypatch.setattr(exchange, "read_reply", lambda reply, agent: read_reply(reply, agent, weights=weights))


@pytest.fixture
def memory(server: StubServer, tmp_path: Path) -> Iterator[Callable[..., eider.Eider]]:
    """Opens a store in a mode, at one path; all are closed in the end."""
    opened: list[eider.Eider] = []

    def of(mode: str = "balanced", *, model: str = "anthropic:stub", **more: Any) -> eider.Eider:
        one = eider.open(tmp_path / "m.eider", user="ada", mode=mode, model=model, embedder=HashEmbedder(), **more)
        opened.append(one)
        one._engine.agents.models[model] = connect(
            model, key="a-key", url=server.url, retries=0, purse=purse_of(one), deadline=more.get("deadline", 20.0)
        )
        return one

    yield of
    for one in opened:
        one.close()


def purse_of(one: eider.Eider) -> Any:
    from eider.store.agent_settings import StoreTokenBudget, daily

    return StoreTokenBudget(one._engine.store, one._engine.now, daily())


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that this process connects to; connections themselves go on."""
    seen: list[object] = []
    real = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        seen.append(address)
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return seen
