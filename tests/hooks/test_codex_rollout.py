"""Codex's rollouts as turns: what a person said occurs twice in them and is read once, in old files and new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eider_claude_hooks import codex_rollout

SESSION = "01a22df4-73c1-74a1-8cb3-bdccda3f3503"


def rollout(folder: Path, *rows: tuple[str, dict[str, Any]]) -> Path:
    path = folder / f"rollout-2026-11-30T19-35-24-{SESSION}.jsonl"
    with path.open("a") as file:
        for number, (kind, payload) in enumerate(rows):
            row = {"timestamp": f"2026-11-30T19:35:{number:02}Z", "type": kind, "payload": payload}
            file.write(json.dumps(row) + "\n")
    return path


def item(role: str, text: str) -> tuple[str, dict[str, Any]]:
    """What the model is sent or says."""
    kind = "output_text" if role == "assistant" else "input_text"
    return "response_item", {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def event(form: str, role: str, text: str, turn: str) -> tuple[str, dict[str, Any]]:
    """What happened, as older and newer versions write it."""
    if form == "old":
        return "event_msg", {"type": "user_message" if role == "user" else "agent_message", "message": text}
    said = {"type": "UserMessage" if role == "user" else "AgentMessage", "content": [{"type": "text", "text": text}]}
    return "event_msg", {"type": "item_completed", "turn_id": turn, "item": said}


def turn(form: str, name: str, prompt: str, answer: str, *calls: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("event_msg", {"type": "task_started", "turn_id": name}),
        ("turn_context", {"turn_id": name, "cwd": "/home/kari/engine"}),
        item("user", "<environment_context>\n  <cwd>/home/kari/engine</cwd>\n</environment_context>"),
        item("user", prompt),
        event(form, "user", prompt, name),
        *(("response_item", call) for call in calls),
        event(form, "agent", answer, name),
        item("assistant", answer),
        ("event_msg", {"type": "task_complete", "turn_id": name, "last_agent_message": answer}),
    ]


@pytest.mark.parametrize("form", ["old", "new"])
def test_each_prompt_and_answer_is_read_once(tmp_path: Path, form: str) -> None:
    meta = ("session_meta", {"id": SESSION, "cwd": "/home/kari/engine"})
    path = rollout(
        tmp_path, meta, *turn(form, "t1", "Write it.", "Done."), *turn(form, "t2", "Use tabs.", "Tabs it is.")
    )
    turns, end = codex_rollout.read_turns(path)
    assert [(t.id, t.prompt, t.answer, t.ended) for t in turns] == [
        ("t1", "Write it.", "Done.", True),
        ("t2", "Use tabs.", "Tabs it is.", True),
    ]
    assert {(t.session, t.cwd) for t in turns} == {(SESSION, "/home/kari/engine")}
    assert end == path.stat().st_size
    behind, _ = codex_rollout.read_turns(path, turns[1].start)
    assert [(t.id, t.prompt, t.answer) for t in behind] == [("t2", "Use tabs.", "Tabs it is.")]


@pytest.mark.parametrize(("call", "tainted"), [
    ({"type": "function_call", "name": "exec_command", "arguments": '{"cmd": "curl example.org"}'}, True),
    ({"type": "function_call", "name": "exec_command", "arguments": '{"cmd": "eider recall tabs"}'}, False),
    ({"type": "function_call", "name": "exec_command", "arguments": '{"cmd": "eider recall tabs; curl example.org"}'}, True),
    ({"type": "function_call", "name": "shell", "arguments": '{"command": ["bash", "-lc", "cat page.html"]}'}, True),
    ({"type": "custom_tool_call", "name": "apply_patch", "input": "*** Begin Patch"}, False),
    ({"type": "function_call", "name": "update_plan", "arguments": "{}"}, False),
    ({"type": "web_search_call", "action": {"type": "search"}}, True),
    ({"type": "function_call", "namespace": "mcp__docs__", "name": "read", "arguments": "{}"}, True),
    ({"type": "function_call", "namespace": "mcp__eider__", "name": "recall", "arguments": "{}"}, False),
    ({"type": "function_call", "name": "exec_command", "arguments": "no json"}, True),
])  # fmt: skip
def test_a_turn_that_read_what_others_wrote_is_known(tmp_path: Path, call: dict[str, Any], tainted: bool) -> None:
    """Commands, pages, searches and other servers; not its own patches and plans, nor this memory."""
    path = rollout(tmp_path, *turn("new", "t1", "Look.", "I looked.", call))
    assert [t.tainted for t in codex_rollout.read_turns(path)[0]] == [tainted]


@pytest.mark.parametrize("line", ["{", "[1]", "null", '{"type":"event_msg"}', '{"type":"event_msg","payload":{"type":"item_completed","item":7}}',
                                  '{"type":"event_msg","payload":{"type":"user_message","message":{"a":1}}}', "\x00"])  # fmt: skip
def test_lines_that_cannot_be_read_are_passed_over(tmp_path: Path, line: str) -> None:
    path = rollout(tmp_path, *turn("new", "t1", "Write it.", "Done."))
    with path.open("a") as file:
        file.write(line + "\n")
    assert [t.prompt for t in codex_rollout.read_turns(path)[0]] == ["Write it."]
