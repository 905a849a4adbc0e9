"""Links on the command line: shown, said, taken back, counted; and beside what was just kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from eider.cli.app import cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")
    return tmp_path / "t.eider"


def call(folder: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [*words, "--store", str(folder)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result.stdout if code == 0 else result.stderr


def kept(folder: Path, text: str) -> str:
    return json.loads(call(folder, "remember", text, "--json"))["id"]


def test_links_are_shown_said_taken_back_and_counted(folder: Path) -> None:
    """Each way once, in words and as JSON; a hidden character reaches no terminal."""
    rent = kept(folder, "The rent of the harbour flat rose.")
    said = call(folder, "remember", "We left because the rent of the harbour\u202e flat rose.", "--related")
    assert "causal" in said
    assert "\u202e" not in call(folder, "graph", "related", rent)
    pier = kept(folder, "The pier is closed.")
    assert "(causal)" in call(folder, "graph", "link", pier, rent, "--kind", "causal")
    found = [
        json.loads(line) for line in call(folder, "graph", "related", pier, "--kind", "causal", "--json").splitlines()
    ]
    assert [(one["id"], one["outward"], one["by_user"]) for one in found] == [(rent, True, True)]
    assert json.loads(call(folder, "graph", "rebuild", "--dry-run", "--json"))["by_user"] == 1
    assert "said by you" in call(folder, "graph", "rebuild")
    assert json.loads(call(folder, "graph", "unlink", rent, pier, "--json")) == {"unlinked": 1}
    assert "mem_nothing" in call(folder, "graph", "related", "mem_nothing", code=3)
