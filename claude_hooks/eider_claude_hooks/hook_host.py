"""Differences between the hosts that call the hooks: Claude Code and Codex."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eider_claude_hooks import codex_rollout, machine, transcript
from eider_claude_hooks.transcript import Faults, Turn

_FRAMED: Final = (
    "Eider keeps this user's memory across sessions. Memories that help with a prompt come with it by themselves, framed "
    "as eider-memory. To look something up, keep, correct or forget something, "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookHost:
    """A host, and how its own records of sessions are read."""

    name: str
    title: str
    how: str
    """Text about Eider that the host's model gets at a session's start."""
    settling: str
    """How the host's model answers an open question itself, with `{id}` in it."""
    records: tuple[str, ...]
    """Patterns of the records below `folder`."""
    folder: Callable[[], Path]
    read_turns: Callable[[Path, int], tuple[list[Turn], int]]
    all_turns: Callable[[Path], tuple[list[Turn], Faults]]
    uses_tools: Callable[[Path], bool]
    is_untrusted_tool: Callable[[object, object], bool]


CLAUDE_CODE: Final = HookHost(
    name="claude-code", title="Claude Code", how=f"{_FRAMED}use the skill eider.",
    settling="where this session shows the answer, run eider inbox accept|reject {id}", records=("*.jsonl", "*/*.jsonl"),
    folder=lambda: machine.config_folder() / "projects", read_turns=transcript.read_turns, all_turns=transcript.all_turns,
    uses_tools=transcript.uses_tools, is_untrusted_tool=transcript.is_untrusted_tool,
)  # fmt: skip
CODEX: Final = HookHost(
    name="codex", title="Codex", how=f"{_FRAMED}use the tools of the MCP server eider.",
    settling="where this session shows the answer, call reinforce with id {id} and answer yes|no",
    records=("rollout-*.jsonl", "*/*/*/rollout-*.jsonl"), folder=lambda: codex_rollout.config_folder() / "sessions",
    read_turns=codex_rollout.read_turns, all_turns=codex_rollout.all_turns, uses_tools=codex_rollout.uses_tools,
    is_untrusted_tool=codex_rollout.is_untrusted_tool,
)  # fmt: skip
