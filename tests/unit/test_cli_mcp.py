"""`eider mcp`: what it prints for a client's settings, and what it says where it cannot serve."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import eider
from eider.cli import mcp as command
from eider.cli.app import cli


def test_the_printed_entry_starts_the_same_server() -> None:
    """It names this interpreter and home, and every option that was given."""
    given = ["--scope", "project:alpha", "--agent", "cursor", "--context", "reviews", "--loop", "loop_1", "--read-only"]
    done = CliRunner().invoke(cli, ["mcp", "--user", "ada", "--store", "notes", *given, "--project", "--print"])
    entry = json.loads(done.output)["mcpServers"]["eider"]
    assert entry["command"] == sys.executable
    assert entry["args"][:2] == ["-m", "eider_mcp"]
    assert Path(entry["env"]["EIDER_HOME"]).is_dir()
    again = CliRunner().invoke(cli, ["mcp", *entry["args"][2:], "--print", "--json"])
    assert json.loads(again.output) == entry
    assert set(given) | {"--project", "ada", "notes"} <= set(entry["args"])


def test_what_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, nothing on stdout, and nothing is opened."""

    def absent(name: str, *_: Any) -> None:
        return None if name == "mcp" else object()  # type: ignore[return-value]

    monkeypatch.setattr(command, "find_spec", absent)
    done = CliRunner().invoke(cli, ["mcp"])
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr.splitlines() == ["eider: 'mcp' is not installed; run: pip install 'eider-memory[mcp]'"]


def test_the_project_of_the_working_directory_is_a_scope(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named first, so that what is kept is kept there."""
    (tmp_path / "engine").mkdir()
    monkeypatch.chdir(tmp_path / "engine")
    served: list[Any] = []
    monkeypatch.setattr("eider_mcp.stdio.serve", served.append)
    done = CliRunner().invoke(cli, ["mcp", "--user", "ada", "--project", "--scope", "role:reviewer"])
    assert done.exit_code == 0, done.output
    assert (served[0].user, served[0].scopes) == ("ada", (eider.project_scope(), "role:reviewer"))
