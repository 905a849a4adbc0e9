"""`eider import claude-code` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from old_transcripts import ENGINE, RULE

from eider.api.importers import sources
from eider.cli.app import cli


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "config"))

    def call(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, [*words, "--store", str(tmp_path / "cli.eider")])
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return call


def test_the_command_reads_where_the_client_puts_its_records(old: Any, run: Any, tmp_path: Path) -> None:
    """Or where it is told; what it says is stable, and a progress bar goes to stderr."""
    session = old().asks("Write the exporter.").says("Done, indented with spaces.").asks(RULE).says("Tabs it is.")
    assert "would import 4 episode(s), 1 statement(s) noticed" in run("import", "claude-code", "--dry-run").stdout
    done = run("import", "claude-code", str(session.path), "--progress")
    assert "imported 4 episode(s), 1 memories learned" in done.stdout
    assert "such as  always indent with tabs in this project." in done.stdout
    assert "import 2/2" in done.stderr
    again = json.loads(run("import", "claude-code", "--since", "2026-03", "--json").stdout)
    assert (again["episodes"], again["skipped"], again["exchanges"]) == (0, 4, 2)
    assert again["projects"][0]["scope"] == ENGINE
    (found,) = run("search", "--kind", "rule", "--json").stdout.splitlines()
    assert json.loads(found)["memory"]["origin"] == "import"
    (session.path.parent / "x.jsonl").write_text("what is this\n")
    assert "x.jsonl, line 1" in run("import", "claude-code", code=1).stdout


def test_a_file_is_imported_as_ever(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one with a source's name, by its path; what is for sources is refused with the way out."""
    run("remember", "Takes the early ferry.")
    monkeypatch.chdir(tmp_path)
    run("export", "claude-code")
    assert "1 are there already" in run("import", "./claude-code").stdout
    assert "does not exist" in run("import", "nowhere.jsonl", code=2).stderr
    assert "leave them out" in run("import", "./claude-code", "--since", "2026", code=2).stderr
    assert "holds no transcripts" in run("import", "claude-code", code=2).stderr


def test_the_source_is_registered() -> None:
    """Core knows it by its entry point alone."""
    assert sources()["claude-code"].title == "Claude Code"
