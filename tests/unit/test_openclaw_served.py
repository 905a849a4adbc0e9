"""What the server serves for the plugin in OpenClaw: four tools, framed, for whom the plugin says, as an agent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eider.model.errors import InputError
from eider.service.dispatcher import Dispatcher
from eider.service.in_process_backend import ServerContext
from eider_openclaw import served

MARK = '<eider-memory v="1"'


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerContext]:
    """An server without the HTTP."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    dispatcher = Dispatcher(str(tmp_path))
    yield ServerContext(server=dispatcher)
    dispatcher.close()


def call(inside: ServerContext, tool: str, user: str = "ada", **arguments: Any) -> Any:
    """One call of a tool."""
    return served.call_tool(inside, {"tool": tool, "user": user, "arguments": arguments, "key": "k"})


def test_what_is_remembered_is_recalled_explained_and_forgotten(inside: ServerContext) -> None:
    """All text of memories leaves framed as data."""
    kept = call(inside, "remember", text="The cabin has two beds.")
    assert kept["trust"] == 1
    assert call(inside, "remember", text="The cabin has two beds.")["id"] == kept["id"]
    assert call(inside, "recall", query="How many beds has the cabin?")["text"].startswith(MARK)
    why = call(inside, "why", id=kept["id"])
    assert why["text"].startswith(MARK)
    assert "two beds" in why["text"]
    assert "two beds" not in json.dumps({**why, "text": ""})
    assert call(inside, "forget", id=kept["id"])["status"] == "erased"
    assert call(inside, "recall", query="How many beds has the cabin?")["found"] == 0


def test_each_user_and_store_is_asked_alone(inside: ServerContext) -> None:
    """Another's memory does not exist, under any name."""
    kept = call(inside, "remember", text="The cabin has two beds.")
    assert call(inside, "recall", user="group:whatsapp:1", query="How many beds has the cabin?")["found"] == 0
    assert "error" in call(inside, "why", user="group:whatsapp:1", id=kept["id"])
    other = served.call_tool(
        inside, {"tool": "recall", "user": "ada", "store": "openclaw-work", "arguments": {"query": "How many beds?"}}
    )
    assert other["found"] == 0


def test_what_is_not_offered_is_refused(inside: ServerContext) -> None:
    """By name, without a user, or by a path of a store."""
    for given in (
        {"tool": "sql", "user": "ada"},
        {"tool": "recall"},
        {"tool": "recall", "user": "ada", "arguments": 7},
    ):
        with pytest.raises(InputError):
            served.call_tool(inside, given)
    with pytest.raises(InputError, match="path of the server's machine"):
        served.call_tool(
            inside, {"tool": "recall", "user": "ada", "store": "/etc/x.eider", "arguments": {"query": "x"}}
        )


async def test_over_http_it_answers_json_whatever_comes(inside: ServerContext) -> None:
    """Only POST /openclaw/tools; what cannot be read is an error with the fix."""
    app = served.mounted(inside)

    async def asked(method: str, path: str, body: bytes) -> tuple[int, Any]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app({"method": method, "path": path}, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"])

    good = {"tool": "recall", "user": "ada", "arguments": {"query": "beds"}}
    assert (await asked("POST", "/openclaw/tools", json.dumps(good).encode())) == (
        200,
        {"found": 0, "results": [], "text": ""},
    )
    for body in (b"", b"[]", b"{", b"\xff", b'{"tool": "recall"}'):
        status, answer = await asked("POST", "/openclaw/tools", body)
        assert (status, answer["error"]["kind"]) == (400, "InputError")
    assert (await asked("GET", "/openclaw/tools", b""))[0] == 404
    assert (await asked("POST", "/openclaw/other", b""))[0] == 404
