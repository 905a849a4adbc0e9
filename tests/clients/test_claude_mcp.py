"""The real Claude Code as an MCP client of Eider, set up as its users do it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from claude_code import Conversation, Machine
from homes import Home, until
from places import how_often
from stub_wire import Json

import eider
from eider.client.client import server_notes

pytestmark = pytest.mark.client
TOOL = "mcp__eider__"


def added(machine: Machine, *told: str) -> Machine:
    """A machine on which `claude mcp add` was run for its user."""
    command = [str(machine.binary), "mcp", "add", "--scope", "user", *told]
    done = subprocess.run(
        command, cwd=machine.project, env=machine.environment(), text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return machine


@pytest.fixture
def over_stdio(machine: Machine) -> Machine:
    """Claude Code starts a server process per session."""
    return added(machine, "eider", "--", sys.executable, "-m", "eider_mcp", "--project", "--agent", "claude-code")


@pytest.fixture
def over_http(machine: Machine, home: Home) -> Machine:
    """Claude Code asks the server itself."""
    home.start()
    token = (home.path / "run" / "token").read_text()
    url = f"http://127.0.0.1:{server_notes(str(home))['port']}/mcp?agent=claude-code"
    return added(machine, "--transport", "http", "eider", url, "--header", f"Authorization: Bearer {token}")


def calls(name: str, **given: Any) -> Json:
    """A reply that calls one of the memory's tools."""
    return {"tools": [{"name": TOOL + name, "input": given}]}


def offered(request: Json) -> set[str]:
    """Names of the memory's tools in a request."""
    names = {str(tool["name"]) for tool in request["body"].get("tools", ())}
    return {name.removeprefix(TOOL) for name in names if name.startswith(TOOL)}


def results(request: Json) -> str:
    """What tools answered, as the model reads it."""
    parts = [part for one in request["body"]["messages"] if isinstance(one["content"], list) for part in one["content"]]
    return "\n".join(json.dumps(part["content"]) for part in parts if part.get("type") == "tool_result")


def talked(machine: Machine, prompt: str, *replies: Json) -> Conversation:
    """A conversation with a greeting first: Claude Code waits for no server at its start, and shows some of it a turn later."""
    greeting = {"when": {"last_user": r"Hello there\.$"}, "reply": {"text": "Hello."}}
    machine.stub.reset({"rules": [greeting], "replies": [*replies]})
    with machine.talk() as conversation:
        until(lambda: 'MCP server "eider": Successfully connected' in conversation.debug, "the connection")
        conversation.say("Hello there.")
        conversation.say(prompt)
    return conversation


def test_what_one_session_keeps_the_next_recalls(over_stdio: Machine, memory: eider.Eider) -> None:
    """Two sessions of the real client: the first remembers, the second recalls it framed as data."""
    keep = calls("remember", text="Deploys are on Friday.", kind="decision")
    first = talked(over_stdio, "Keep in mind when we deploy.", keep, {"text": "Noted."})
    assert "stored" in results(first.requests[-1])
    (kept,) = [r.memory for r in memory.search().items if r.memory]
    assert (kept.text, kept.origin, kept.agent) == ("Deploys are on Friday.", "agent", "claude-code")
    assert kept.scope == eider.project_scope(over_stdio.project)
    second = talked(
        over_stdio, "When do we deploy?", calls("recall", query="when are deploys?"), {"text": "On Friday."}
    )
    assert second.turns[-1].text == "On Friday."
    told = results(second.requests[-1])
    assert "Deploys are on Friday." in told.partition("<eider-memory")[2]


def test_the_model_sees_what_it_needs_without_looking_for_it(over_stdio: Machine) -> None:
    """Instructions and three tools are in its requests; the rest can be looked up by name."""
    sent = talked(over_stdio, "Hello again.").requests
    last = [request for request in sent if request["body"].get("tools")][-1]  # others make up titles
    assert offered(last) == {"policy", "recall", "remember"}
    assert how_often(last, "Recall before you ask the user") == 1
    for name in ("search", "forget", "correct", "reinforce", "signal_outcome", "why"):
        assert how_often(last, TOOL + name) == 1


def test_a_prompt_of_the_menu_is_said_in_the_users_name(over_stdio: Machine, memory: eider.Eider) -> None:
    """What the user wants obeyed is put into the conversation by a command of Claude Code's menu."""
    memory.add_rules(["Answer in German."])
    talk = talked(over_stdio, f"/{TOOL}begin_work letters", {"text": "Gern."})
    assert how_often(talk.requests[-1], "We begin to work on: letters") == 1
    assert how_often(talk.requests[-1], "Answer in German.") == 1


def test_a_mistake_of_the_model_comes_back_with_the_fix(over_stdio: Machine) -> None:
    """The session goes on, and the next call can be right."""
    talk = talked(over_stdio, "What do I drink?", calls("recall", query="tea", limit=99), {"text": "I see."})
    assert "pass 1 to 20" in results(talk.requests[-1])
    assert talk.turns[-1].text == "I see."


def test_the_server_serves_it_over_http(over_http: Machine, memory: eider.Eider) -> None:
    """Without any process of its own between the client and the memory."""
    memory.add_rules(["Answer in German."])
    keep = calls("remember", text="Deploys are on Friday.")
    talk = talked(over_http, "Keep in mind when we deploy.", keep, calls("policy"), {"text": "Noted."})
    assert "Answer in German." in results(talk.requests[-1])
    (kept,) = [r.memory for r in memory.search("deploys").items if r.memory and r.memory.agent == "claude-code"]
    assert kept.text == "Deploys are on Friday."
