"""What Eider takes for granted of Claude Code, asked of the real one: a new version that differs is noticed here first."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from claude_code import Machine
from places import where_is
from replies import SUMMARISING, planned, send

pytestmark = pytest.mark.client
EVENTS = (
    "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SubagentStart", "SubagentStop", "PreCompact", "SessionEnd",
    "InstructionsLoaded", "SessionStart",
)  # fmt: skip


class Listener:
    """Gets what http hooks post, and answers as told."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {}
        self.wait: dict[str, float] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version, wbufsize = "HTTP/1.1", -1

            def log_message(self, *_: object) -> None:
                """Nothing."""

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.got.append(event)
                time.sleep(server.wait.get(event["hook_event_name"], 0))
                data = json.dumps(server.answers.get(event["hook_event_name"], {})).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                self.close_connection = True

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *_: None  # type: ignore[method-assign]  # who was given up on hangs up
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def names(self) -> list[str]:
        """The events in their order."""
        return [event["hook_event_name"] for event in self.got]

    def last(self, name: str, **wanted: Any) -> dict[str, Any]:
        """The latest event of that name."""
        found = [event for event in self.got if event["hook_event_name"] == name]
        return [event for event in found if wanted.items() <= event.items()][-1]


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def hooked(machine: Machine, listener: Listener) -> Machine:
    """A machine whose client posts every event."""
    hook = {"hooks": [{"type": "http", "url": listener.url, "timeout": 1}]}
    machine.settings.write_text(json.dumps({"hooks": {event: [hook] for event in EVENTS}}))
    return machine


def context(event: str, text: str) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}


def test_every_event_but_the_start_comes_over_http(hooked: Machine, listener: Listener) -> None:
    """So only SessionStart needs a command; a compaction's own agent has no type and counts for nothing."""
    hooked.stub.script.load(
        {
            "rules": [SUMMARISING, {"when": {"last_user": "LOOK"}, "reply": {"text": "seen"}}],
            "replies": [send("LOOK"), {"text": "done"}],
        }
    )
    (hooked.project / "CLAUDE.md").write_text("Be brief.\n")
    listener.answers["SubagentStart"] = context("SubagentStart", "BRIEFING")
    hooked.claude("Send somebody.", "/compact", "And now?")
    assert set(listener.names()) == set(EVENTS) - {"SessionStart"}
    types = [event["agent_type"] for event in listener.got if event["hook_event_name"] == "SubagentStop"]
    assert types == ["general-purpose", ""]
    assert [event["load_reason"] for event in listener.got if "load_reason" in event] == ["session_start", "compact"]
    briefed = [where_is(sent, "BRIEFING") for sent in hooked.stub.turns() if where_is(sent, "BRIEFING")]
    assert briefed == [["messages[0].user[0].text"]]


@pytest.mark.parametrize("approved", [True, False])
def test_only_an_approved_plan_comes_after_the_tool(hooked: Machine, listener: Listener, approved: bool) -> None:
    """PreToolUse shows a plan before the person has read it; PostToolUse has it in the response, and its input is empty."""
    hooked.stub.script.load({"replies": planned("First plums, then pears.")})
    with hooked.talk("--permission-mode", "plan", ask=True) as talk:
        talk.approves = approved
        talk.say("Plan it.")
    assert listener.last("PreToolUse", tool_name="ExitPlanMode")["tool_input"]["plan"] == "First plums, then pears."
    after = [event for event in listener.got if event["hook_event_name"] == "PostToolUse"]
    told = [
        (event["tool_input"], event["tool_response"]["plan"]) for event in after if event["tool_name"] == "ExitPlanMode"
    ]
    assert told == ([({}, "First plums, then pears.")] if approved else [])


def test_a_listener_that_does_not_answer_is_given_up_after_a_second(hooked: Machine, listener: Listener) -> None:
    """`timeout` is in seconds and holds for http; the turn goes on."""
    listener.wait["UserPromptSubmit"] = 30.0
    listener.answers["UserPromptSubmit"] = context("UserPromptSubmit", "TOO LATE")
    turn = hooked.claude("Hello.").turns[0]
    assert turn.text == "stub: ok"
    assert not where_is(turn.requests[0], "TOO LATE")


def test_a_fork_keeps_nothing_of_a_message_but_its_uuid(hooked: Machine, listener: Listener) -> None:
    """A copied transcript has another session and other prompt ids: keys made of them would tell everything twice."""
    first = hooked.claude("The one thing.")
    fork = hooked.claude("The other.", args=["--resume", first.id, "--fork-session"])

    def said(session: str) -> dict[str, Any]:
        return next(row for row in hooked.transcript(session) if row["type"] == "user")

    mine, copy = said(first.id), said(fork.id)
    assert mine["message"]["content"] == copy["message"]["content"] == "The one thing."
    assert (mine["uuid"], mine["timestamp"]) == (copy["uuid"], copy["timestamp"])
    assert mine["sessionId"] != copy["sessionId"]
    assert mine["promptId"] != copy["promptId"]
    assert mine["promptId"] == listener.last("Stop", session_id=first.id)["prompt_id"]
