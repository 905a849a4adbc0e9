"""`eider doctor`: what it prints, and what its exit code says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eider.cli.app import cli
from eider.cli.command import keys_of
from eider.model import config
from eider.service.doctor.report import Finding


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")
    config.home().chmod(0o700)
    assert run("remember", "The team has 4 members.").exit_code == 0
    return config.home()


def test_a_home_that_is_well_ends_with_zero(home: Path) -> None:
    """One line, and no JSON at all where nothing is found."""
    result = run("doctor")
    assert (result.exit_code, result.stdout.splitlines()[-1][:11]) == (0, "all is well")
    assert run("doctor", "--json").stdout == ""


def test_findings_end_with_one_until_they_are_mended(home: Path) -> None:
    """Each finding names its fix; --fix does it, says so, and the exit code follows."""
    (home / "stores").chmod(0o755)
    result = run("doctor")
    assert result.exit_code == 1
    assert f"fix: chmod 700 {home / 'stores'}" in " ".join(result.stdout.split())
    assert "eider doctor --fix mends some" in result.stdout
    mended = run("doctor", "--fix")
    assert mended.exit_code == 0
    assert mended.stdout.startswith("fixed")
    assert run("doctor").exit_code == 0


def test_a_note_alone_ends_with_zero(home: Path) -> None:
    """What is only worth a look does not fail a script."""
    run("remember", "The ferry leaves. " * 130)
    result = run("doctor")
    assert result.exit_code == 0
    assert result.stdout.startswith("info")


def test_json_is_one_object_per_finding(home: Path) -> None:
    """With the keys that the help names; what was mended is among them."""
    (home / "stores").chmod(0o755)
    run("remember", "The ferry leaves. " * 130)
    rows = [json.loads(line) for line in run("doctor", "--fix", "--json").stdout.splitlines()]
    assert {(r["kind"], r["fixed"]) for r in rows} == {("path-open", True), ("statement-long", False)}
    assert all(tuple(r) == keys_of(Finding) for r in rows)


def test_a_broken_store_is_told_without_a_traceback(home: Path) -> None:
    """Its name, what is wrong, and that a backup helps."""
    (truth,) = (home / "stores" / "default.eider").glob("truth-*.duckdb")
    truth.write_bytes(b"garbage")
    result = run("doctor", "--fix", "--store", "default")
    assert result.exit_code == 1
    assert "eider backup restore" in " ".join(result.stdout.split())
    assert "Traceback" not in result.output
