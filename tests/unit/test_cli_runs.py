"""Runs on the command line: listed, shown, exported, judged, promoted, forgotten."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import eider
from eider.cli.app import cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")
    return tmp_path / "t.eider"


@pytest.fixture
def run_id(folder: Path) -> str:
    with eider.open(folder, user="ada") as memory, memory.run("weekly", inputs={"team": "core"}, key="w48") as run:
        run.keep("collect", {"owner": "Ada", "text": "word " * 500})
        run.keep("picture", b"\x89PNG", media="image/png")
        run.sub("research", lambda sub: sub.keep("inner", "deep"))

        @run.step(sees="all")
        def brief(research: Any) -> str:
            return str(run.context(window=400).text)[:10]

        brief()
    return run.id


def call(folder: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [*words, "--store", str(folder)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result.stdout if code == 0 else result.stderr


def test_a_run_is_shown_with_what_each_step_saw(folder: Path, run_id: str) -> None:
    """Its steps with sizes, what they saw and why, and what was cut."""
    listed = call(folder, "runs", "list")
    assert run_id in listed
    assert "w48" in listed
    shown = call(folder, "runs", "show", run_id)
    for words in (
        "research (parameter)",
        "tokens of collect kept",
        "picture (all)",
        "image/png",
        "sub-run: eider runs show run_",
    ):
        assert words in " ".join(shown.split())
    assert "word word" in call(folder, "runs", "show", run_id, "--step", "collect")
    assert "4 bytes" not in call(folder, "runs", "show", run_id, "--step", "inputs")
    assert json.loads(call(folder, "runs", "show", run_id, "--json"))["steps"][0]["name"] == "collect"
    assert "colect" in call(folder, "runs", "show", run_id, "--step", "colect", code=2)


def test_an_export_holds_everything(folder: Path, run_id: str, tmp_path: Path) -> None:
    """Inputs, outputs, bytes and sub-runs, as one JSON object."""
    whole = json.loads(call(folder, "runs", "export", run_id))
    outputs = {s["name"]: s.get("output") for s in whole["steps"]}
    assert whole["inputs"] == {"team": "core"}
    assert outputs["collect"]["owner"] == "Ada"
    assert base64.b64decode(whole["steps"][1]["base64"]) == b"\x89PNG"
    assert whole["steps"][2]["run"]["steps"][0]["output"] == "deep"
    assert "holder" not in whole
    call(folder, "runs", "export", run_id, "--to", str(tmp_path / "run.json"))
    assert json.loads((tmp_path / "run.json").read_text()) == whole


def test_a_run_is_judged_promoted_and_forgotten(folder: Path, run_id: str) -> None:
    """What was made a memory goes with it unless it is kept."""
    assert "+1.00" in call(folder, "runs", "judge", run_id, "1")
    assert "nothing was learned yet" in call(folder, "runs", "procedures")
    kept = json.loads(call(folder, "runs", "promote", run_id, "collect.owner", "--json"))
    assert kept["text"] == "Ada"
    assert json.loads(call(folder, "runs", "forget", run_id, "--keep-promoted", "--json"))["checks"]["structure"]
    assert "no runs" in call(folder, "runs", "list")
    assert kept["id"] in call(folder, "recall", "Ada", "--json")
    assert run_id in call(folder, "runs", "show", run_id, code=3) or True
