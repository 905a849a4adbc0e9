"""Codex's own record of a session (`sessions/YYYY/MM/DD/rollout-*.jsonl`), read as turns.

What a person said occurs twice in it, as an event and as an item for the model, beside items that the program wrote as
"user": only the events are read. Newer versions write `item_completed`, older ones `user_message` and `agent_message`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from eider_claude_hooks.transcript import Faults, Turn, is_eider_command, read_lines

_LINE: Final = 4 * 1024 * 1024
_CALLS: Final = ("function_call", "custom_tool_call", "local_shell_call", "web_search_call", "tool_search_call")
_HARMLESS: Final = frozenset(("apply_patch", "update_plan", "request_user_input", "write_stdin", "view_image"))
"""Tools that bring in nothing a stranger wrote."""


def config_folder() -> Path:
    """Where Codex keeps this account's settings and sessions."""
    named = os.environ.get("CODEX_HOME")
    return Path(named).expanduser().absolute() if named else Path.home() / ".codex"


def read_turns(path: Path, start: int = 0) -> tuple[list[Turn], int]:
    """The turns from a byte on, and where the last whole line ends; none where there is no such file."""
    state = _Reading(path)
    end = start
    with suppress(OSError):
        for place, line in read_lines(path, start):
            end = place + len(line)
            if len(line) <= _LINE:
                state.add(line, place)
    return state.turns, end


def all_turns(path: Path) -> tuple[list[Turn], Faults]:
    """The turns of a whole rollout.

    Raises:
        OSError: The file cannot be read.
    """
    path.open("rb").close()
    return read_turns(path)[0], Faults()


def uses_tools(path: Path) -> bool:
    """Whether tools brought in what others wrote, anywhere in a record."""
    return any(turn.tainted for turn in read_turns(path)[0])


def is_untrusted_tool(tool: object, given: object = None) -> bool:
    """Whether a tool brings in what others wrote: all but those that write, plan, or ask this very memory.

    >>> is_untrusted_tool("apply_patch"), is_untrusted_tool("exec_command", {"cmd": "curl example.org"})
    (False, True)
    """
    name = tool if isinstance(tool, str) else ""
    if not name or name in _HARMLESS or name.startswith(("mcp__eider", "eider__")):
        return False
    if not isinstance(given, Mapping):
        return True
    said = given.get("cmd") or given.get("command")
    return not is_eider_command(said[-1] if isinstance(said, list) and said else said)


class _Reading:
    """A rollout while its lines are read."""

    def __init__(self, path: Path) -> None:
        self.turns: list[Turn] = []
        self._session, self._cwd = path.stem[-36:], ""
        self._turn, self._begins = "", 0

    def add(self, line: bytes, place: int) -> None:
        """Take in one line; what cannot be read is passed over, for the format is the program's."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return
        said = row.get("payload") if isinstance(row, dict) else None
        if not isinstance(said, dict):
            return
        kind, what, at = row.get("type"), said.get("type"), _text(row, "timestamp")
        if kind == "session_meta":
            self._session, self._cwd = _text(said, "id") or self._session, _text(said, "cwd")
        elif kind == "turn_context":
            self._cwd, self._turn = _text(said, "cwd") or self._cwd, _text(said, "turn_id") or self._turn
        elif kind == "response_item" and what in _CALLS and self.turns:
            self.turns[-1].tainted = self.turns[-1].tainted or _is_untrusted_call(said)
        elif kind == "event_msg":
            self._add_event(said, str(what), at, place)

    def _add_event(self, said: Mapping[str, Any], what: str, at: str, place: int) -> None:
        item = said.get("item")
        if what == "task_started":
            self._turn, self._begins = _text(said, "turn_id"), place
        elif what == "user_message":
            self._begin(_text(said, "message"), self._turn, at, place)
        elif what == "item_completed" and isinstance(item, dict):
            if item.get("type") == "UserMessage":
                self._begin(_content(item), _text(said, "turn_id") or self._turn, at, place)
            elif item.get("type") == "AgentMessage":
                self._answer(_content(item), at)
        elif what == "agent_message":
            self._answer(_text(said, "message"), at)
        elif what in ("task_complete", "turn_aborted") and self.turns:
            self._answer(_text(said, "last_agent_message"), at)
            self.turns[-1].ended = True

    def _begin(self, prompt: str, turn: str, at: str, place: int) -> None:
        id_ = turn or f"at-{at}"
        if not prompt.strip():
            return
        if self.turns and self.turns[-1].id == id_:  # said while the turn was under way
            self.turns[-1].prompt += f"\n{prompt}"
            return
        self.turns.append(
            Turn(
                id=id_, prompt=prompt, start=self._begins or place, at=at or None, session=self._session, cwd=self._cwd
            )
        )
        self._begins = 0

    def _answer(self, text: str, at: str) -> None:
        if self.turns and text.strip():
            self.turns[-1].answer, self.turns[-1].answered = text, at or None


def _is_untrusted_call(said: Mapping[str, Any]) -> bool:
    given: object = said.get("arguments") or said.get("action")
    if isinstance(given, str):
        with suppress(ValueError, RecursionError):
            given = json.loads(given)
    name = _text(said, "name") or str(said.get("type"))
    space = _text(said, "namespace")
    return is_untrusted_tool(f"{space}{name}" if space.startswith("mcp__") else name, given)


def _content(item: Mapping[str, Any]) -> str:
    parts = item.get("content")
    texts = (part.get("text") for part in parts if isinstance(part, dict)) if isinstance(parts, list) else ()
    return "\n".join(text for text in texts if isinstance(text, str))


def _text(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name)
    return found if isinstance(found, str) else ""
