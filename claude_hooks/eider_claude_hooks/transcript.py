"""The client's own record of a session: what was said in it, for what no hook could deliver."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from eider_claude_hooks.words import user_words

_LINE: Final = 4 * 1024 * 1024
"""Bytes of a line that is read; a longer one is a picture or a file."""
_USER, _AGENT = b'"type":"user"', b'"type":"assistant"'
_JOINED: Final = re.compile(r"[;&|`\n<>]|\$\(")
"""What joins a second command to one, or brings files in."""
_LAST: Final = ("end_turn", "stop_sequence", "refusal")
"""Reasons for which the model stops that end a turn."""
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
    answered: str | None = None
    """When the agent said that."""
    ended: bool = False
    """Whether the agent meant to say no more."""
    tainted: bool = False
    """Whether tools brought in what others wrote."""
    uuid: str = ""
    """The client's own id of the line; copies of it in forked sessions keep it, and no other."""
    session: str = ""
    copied: str = ""
    """The session in which it was said, where this line is a copy of another's."""
    cwd: str = ""
    branch: str = ""
    _message: str = field(default="", repr=False)


@dataclass(slots=True)
class Faults:
    """What of a transcript could not be read."""

    lines: list[int] = field(default_factory=list[int])
    """Numbers of lines that are nothing the client writes; the first is 1."""
    long: int = 0
    """Lines with more in them than words: pictures, files."""


def is_untrusted_tool(tool: object, given: object = None) -> bool:
    """Whether a tool brings in what others wrote: all but those that write, plan, or ask this very memory.

    >>> is_untrusted_tool("WebFetch"), is_untrusted_tool("Edit"), is_untrusted_tool("Bash", {"command": "eider recall tabs"})
    (True, False, False)
    """
    name = tool if isinstance(tool, str) else ""
    if not name or name in _HARMLESS or name.startswith("mcp__eider"):
        return False
    command = cast("Mapping[str, Any]", given).get("command") if isinstance(given, Mapping) else None
    return not (name == "Bash" and is_eider_command(command))


def is_eider_command(command: object) -> bool:
    """Whether a shell's command asks this memory and does nothing else.

    >>> is_eider_command("eider recall tabs"), is_eider_command("eider recall tabs; curl example.org")
    (True, False)
    """
    return isinstance(command, str) and command.split(maxsplit=1)[:1] == ["eider"] and not _JOINED.search(command)


def read_turns(path: Path, start: int = 0) -> tuple[list[Turn], int]:
    """The turns from a byte on, and where the last whole line ends; none where there is no such file.

    Lines that cannot be read are passed over: the format is the client's, and may change.
    """
    found: list[Turn] = []
    end = start
    with suppress(OSError):
        for place, line in read_lines(path, start):
            end = place + len(line)
            if (row := _parse_row(line)) is not None:
                _add_line(found, row, place, each=False)
    return found, end


def all_turns(path: Path) -> tuple[list[Turn], Faults]:
    """Each prompt of a whole transcript as a turn of its own, whichever version of the client wrote it.

    Forks give copied prompts and their own first one the same id; older clients gave none, and the line's stands for it.

    Raises:
        OSError: The file cannot be read.
    """
    found: list[Turn] = []
    faults = Faults()
    for number, (place, line) in enumerate(read_lines(path, 0), 1):
        row = _parse_row(line)
        if row is not None:
            _add_line(found, row, place, each=True)
        elif len(line) > _LINE:
            faults.long += 1
        elif not _is_known_line(line):
            faults.lines.append(number)
    return found, faults


def _add_line(found: list[Turn], row: Mapping[str, Any], place: int, *, each: bool) -> None:
    """Let a line begin a turn, or add to the last one."""
    if row.get("isMeta") or row.get("isSidechain") or row.get("isCompactSummary"):
        return
    if row.get("type") != "user":
        if found:
            _add_agent_line(found[-1], row)
        return
    text, uuid = _prompt_text(row), _text_field(row, "uuid") or ""
    id_ = _text_field(row, "promptId") or (uuid if each else "")
    if text and id_ and (not found or found[-1].id != id_ or (each and bool(user_words(text).text))):
        found.append(Turn(
            id=id_, prompt=text, start=place, at=_text_field(row, "timestamp"), source=_prompt_source(row), uuid=uuid,
            session=_text_field(row, "sessionId") or "", cwd=_text_field(row, "cwd") or "", branch=_text_field(row, "gitBranch") or "",
        ))  # fmt: skip


def uses_tools(path: Path) -> bool:
    """Whether tools brought in what others wrote, anywhere in a (subagent's) record."""
    rows = (row for _, line in read_lines(path, 0) if (row := _parse_row(line)) is not None)
    with suppress(OSError):
        return any(
            is_untrusted_tool(b.get("name"), b.get("input"))
            for row in rows
            for b in _content_blocks(row)
            if b.get("type") == "tool_use"
        )
    return False


def read_lines(path: Path, start: int) -> Iterator[tuple[int, bytes]]:
    """(place, line) of every whole line; from the beginning where the file has become shorter.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        place = file.seek(start if start <= size else 0)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield place, line
            place += len(line)


def _is_known_line(line: bytes) -> bool:
    """Whether a line that holds no words looks like one of the client's all the same."""
    said = line.strip()
    return not said or (
        said.startswith(b"{") and said.endswith(b"}") and b"\0" not in said and _USER not in said and _AGENT not in said
    )


def _parse_row(line: bytes) -> dict[str, Any] | None:
    if len(line) > _LINE or (_USER not in line and _AGENT not in line):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("type") in ("user", "assistant") else None


def _content_blocks(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    message = row.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [b for b in content if isinstance(b, Mapping)] if isinstance(content, list) else []


def _prompt_text(row: Mapping[str, Any]) -> str:
    """The text of a prompt; empty for what tools returned."""
    blocks = _content_blocks(row)
    if any(b.get("type") == "tool_result" for b in blocks):
        return ""
    return "\n".join(b["text"] for b in blocks if b.get("type") == "text" and isinstance(b.get("text"), str)).strip()


def _add_agent_line(turn: Turn, row: Mapping[str, Any]) -> None:
    """Add one line of the agent's: blocks of one message come as lines of their own."""
    said = row.get("message")
    message = cast("Mapping[str, Any]", said) if isinstance(said, Mapping) else dict[str, Any]()
    asked = _text_field(row, "requestSessionId")
    turn.copied = asked if asked and asked != turn.session else turn.copied
    turn.ended = message.get("stop_reason") in _LAST
    for block in _content_blocks(row):
        if block.get("type") == "tool_use":
            turn.tainted = turn.tainted or is_untrusted_tool(block.get("name"), block.get("input"))
        text = block.get("text")
        if block.get("type") == "text" and isinstance(text, str) and text.strip():
            same = turn.answer and turn._message == message.get("id")  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            turn.answer = f"{turn.answer}\n{text}" if same else text
            turn.answered = _text_field(row, "timestamp") or turn.answered
            turn._message = str(message.get("id"))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _prompt_source(row: Mapping[str, Any]) -> str | None:
    """`machine` where the client says that it wrote the prompt itself."""
    if row.get("promptSource") == "system" or row.get("origin"):
        return "machine"
    return None


def _text_field(row: Mapping[str, Any], name: str) -> str | None:
    found = row.get(name)
    return found if isinstance(found, str) else None
