"""What is answered before the SDK is there is what the SDK would have said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from eider_mcp.early_answers import VERSIONS, EarlyAnswers

WITHOUT = (
    "from eider_mcp.early_answers import EarlyAnswers as E; E.start = E.finish = lambda self: None; "
    "from runpy import run_module; run_module('eider_mcp', run_name='__main__')"
)
CLIENT = {"name": "test", "version": "1"}


def asks(version: str) -> list[dict[str, Any]]:
    shape = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
    return [
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": shape},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "tools", "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 2, "method": "prompts/list", "params": {}},
    ]


def said(store: Path, sent: list[dict[str, Any]], *, early: bool, read_only: bool = False) -> dict[Any, Any]:
    """All that a server process answers, by id."""
    program = ["-m", "eider_mcp"] if early else ["-c", WITHOUT]
    told = [sys.executable, *program, "--store", str(store), "--user", "ada", *(["--read-only"] if read_only else [])]
    process = subprocess.Popen(told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("".join(json.dumps(message) + "\n" for message in sent))
    process.stdin.flush()
    found: dict[Any, Any] = {}
    while len(found) < sum("id" in message for message in sent):
        message = json.loads(process.stdout.readline())
        assert message["id"] not in found, "answered twice"
        found[message["id"]] = message
    process.stdin.close()
    assert process.stdout.read() == ""
    process.stdout.close()
    assert process.wait(120) == 0
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("version", "read_only"), [("2025-06-18", False), ("2099-01-01", True)])
def test_early_answers_are_the_sdks(tmp_path: Path, version: str, read_only: bool) -> None:
    """Handshake, tools, and what follows them; each request is answered once."""
    store = tmp_path / "m.eider"
    early, late = (said(store, asks(version), early=early, read_only=read_only) for early in (True, False))
    assert early == late


def test_the_versions_are_the_sdks() -> None:
    assert VERSIONS == HANDSHAKE_PROTOCOL_VERSIONS


def test_nothing_of_the_sdk_is_needed_for_them() -> None:
    """Else they would come as late as its own."""
    code = "import sys, eider_mcp.stdio; print({'mcp', 'pydantic', 'anyio'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "set()"
    )


@pytest.mark.parametrize("message", [
    [], {}, {"method": "initialize"}, {"jsonrpc": "2.0", "id": 1, "method": "initialize"},
    {"jsonrpc": "2.0", "id": True, "method": "ping"}, {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "a"}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": [1]}, {"jsonrpc": "2.0", "id": 1, "method": "server/discover"},
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": 7, "capabilities": {}, "clientInfo": CLIENT}},
])  # fmt: skip
def test_what_is_odd_is_left_to_the_sdk(message: object) -> None:
    """It knows what to say to that."""
    assert EarlyAnswers({"name": "eider"}, "", list).answer(message) is None
