"""What was said in the real Claude Code before Eider was there is brought in from the client's own records."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from claude_code import Machine
from homes import Home
from stub_model import StubModel

import eider

pytestmark = pytest.mark.client
RULE = "No, always indent with tabs in this codebase."


@pytest.mark.usefixtures("home")
def test_sessions_of_before_are_learned_once(
    claude: object, stub: StubModel, home: Home, memory: eider.Eider, tmp_path: object
) -> None:
    """With a fork, and a compaction in it; neither the client's own lines nor copies enter, and again adds nothing."""
    machine = Machine(binary=claude, root=tmp_path / "machine", stub=stub)  # type: ignore[arg-type, operator]
    summary = {"when": {"last_user": "TEXT ONLY|detailed summary of"}, "reply": {"text": "<summary>tabs</summary>"}}
    stub.reset({"rules": [summary], "replies": [{"text": f"Done {n}."} for n in range(9)]})
    first = machine.claude("Write the exporter.", RULE, "/compact", "Now the tests.")
    machine.claude("And the docs.", args=["--resume", first.id, "--fork-session"])
    told = [_imported(machine) for _ in range(2)]
    assert [(one["exchanges"], one["episodes"], one["skipped"]) for one in told] == [(4, 8, 0), (4, 0, 8)]
    assert told[0]["refused"] == []
    found = [hit.episode.text for hit in memory.search(limit=50).items if hit.episode is not None]
    prompts = {"Write the exporter.", RULE, "Now the tests.", "And the docs."}
    assert len(found) == 8
    assert prompts <= set(found)
    (rule,) = [hit.memory for hit in memory.search(kinds=["rule"]).items if hit.memory is not None]
    assert ("tabs" in rule.text, rule.origin, rule.agent) == (True, "import", "claude-code")
    assert rule.scope == eider.project_scope(machine.project)


def _imported(machine: Machine) -> dict[str, object]:
    records = machine.settings.parent
    command = [sys.executable, "-m", "eider", "import", "claude-code", str(records), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)
