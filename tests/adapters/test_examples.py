"""The examples run as they are: in a directory of their own, without a key, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "anthropic_memory_tool.py": (
        "File created", "refused: Path", "version 2 of /memories/ledger.md", "recalled elsewhere: /memories/ledger.md", "left after deleting: 0",
    ),
    "pydantic_ai_reviewer.py": (
        "- A name", "obeys: nothing yet", "No, please write in paragraphs.", "A name says what it holds. Nothing", "another process",
        "A name says what it holds. Nothing", "obeys: please write in paragraphs.",
    ),
    "chat_loop.py": ("monday < (told: nothing)", "friday < (told: These are the user's standing instructions", "kilometres"),
    "langchain_chain.py": ("monday < 2 messages; told: You review.\n", "monday < 4 messages", "tuesday < 2 messages; told: You review. These are the user's", "paragraphs"),
    "llamaindex_agent.py": ("told of paragraphs: False", "told of paragraphs: True", "the second worker sees: Said to the first worker."),
    "loops_and_decay.py": ("used: is likely", "idle: is likely", "would be closed: ['The old printer stood in room 7.']", "current now: ['The staging server is called puffin.']", "taken back:  ['The old printer"),
    "policies_and_corrections.py": ("Always name the file under review.", "paragraphs", "metric units", "why: [('ada', 'please write in paragraphs.')]", "-> Write reviews as numbered lists.", "erased: True checked: True", "still guides: False"),
    "openai_agent.py": (
        "monday, agent: I was told: You help with reviews.\n", "tuesday, agent: I was told: You help with reviews. These are the user's", "paragraphs",
        "monday holds 4 items",
    ),
    "mcp_client.py": ("one process offers remember, recall", "decision: The ledger is deployed on Fridays.", "pass 1 to 20."),
    "chat_across_processes.py": ("I have heard 0 lines", "I have heard 2 lines before this one; I obey: These are the user's standing instructions; follow them. Rules: ", "please write in paragraphs.", "I prefer metric units."),
    "langgraph_agent.py": ("obey: nothing yet", "another thread", "obey: These are the user's standing instructions; follow them. Rules: ", "the store holds: Bergen → Oslo"),
    "llamaindex_query_engine.py": ("obey: nothing yet", "in another process", "obey: These are the user's standing instructions; follow them.\n\nRules:", "learned: please write in paragraphs."),
    "langgraph_workflow.py": ("look_up runs", "… the model cannot be reached", "and again:\n  write runs\nplan for eiders", "write: 2 attempt(s)"),
    "llamaindex_workflow.py": ("look_up runs", "… the model cannot be reached", "and again:\n  write runs\nWhere do eiders nest?", "write: 2 attempt(s)"),
    "pydantic_ai_workflow.py": ("the model is asked", "… the printer cannot be reached", "and again:\n  write runs\nWhere do eiders nest?", "researcher: 1 attempt(s)"),
    "workflow_report.py": ("collect runs", "… and is killed", "and again:", "draft runs", "mail runs", "begun 2 times", "research    23 tokens, trust 0, saw collect (previous)", "inputs.team (reference)"),
}  # fmt: skip
"""Example → what its output shows, in this order: that it does what it is for."""


def test_every_example_is_run() -> None:
    """None is left out of this file, and none is gone."""
    assert set(SAYS) == {path.name for path in EXAMPLES.glob("*.py")}


def test_the_table_names_every_example() -> None:
    """With what it shows, the extra it needs, which there is, and a line of its output, which is tested."""
    rows = [row.split(" | ") for row in (EXAMPLES / "README.md").read_text().splitlines() if row.startswith("| [")]
    extras = tomllib.loads((EXAMPLES.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = [row[0].removeprefix("| [").partition("]")[0] for row in rows]
    assert sorted(names) == sorted(
        path.name
        for pattern in ("*.py", "*.ipynb", "*.md")
        for path in EXAMPLES.glob(pattern)
        if path.name != "README.md"
    )
    for name, row in zip(names, rows, strict=True):
        assert all(extra.strip("` ") in extras for extra in row[2].split(",") if extra.strip() != "none")
        if name in SAYS:
            assert any(row[3].removesuffix(" |").strip("` ") in said.replace("\n", " ") for said in SAYS[name]), row


@pytest.mark.slow
@pytest.mark.parametrize("name", SAYS)
def test_an_example_does_what_it_is_for(name: str, tmp_path: Path) -> None:
    """It ends well, says what it should, and leaves nothing in the directory it was started from."""
    env = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")}
    env |= {"EIDER_HOME": str(tmp_path / "home"), "EIDER_SERVER": "off"}
    (tmp_path / "here").mkdir()
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)], cwd=tmp_path / "here", env=env, text=True, capture_output=True, timeout=120, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    at = 0
    for line in SAYS[name]:
        at = done.stdout.find(line, at)
        assert at >= 0, f"{line!r} is missing in:\n{done.stdout}"
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "here").iterdir()) == []
