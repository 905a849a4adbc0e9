"""What an agent reads on the command line: one line per result, the same in every version."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import eider
from eider.cli import fast_args, fast_path, formatting
from eider.cli.app import cli
from eider.cli.output import to_json


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the command line on a store of its own, in a project."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")
    monkeypatch.setenv("EIDER_ORIGIN", "agent")
    (tmp_path / "ledger" / "deep").mkdir(parents=True)
    (tmp_path / "ledger" / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "ledger" / "deep")

    def call(*words: str) -> str:
        result = CliRunner().invoke(cli, [words[0], "--store", str(tmp_path / "t.eider"), *words[1:]])
        assert result.exit_code == 0, (result.output, result.stderr, result.exception)
        return result.stdout

    return call


def test_a_result_is_one_line(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Id, kind, scope, date and text, however long; a person sees scores and reasons."""
    text = (
        "Retries are capped at five because the gateway bans clients that ask for more, which took a day to find out."
    )
    run("remember", text, "--kind", "decision", "--valid-from", "2026-05-04T10:00:00+00:00")
    line = rf"mem_[0-9a-z]{{26}} decision global 2026-05-04: {text}\n"
    assert re.fullmatch(line, run("recall", "how many retries?"))
    assert re.fullmatch(line, run("search"))
    assert run("recall", "retries", "--brief") == f"{text}\n"
    monkeypatch.delenv("EIDER_ORIGIN")
    assert "why:" in run("recall", "how many retries?")
    assert "1 to 1 of 1" in run("search")
    assert re.fullmatch(line, run("recall", "--as-agent", "how many retries?"))


def test_nothing_is_said_as_such(run: Any) -> None:
    """An agent shall not guess what silence means."""
    run("remember", "Tea.")
    assert run("search", "zeppelin") == "nothing found\n"


def test_what_a_stranger_said_is_marked(tmp_path: Path, run: Any) -> None:
    """Memories and utterances of tools and pages are told from those of people."""
    with eider.open(tmp_path / "t.eider", user="ada") as memory, memory.channel("browser", "document") as page:
        page.record("The gateway takes six.", at="2026-05-04T10:00:00+00:00")
        memory.record("The gateway takes five.", at="2026-05-05T10:00:00+00:00")
    shown = re.sub(r"ep_[0-9a-z]{26}", "ID", run("recall", "gateway"))
    assert set(shown.splitlines()) == {
        "ID episode ada 2026-05-05: The gateway takes five.",
        "ID episode ada 2026-05-04 (unverified): The gateway takes six.",
    }


def test_a_line_drives_no_terminal(run: Any) -> None:
    """Line breaks and control characters of a text do not come through."""
    run("remember", "one\n\x1b[31mtwo")
    assert run("search").endswith(": one �two\n")


def test_the_server_s_answer_looks_the_same(tmp_path: Path) -> None:
    """Printed from JSON without the framework, and from values."""
    with eider.open(tmp_path / "t.eider", user="ada") as memory:
        memory.remember("The gateway takes five.")
        memory.record("Five it is.")
        found = memory.recall("gateway five")
    assert len(found) == 2
    for one in found:
        assert formatting.agent_line(one) == formatting.agent_line(
            fast_path.JsonView(json.loads(json.dumps(to_json(one))))
        )


def test_a_project_is_that_of_the_directory(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--scope project`, wherever within it; what is read by hand leaves it to the command."""
    monkeypatch.delenv("EIDER_ORIGIN")
    run("remember", "Squash before merging.", "--scope", "project", "--kind", "rule")
    run("remember", "Likes tea.")
    assert "rule project:ledger-" in run("search", "--as-agent", "--scope", "project")
    assert "tea" not in run("recall", "squash tea", "--scope", "project")
    assert "Squash" in run("policy", "--scope", "project")
    for words in (["recall", "x", "--scope", "project"], ["remember", "x", "--scope=project"]):
        assert fast_args.parse(words) is None
