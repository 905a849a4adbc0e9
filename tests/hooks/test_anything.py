"""Strangers may send anything: no hook breaks, and whatever is answered the client can read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eider
from eider.service.hooks import Hooks
from eider.service.http_request import HttpRequest
from eider_claude_hooks.hook_handler import HookHandler

EVENTS = ("SessionStart", "InstructionsLoaded", "UserPromptSubmit", "Stop", "SubagentStart", "SubagentStop", "PreToolUse",
          "PostToolUse", "PreCompact", "SessionEnd", "Notification", "")  # fmt: skip
FIELDS = ("session_id", "cwd", "transcript_path", "prompt_id", "prompt", "source", "last_assistant_message", "agent_id",
          "agent_type", "agent_transcript_path", "tool_name", "tool_input", "tool_response", "tool_use_id", "file_path")  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4), max_leaves=8,
)  # fmt: skip
LIKELY = st.sampled_from([
    "Agent", "Task", "ExitPlanMode", "WebFetch", "compact", "startup", "fork", "../..", "\0", "/", "<private>", "😀" * 40,
    "Always use tabs.", {"plan": "1. Use tabs everywhere."}, {"prompt": "Which tabs?", "subagent_type": "x"}, "\ud800",
])  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(FIELDS), LIKELY | JSON), st.booleans())
def test_any_event_is_answered_with_what_the_client_can_read(
    handler: HookHandler, memory: eider.Eider, project: Path, name: str, fields: dict[str, Any], placed: bool
) -> None:
    """JSON below ten thousand characters that names the event it answers, or nothing."""
    event = {"hook_event_name": name, **fields}
    if placed:
        event |= {"session_id": "one", "cwd": str(project)}
    answer = handler.answer(event, float("inf"))
    assert handler.writer.flush(30)
    text = json.dumps(answer)
    assert len(text) < 10_000
    if answer:
        assert answer["hookSpecificOutput"]["hookEventName"] == name
        assert name not in {"Stop", "SubagentStop", "SessionEnd", "PreCompact"}


class Broken:
    """A host whose module is at fault."""

    def answer(self, event: Any, until: float) -> Any:
        raise RuntimeError(f"secret {event}")

    changed = tidy = busy = status = close = warm = answer


def test_a_host_at_fault_answers_nothing_and_is_told_once(tmp_path: Path) -> None:
    """Its host goes on; the log hears of it without a word of what was said."""
    told: list[tuple[str, BaseException]] = []
    hooks = Hooks(str(tmp_path), lambda *_: None, lambda where, error: told.append((where, error)))
    hooks.load()
    hooks._hosts["broken"] = Broken()
    for _ in range(3):
        assert hooks.answer(HttpRequest(name="hooks/broken", body={"prompt": "hello"}, local=True, until=1e12)) == {}
    hooks.changed(tmp_path, "remember")
    hooks.tidy()
    hooks.close()
    assert [where for where, _ in told].count("hooks/broken") == 2  # a RuntimeError, and a TypeError of the rest


def test_a_host_that_is_not_there_answers_nothing(tmp_path: Path) -> None:
    hooks = Hooks(str(tmp_path), lambda *_: None, lambda *_: None)
    assert hooks.answer(HttpRequest(name="hooks/nobody", body={}, local=True, until=1e12)) == {}


def test_whoever_wants_no_memory_says_so_in_a_header(tmp_path: Path) -> None:
    """What Eider itself starts learns nothing from itself."""
    heard: list[Any] = []

    class Listening(Broken):
        def answer(self, event: Any, until: float) -> Any:
            heard.append(event)
            return {"heard": True}

    hooks = Hooks(str(tmp_path), lambda *_: None, lambda *_: None)
    hooks.load()
    hooks._hosts["listening"] = Listening()
    ask: Callable[[dict[str, str]], Any] = lambda headers: hooks.answer(  # noqa: E731
        HttpRequest(name="hooks/listening", body={}, local=True, until=1e12, headers=headers)
    )
    assert ask({"eider-hooks": "off"}) == {}
    assert not heard
    assert ask({"eider-hooks": ""}) == {"heard": True}


@pytest.mark.parametrize(("given", "least", "most"), [({}, 0.15, 0.15), ({"eider-deadline": "380"}, 0.3, 0.4),
                                                      ({"eider-deadline": "999999"}, 1.2, 1.2), ({"eider-deadline": "1"}, 0, 0.01)])  # fmt: skip
def test_a_hook_waits_as_long_as_it_says_and_never_long(
    tmp_path: Path, given: dict[str, str], least: float, most: float
) -> None:
    """150 ms where it says nothing, 1.2 s at most."""
    import time

    hooks = Hooks(str(tmp_path), lambda *_: None, lambda *_: None)
    until = time.monotonic() + int(given.get("eider-deadline", "300000")) / 1000
    asked = HttpRequest(name="hooks/claude-code", body={}, local=True, until=until, headers=given)
    assert least <= (hooks.patience(asked) or 0) <= most
    assert hooks.patience(HttpRequest(name="recall", body={}, local=True, until=until)) is None
