"""What other packages serve within the server: let in, bounded and answered like everything the server answers itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from eider.model.errors import InputError, MissingExtraError
from eider.service.dispatcher import Dispatcher
from eider.service.http_app import HOOKED, MAX_BODY, App
from eider.service.in_process_backend import ServerContext
from eider.service.mounts import Mounts, list_mounts

TOKEN = "let-me-in"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An application that says what it was asked, in two parts."""
    heard = await receive()
    assert heard["more_body"] is False
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-from", b"echo")]})
    await send({"type": "http.response.body", "body": scope["path"].encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b" " + heard["body"]})


def silent(_: ServerContext) -> Any:
    """A factory of an application that never answers."""

    async def waiting(*_: Any) -> None:
        await asyncio.Event().wait()

    return waiting


def broken() -> Any:
    """A factory whose package is not installed."""
    raise MissingExtraError("mcp", "mcp")


@pytest.fixture
def made() -> list[Any]:
    """What the echo's factory was called with."""
    return []


@pytest.fixture
def app(made: list[Any]) -> Iterator[App]:
    """An application with three mounts."""

    def factory(inside: ServerContext) -> Any:
        made.append(inside)
        return echo

    inside = cast("ServerContext", "inside")
    mounts = Mounts(inside=inside, found={"echo": lambda: factory, "gone": broken, "silent": lambda: silent})
    one = App(answers={}, token=TOKEN, hosts=frozenset({"localhost"}), mounts=mounts)
    yield one
    one.close()


async def ask(
    app: App, path: str, body: bytes = b"", *, local: bool = False, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request, as uvicorn hands it over: status, headers and content of the answer."""
    given = {"host": "localhost:1", "content-length": str(len(body)), **headers}
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
        "server": ("/run/owner.sock", None) if local else ("127.0.0.1", 1), "client": None if local else ("127.0.0.1", 2),
    }  # fmt: skip
    if given.get("x-hooked"):
        scope[HOOKED] = True
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return messages.pop() if messages else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:])


async def test_a_mount_answers_below_its_name_in_one_whole(app: App, made: list[Any]) -> None:
    """It is made with the first request, once, and what it sends in parts arrives with its length."""
    assert made == []
    for path in ("/echo", "/echo/deeper"):
        status, headers, content = await ask(app, path, b"hello", authorization=f"Bearer {TOKEN}")
        assert (status, headers["x-from"], content) == (201, "echo", f"{path} hello".encode())
        assert headers["content-length"] == str(len(content))
        assert headers["eider-version"]
    assert made == ["inside"]


async def test_over_tcp_a_mount_wants_what_the_server_wants(app: App, made: list[Any]) -> None:
    """Token, host and origin are looked at before anything of it is even imported; the socket needs no token."""
    good = f"Bearer {TOKEN}"
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": good, "host": "evil.example"},
                    {"authorization": good, "origin": "http://localhost"}):  # fmt: skip
        status, _, content = await ask(app, "/echo", b"{}", **headers)
        assert (status, json.loads(content)["error"]["kind"]) == (401, "TokenError")
    assert made == []
    assert (await ask(app, "/echo", b"{}", local=True))[0] == 201


async def test_the_hook_port_leads_to_no_mount(app: App, made: list[Any]) -> None:
    """Its token opens hooks only."""
    assert (await ask(app, "/echo", b"{}", **{"x-hooked": "1"}))[0] == 400
    assert made == []


async def test_a_mount_is_bounded(app: App, made: list[Any]) -> None:
    """What is too large is refused before it is read."""
    size = {"content-length": str(MAX_BODY + 1)}
    status, _, content = await ask(app, "/echo", b"", local=True, **size)
    assert (status, json.loads(content)["error"]["kind"]) == (413, "TooLargeError")
    assert made == []


async def test_a_mount_that_cannot_be_made_says_what_to_install(app: App) -> None:
    """In one line, each time it is asked; the server and its other mounts go on."""
    for _ in range(2):
        status, _, content = await ask(app, "/gone", b"{}", local=True)
        assert (status, "pip install 'eider-memory[mcp]'" in json.loads(content)["error"]["message"]) == (500, True)
    assert (await ask(app, "/echo", b"{}", local=True))[0] == 201


async def test_a_mount_that_does_not_answer_is_given_up(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is served here can hold the server for ever."""
    monkeypatch.setattr("eider.service.mounts.SECONDS", 0.01)
    status, _, content = await ask(app, "/silent", b"{}", local=True)
    assert (status, json.loads(content)["error"]["message"][:25]) == (500, "/silent did not answer wi")
    assert app.waiting == app.held == 0


async def test_other_paths_are_the_servers(app: App) -> None:
    """A name that only begins like a mount's is none."""
    assert (await ask(app, "/echoes", b"{}", local=True))[0] == 400


def test_mcp_is_mounted() -> None:
    """By name, without importing it."""
    assert "mcp" in list_mounts()


def test_a_mount_asks_the_servers_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same verbs and errors as any client's, under the ceiling of its channel, and no paths of the machine."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    dispatcher = Dispatcher(str(tmp_path))
    try:
        inside = ServerContext(server=dispatcher)
        memory = inside.open("notes", agent="tester", channel="door", max_trust="tool")
        kept = memory.channel("inner", "user").remember("Deploys are on Friday.", user="ada")
        assert (kept.origin, kept.agent) == ("tool", "tester")
        assert [r.id for r in memory.with_timeout(1.0).recall("when are deploys?", user="ada")] == [kept.id]
        assert memory.events(user="ada")[0].actor == "inner"
        with pytest.raises(InputError, match="no memory 'mem_none'"):
            memory.why("mem_none", user="ada")
        memory.close()
        for store in ("./here.eider", "../there", "/etc/there.eider"):
            with pytest.raises(InputError):
                inside.open(store, agent="tester", channel="door")
    finally:
        dispatcher.close()
