"""Loops and what they teach, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eider.cli.app import cli


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")

    def call(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli, [*words, "--store", str(tmp_path / "t.eider")])
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result.stdout if code == 0 else result.stderr

    return call


def test_a_loop_is_opened_judged_and_closed(run: Any) -> None:
    """Each step by a process of its own; the answer tells what was used, and the way back is shown."""
    kept = json.loads(run("remember", "The gate code is 4711.", "--json"))
    loop = json.loads(run("loop", "open", "--json"))["id"]
    run("recall", "gate code", "--loop", loop)
    assert "+0.50" in run("loop", "outcome", loop, "0.5")
    told = run("loop", "close", loop, "The gate code is 4711.", "--outcome", "1")
    assert f"{kept['id']}  +1.00" in told
    assert "take it back with eider undo evt_" in told
    assert json.loads(run("why", kept["id"], "--json"))["usage"]["uses"] == 1
    assert "already" not in run("loop", "close", loop)


def test_what_was_learned_is_shown_and_taken_back(run: Any) -> None:
    """As people read it, and as JSON."""
    kept = json.loads(run("remember", "The gate code is 4711.", "--json"))
    loop = json.loads(run("loop", "open", "--json"))["id"]
    run("recall", "gate code", "--loop", loop)
    run("loop", "close", loop, "The gate code is 4711.", "--outcome", "-1")
    assert json.loads(run("learned", "--json"))["touched"] == 1
    said = run("learned")
    assert "0.50 as shipped" in said
    assert "0 open, 1 closed" in said
    assert json.loads(run("learned", "--reset", "--json"))["touched"] == 0
    assert json.loads(run("why", kept["id"], "--json"))["usage"]["stability"] == 30.0


def test_slips_are_named(run: Any) -> None:
    """An outcome out of range, and a loop that is not there."""
    run("remember", "Anything.")
    assert "is not in the range" in run("loop", "outcome", "loop_x", "2", code=2)
    assert "no loop 'loop_x'" in run("loop", "outcome", "loop_x", "1", code=3)
