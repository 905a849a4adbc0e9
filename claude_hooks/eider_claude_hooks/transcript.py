"""The client's own record of a session: what was said in it, for what no hook could deliver."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

_LINE: Final = 4 * 1024 * 1024
"""Bytes of a line that is read; a longer one is a picture or a file."""
_USER, _AGENT = b'"type":"user"', b'"type":"assistant"'
_HARMLESS: Final = frozenset((
    "Write", "Edit", "MultiEdit", "NotebookEdit", "TodoWrite", "ExitPlanMode", "EnterPlanMode", "AskUserQuestion",
    "Skill", "ToolSearch", "ScheduleWakeup", "ReportFindings", "TaskCreate", "TaskUpdate", "TaskList", "TaskStop",
    "EnterWorktree", "ExitWorktree", "CronCreate", "CronDelete", "CronList", "SendMessage", "ListAgents",
))  # fmt: skip
"""Tools that bring in nothing a stranger wrote."""


@dataclass(slots=True, kw_only=True)
class Turn:
    """One prompt and what the agent answered at last."""

    id: str
    """The client's own id of the prompt, as its hooks know it."""
    prompt: str
    start: int
    """Byte in the file at which it begins."""
    at: str | None = None
    """ISO 8601, in UTC."""
    source: str | None = None
    """Who wrote the prompt, where the client says."""
    answer: str = ""
    tainted: bool = False
    """Whether tools brought in what others wrote."""
    _message: str = field(default="", repr=False)


def taints(tool: object, given: object = None) -> bool:
    """Whether a tool brings in what others wrote: all but those that write, plan, or ask this very memory.

    >>> taints("WebFetch"), taints("Edit"), taints("Bash", {"command": "eider recall tabs"})
    (True, False, False)
    """
    name = tool if isinstance(tool, str) else ""
    if not name or name in _HARMLESS or name.startswith("mcp__eider"):
        return False
    command = cast("Mapping[str, Any]", given).get("command") if isinstance(given, Mapping) else None
    return not (name == "Bash" and isinstance(command, str) and command.split(maxsplit=1)[:1] == ["eider"])


def turns(path: Path, start: int = 0) -> tuple[list[Turn], int]:
    """The turns from a byte on, and where the last whole line ends; none where there is no such file.

    Lines that cannot be read are passed over: the format is the client's, and may change.
    """
    found: list[Turn] = []
    end = start
    for place, line in _lines(path, start):
        end = place + len(line)
        row = _row(line)
        if row is None or row.get("isMeta") or row.get("isSidechain") or row.get("isCompactSummary"):
            continue
        if row.get("type") == "user":
            text, id_ = _said(row), row.get("promptId")
            if text and isinstance(id_, str) and (not found or found[-1].id != id_):
                found.append(Turn(id=id_, prompt=text, start=place, at=_text(row, "timestamp"), source=_source(row)))
        elif found:
            _answered(found[-1], row)
    return found, end


def uses_tools(path: Path) -> bool:
    """Whether tools brought in what others wrote, anywhere in a (subagent's) record."""
    rows = (row for _, line in _lines(path, 0) if (row := _row(line)) is not None)
    return any(
        taints(b.get("name"), b.get("input")) for row in rows for b in _blocks(row) if b.get("type") == "tool_use"
    )


def _lines(path: Path, start: int) -> Iterator[tuple[int, bytes]]:
    """(place, line) of every whole line; from the beginning where the file has become shorter."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            place = file.seek(start if start <= size else 0)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                yield place, line
                place += len(line)
    except OSError:
        return


def _row(line: bytes) -> dict[str, Any] | None:
    if len(line) > _LINE or (_USER not in line and _AGENT not in line):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("type") in ("user", "assistant") else None


def _blocks(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    message = row.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [b for b in content if isinstance(b, Mapping)] if isinstance(content, list) else []


def _said(row: Mapping[str, Any]) -> str:
    """The text of a prompt; empty for what tools returned."""
    blocks = _blocks(row)
    if any(b.get("type") == "tool_result" for b in blocks):
        return ""
    return "\n".join(b["text"] for b in blocks if b.get("type") == "text" and isinstance(b.get("text"), str)).strip()


def _answered(turn: Turn, row: Mapping[str, Any]) -> None:
    """Add one line of the agent's: blocks of one message come as lines of their own."""
    message = cast("Mapping[str, Any]", row.get("message") or {})
    for block in _blocks(row):
        if block.get("type") == "tool_use":
            turn.tainted = turn.tainted or taints(block.get("name"), block.get("input"))
        text = block.get("text")
        if block.get("type") == "text" and isinstance(text, str) and text.strip():
            same = turn.answer and turn._message == message.get("id")  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            turn.answer = f"{turn.answer}\n{text}" if same else text
            turn._message = str(message.get("id"))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _source(row: Mapping[str, Any]) -> str | None:
    """`machine` where the client says that it wrote the prompt itself."""
    if row.get("promptSource") == "system" or row.get("origin"):
        return "machine"
    return None


def _text(row: Mapping[str, Any], name: str) -> str | None:
    found = row.get(name)
    return found if isinstance(found, str) else None
