"""MCP over streamable HTTP, served by a real server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
import pytest
from homes import PATIENCE, Home
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent, TextResourceContents

import eider

pytestmark = pytest.mark.slow


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose names are shared through a server; nothing of it outlives the test."""
    made = Home()
    monkeypatch.setenv("EIDER_HOME", str(made.path))
    monkeypatch.setenv("EIDER_SERVER", "auto")
    made.settings(embedder="hash", user="ada", store="notes")
    made.start()
    yield made
    made.close()


def address(home: Home, said: str = "") -> str:
    """Where the server of a home serves MCP now."""
    port = json.loads((home.path / "run" / "owner.json").read_text())["port"]
    return f"http://127.0.0.1:{port}/mcp{said}"


def credentials(home: Home) -> dict[str, str]:
    return {"Authorization": f"Bearer {(home.path / 'run' / 'token').read_text()}"}


@asynccontextmanager
async def client(home: Home, said: str = "", mode: Literal["auto", "legacy"] = "auto") -> AsyncIterator[Client]:
    """The SDK's client, with the token in its headers."""
    async with (
        httpx2.AsyncClient(headers=credentials(home), timeout=PATIENCE) as http,
        Client(streamable_http_client(address(home, said), http_client=http), mode=mode) as asked,
    ):
        yield asked


async def told(asked: Client, name: str, **arguments: Any) -> str:
    """What a tool answers, in words."""
    done = await asked.call_tool(name, arguments)
    (part,) = done.content
    assert isinstance(part, TextContent)
    return part.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_is_served_by_the_server(home: Home, mode: Literal["auto", "legacy"]) -> None:
    """Tools, resources and prompts, in today's protocol and in the one before; the settings say whose memory it is."""
    with eider.open("notes", user="ada") as memory:
        memory.add_rules(["Answer in German."])
    async with client(home, mode=mode) as asked:
        assert "signal_outcome" not in {tool.name for tool in (await asked.list_tools()).tools}
        assert "status: stored" in await told(asked, "remember", text="Deploys are on Friday.")
        assert "Friday" in await told(asked, "recall", query="when are deploys?")
        (policy,) = (await asked.read_resource("eider://policy")).contents
        assert isinstance(policy, TextResourceContents)
        assert "Answer in German." in policy.text
        assert len((await asked.list_prompts()).prompts) == 4
        assert (await asked.call_tool("recall", {})).is_error
    with eider.open("notes", user="ada") as memory:
        kept = next(r.memory for r in memory.search("Deploys").items if r.memory and "Friday" in r.text)
    assert (kept.origin, kept.agent, kept.user) == ("agent", "mcp", "ada")


async def test_the_address_says_whose_memory_and_how_much_of_it(home: Home) -> None:
    """User, store, scopes, agent and read-only stand in the address; each address has a memory of its own."""
    async with client(home, "?user=eve&store=work&scope=project:alpha&agent=tester") as asked:
        assert "status: stored" in await told(asked, "remember", text="Alpha deploys on Friday.")
    async with client(home, "?user=eve&store=work&read_only=1") as asked:
        assert "remember" not in {tool.name for tool in (await asked.list_tools()).tools}
        assert "Friday" in await told(asked, "recall", query="when does alpha deploy?")
    async with client(home) as asked:
        assert await told(asked, "recall", query="when does alpha deploy?") == "Nothing is known about that."
    with eider.open("work", user="eve") as memory:
        (kept,) = [r.memory for r in memory.search().items if r.memory]
    assert (kept.scope, kept.agent) == ("project:alpha", "tester")


@pytest.mark.parametrize(
    ("said", "fix"),
    [("?role=admin", "it may say store, user"), ("?user=ada&user=eve", "say it once"), ("?read_only=maybe", "write one of them"),
     ("?store=..%2Fthere.eider", "name a store of its home"), ("?store=%2Fetc%2Fthere.eider", "name a store of its home")],
)  # fmt: skip
def test_a_wrong_address_is_told_what_it_may_say(home: Home, said: str, fix: str) -> None:
    """In the protocol's own form, before anything is opened."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    answer = httpx2.post(address(home, said), headers=credentials(home), json=message, timeout=PATIENCE)
    assert answer.status_code == 400
    assert fix in answer.json()["error"]["message"]


def test_without_the_token_or_from_a_web_page_nobody_is_served(home: Home) -> None:
    """The rules of the server's TCP listener hold; streams are not offered."""
    good = credentials(home)
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {**good, "Origin": "http://localhost"},
        {**good, "Host": "evil.example"},
    ):
        assert httpx2.post(address(home), headers=headers, json={}, timeout=PATIENCE).status_code == 401
    assert httpx2.get(address(home), headers=good, timeout=PATIENCE).status_code == 405


async def test_a_server_that_is_replaced_between_two_calls_is_not_noticed(home: Home) -> None:
    """There are no sessions to lose: the same client goes on with the next server, if it listens where the last did."""
    port = int(address(home).rpartition(":")[2].partition("/")[0])
    async with client(home) as asked:
        assert "status: stored" in await told(asked, "remember", text="Deploys are on Friday.")
        await asyncio.to_thread(home.kill)
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "eider", "serve", "--foreground", "--port", str(port), stdout=asyncio.subprocess.PIPE
        )
        assert server.stdout is not None
        assert b"serving" in await server.stdout.readline()
        assert "Friday" in await told(asked, "recall", query="when are deploys?")
    server.terminate()
    await server.communicate()


async def test_many_clients_at_once(home: Home) -> None:
    """Each write is kept once, and each finds its own."""

    async def work(number: int) -> None:
        async with client(home, f"?agent=a{number}") as asked:
            for turn in range(5):
                assert "status: stored" in await told(asked, "remember", text=f"Client {number} keeps {number}-{turn}.")
            assert f"{number}-3" in await told(asked, "recall", query=f"what does client {number} keep as {number}-3?")

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(work(number))
    with eider.open("notes", user="ada") as memory:
        assert memory.search().total == 30
