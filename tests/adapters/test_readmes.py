"""The pages of the adapters do what they say: their Python runs, their JSON and their command lines are read."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from eider.cli.app import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("adapters/*/README.md"), *ROOT.glob("examples/*.md"), *ROOT.glob("docs/*.md"), ROOT / "README.md"]
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, kind: str) -> Iterator[tuple[int, str]]:
    """The first line and the text of each block of a kind."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        if found[1] == kind and not found[2].startswith(">>> "):  # those are run as doctests (conftest.py)
            yield text.count("\n", 0, found.start(2)) + 1, found[2]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page, "python"))], ids=named)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    """All of it, from top to bottom, in a process and a directory of its own, without a key or a network."""
    lines: list[str] = []
    for first, block in blocks(page, "python"):
        lines += [""] * (first - 1 - len(lines)) + block.splitlines()  # a traceback names the line of the page
    script = tmp_path / "page.py"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    env |= {"EIDER_HOME": str(tmp_path / "home"), "EIDER_SERVER": "off", "PYTHONPATH": str(ROOT / "tests" / "clients")}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=env, text=True, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_command_lines_of_a_page_are_understood(page: Path) -> None:
    """Whatever begins with `eider`, also behind another program's `--`, and in settings of clients."""
    given = [shlex.split(line, comments=True) for _, block in blocks(page, "sh") for line in block.splitlines()]
    given = [words[words.index("--") + 1 :] if "--" in words else words for words in given]
    for _, block in blocks(page, "json"):
        servers = json.loads(block).get("mcpServers", {})
        given += [[entry["command"], *entry["args"]] for entry in servers.values() if "command" in entry]
    for _, name, *words in [words for words in given if words[:1] == ["eider"]]:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, name
        if isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        command.make_context(name, words)
