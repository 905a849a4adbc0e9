"""The MCP server as clients start it: a process on stdin and stdout, in front of a real server."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from homes import PATIENCE, Home
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult, TextContent

import eider

pytestmark = pytest.mark.slow


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose names are shared through a server; nothing of it outlives the test."""
    made = Home()
    monkeypatch.setenv("EIDER_HOME", str(made.path))
    monkeypatch.setenv("EIDER_SERVER", "auto")
    yield made
    made.close()


def command(*more: str) -> list[str]:
    """What a client's settings say."""
    return [sys.executable, "-m", "eider_mcp", "--store", "notes", "--user", "ada", *more]


HASTY = (
    "from eider.client.client import Client; Client.__init__.__kwdefaults__['timeout'] = 0.5; "
    "from runpy import run_module; run_module('eider_mcp', run_name='__main__')"
)
"""A server that waits half a second for its server."""


def client(*more: str, hasty: bool = False) -> Client:
    """The SDK's client of a server process."""
    program, *args = command(*more)
    if hasty:
        args[:2] = ["-c", HASTY]
    return Client(stdio_client(StdioServerParameters(command=program, args=args, env=dict(os.environ))))


def text(result: CallToolResult) -> str:
    (part,) = result.content
    assert isinstance(part, TextContent)
    return part.text


def started(*more: str) -> subprocess.Popen[str]:
    """A server whose every byte the test sees."""
    return subprocess.Popen(
        command(*more), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def say(process: subprocess.Popen[str], method: str, number: int | None = None, **params: Any) -> dict[str, Any]:
    """Send one message; the answer where it has a number."""
    assert process.stdin is not None
    assert process.stdout is not None
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    if number is not None:
        message["id"] = number
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    return dict(json.loads(process.stdout.readline())) if number is not None else {}


def greet(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The handshake, as most clients still do it."""
    who = {"name": "test", "version": "1"}
    found = say(process, "initialize", 0, protocolVersion="2025-06-18", capabilities={}, clientInfo=who)
    say(process, "notifications/initialized")
    return found


async def test_what_one_process_keeps_another_finds(home: Home) -> None:
    """Kept through one server, found through the next and through the library, as an agent's word."""
    async with client() as first:
        assert not (await first.call_tool("remember", {"text": "Deploys are on Friday."})).is_error
    async with client() as second:
        assert "Friday" in text(await second.call_tool("recall", {"query": "when are deploys?"}))
    with eider.open("notes", user="ada") as memory:
        (kept,) = memory.search().items
    assert kept.memory is not None
    assert (kept.memory.origin, kept.memory.agent) == ("agent", "mcp")


def test_stdout_carries_nothing_but_the_protocol(home: Home) -> None:
    """Each line is one message of it; the process ends by itself when stdin is closed, and says nothing else."""
    with started("--agent", "tester") as server:
        assert greet(server)["result"]["serverInfo"]["name"] == "eider"
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("this is no message\n")
        listed = say(server, "tools/list", 1)
        kept = say(server, "tools/call", 2, name="remember", arguments={"text": "Ada likes green tea."})
        wrong = say(server, "tools/call", 3, name="remember", arguments={})
        out, errors = server.communicate(timeout=PATIENCE)
    assert len(listed["result"]["tools"]) == 9
    assert kept["result"]["structuredContent"]["status"] == "stored"
    assert wrong["result"]["isError"] is True
    assert out == ""
    assert server.returncode == 0
    assert "Traceback" not in errors


def test_odd_characters_are_answered(home: Home) -> None:
    """Half an emoji and NUL, in arguments, names of tools, prompts, resources and entries; numbers that are texts."""
    with started() as server:
        greet(server)
        kept = say(server, "tools/call", 1, name="remember", arguments={"text": "Ada likes tea. half \ud83d, NUL \x00"})
        found = say(server, "tools/call", 2, name="recall", arguments={"query": "tea \udc00", "limit": "3"})
        pair = say(server, "tools/call", 3, name="search", arguments={"text": "\ud83d\ude00"})
        refused = [
            say(server, "tools/call", 4, name="none \ud83d", arguments={}),
            say(server, "tools/call", 5, name="recall", arguments={"\ud83d": 1}),
            say(server, "prompts/get", 6, name="\ud83d"),
            say(server, "resources/read", 7, uri="eider://memory/\ud83d"),
        ]
        server.communicate(timeout=PATIENCE)
    assert kept["result"]["structuredContent"]["status"] == "stored"
    assert "half \ufffd, NUL \ufffd" in found["result"]["structuredContent"]["text"]
    assert not pair["result"].get("isError")
    assert all("error" in answer or answer["result"]["isError"] for answer in refused)


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_although_stdin_is_open(home: Home, sign: int, code: int) -> None:
    """It does not wait for a client that neither speaks nor goes, and leaves no trace of itself on stderr."""
    with started() as server:
        greet(server)
        server.send_signal(sign)
        assert server.wait(timeout=PATIENCE) == code
        assert server.stdin is not None
        server.stdin.close()
        assert server.stderr is not None
        assert "Traceback" not in server.stderr.read()


def test_a_write_under_way_outlives_its_client(home: Home) -> None:
    """A client that asks and hangs up at once has asked: what it told is kept."""
    with started() as server:
        greet(server)
        assert server.stdin is not None
        call = {"name": "remember", "arguments": {"text": "Ada likes green tea."}}
        server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}) + "\n")
        server.communicate(timeout=PATIENCE)
    with eider.open("notes", user="ada") as memory:
        assert memory.search().total == 1


async def test_a_server_that_dies_under_it_is_survived(home: Home) -> None:
    """The next call starts another server; what was acknowledged is there."""
    async with client() as asked:
        assert not (await asked.call_tool("remember", {"text": "Deploys are on Friday."})).is_error
        await asyncio.to_thread(home.kill)
        assert "Friday" in text(await asked.call_tool("recall", {"query": "when are deploys?"}))
        assert not (await asked.call_tool("remember", {"text": "Ada likes green tea."})).is_error
        assert (await asked.call_tool("search", {})).structured_content["total"] == 2  # type: ignore[index]


async def test_six_servers_share_a_store(home: Home) -> None:
    """No lock error, no lost write: each finds what the other five kept, and everything is there once."""
    together = asyncio.Barrier(6)

    async def work(number: int) -> list[str]:
        async with client() as one:
            await together.wait()
            told = [f"Server {number} keeps the number {number}-{turn} in mind." for turn in range(10)]
            done = [await one.call_tool("remember", {"text": statement}) for statement in told]
            await together.wait()
            other = f"Server {(number + 1) % 6} keeps the number {(number + 1) % 6}-7 in mind."
            assert other in text(await one.call_tool("recall", {"query": other}))
        return [text(result) for result in done if result.is_error]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(number)) for number in range(6)]
    assert [task.result() for task in tasks] == [[]] * 6
    with eider.open("notes", user="ada") as memory:
        kept = [r.text for r in memory.search(limit=100).items]
    assert len(kept) == len(set(kept)) == 60
    assert len(home.servers()) == 1


async def test_without_a_server_it_serves_all_the_same(home: Home) -> None:
    """It comes up, says what is wrong where it is asked, and keeps for later what it is told."""
    run = home.path / "run"
    run.mkdir(mode=0o700)
    with (run / "owner.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as if another container had one
        async with client(hasty=True) as asked:
            assert len((await asked.list_tools()).tools) == 9
            kept = await asked.call_tool("remember", {"text": "Deploys are on Friday."})
            assert (kept.structured_content or {})["status"] == "queued"
            found = await asked.call_tool("recall", {"query": "when are deploys?"})
            assert (found.is_error, "eider doctor" in text(found)) == (True, True)
    async with client() as again:
        assert "Friday" in text(await again.call_tool("recall", {"query": "when are deploys?"}))


def test_a_path_is_shared_by_all_who_serve_it(home: Home) -> None:
    """Two clients that name the same path do not lock each other out."""
    place = str(home.path / "mine.eider")
    with started("--store", place) as one, started("--store", place) as two:
        for number, server in enumerate((one, two)):
            greet(server)
            done = say(server, "tools/call", 1, name="remember", arguments={"text": f"Server {number} was here."})
            assert done["result"]["structuredContent"]["status"] == "stored", done
        for server in (one, two):
            server.communicate(timeout=PATIENCE)
