"""The seven tools over a memory that a server process holds."""

from __future__ import annotations

import fcntl
import json

import pytest
from homes import Home

import eider
from eider.api.tools import bind
from eider.client.client import Client

pytestmark = pytest.mark.slow


def test_the_tools_work_through_a_server(memory: eider.Eider) -> None:
    """Kept, found, corrected, reinforced and forgotten, with the trust of an agent."""
    box = bind(memory, user="ada", scopes=["project:alpha"], context="reviewing")
    kept = box.call("remember", {"text": "Deploys are on Friday.", "kind": "rule"}, key="s:1")
    assert (kept["status"], kept["trust"]) == ("stored", 1)
    assert box.call("remember", {"text": "Deploys are on Friday.", "kind": "rule"}, key="s:1")["id"] == kept["id"]
    newer = box.call("correct", {"id": kept["id"], "text": "Deploys are on Monday."})
    assert box.call("reinforce", {"id": newer["id"]})["status"] == "stored"
    found = box.call("recall", {"query": "when are deploys?"})
    assert "Monday" in found["text"]
    assert found["text"].startswith("<eider-memory")
    assert box.call("search", {})["total"] == 1
    assert box.call("forget", {"id": newer["id"]})["checks"]
    assert box.call("recall", {"query": "when are deploys?"})["found"] == 0
    assert box.call("correct", {"id": "mem_none", "text": "x"})["error"]["type"] == "UnknownIdError"
    assert memory.policy(user="ada").text == ""
    json.dumps([kept, newer, found])


def test_without_a_server_a_tool_says_what_happens(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write is kept for later and says so; a question is answered with the fix."""
    run = home.path / "run"
    run.mkdir(mode=0o700)
    with monkeypatch.context() as hasty, (run / "owner.lock").open("w") as lock:
        hasty.setitem(Client.__init__.__kwdefaults__, "timeout", 0.5)  # type: ignore[arg-type]
        fcntl.flock(lock, fcntl.LOCK_EX)
        with eider.open("notes", user="ada") as memory:
            box = bind(memory, user="ada")
            assert box.call("remember", {"text": "Deploys are on Friday."})["status"] == "queued"
            assert box.call("correct", {"id": "mem_1", "text": "x"})["status"] == "queued"
            error = box.call("recall", {"query": "when are deploys?"})["error"]
            assert error["type"] == "ServerUnreachableError"
            assert "eider doctor" in error["fix"]
