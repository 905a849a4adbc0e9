"""What a model says to make Claude Code do something, for scripts of the stub."""

from __future__ import annotations

from typing import Final

from stub_wire import Json

SUMMARISING: Final[Json] = {
    "when": {"last_user": "Respond with plain text only — an <analysis> block followed by a <summary> block"},
    "reply": {"text": "<analysis>short</analysis><summary>They spoke of this and that.</summary>"},
}
"""A rule for Claude Code's request to summarise, at /compact."""


def send(prompt: str, *, background: bool = False) -> Json:
    """Sends a subagent, and waits for it unless it shall work in the background."""
    given = {"description": "look", "prompt": prompt, "subagent_type": "general-purpose"}
    return {"tools": [{"name": "Agent", "input": {**given, "run_in_background": background}}]}


def planned(text: str) -> list[Json]:
    """Writes a plan, shows it, and goes on."""
    write = {"name": "Write", "input": {"file_path": "{FILE}", "content": text}}
    file = {"FILE": r"(/[^\s`\"]*/plans/[^\s`\"]*\.md)"}
    return [{"tools": [write], "extract": file}, {"tools": [{"name": "ExitPlanMode"}]}, {"text": "Then I begin."}]
