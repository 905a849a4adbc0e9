"""Stores and settings from the command line."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import eider
from eider.cli.app import cli
from eider.cli.stores import KEYS
from eider.model import config
from eider.store.files import PUBLISHED


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")


def run(*words: str, stdin: str | None = None, code: int = 0) -> Result:
    """Call the command line."""
    result = CliRunner().invoke(cli, list(words), input=stdin)
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def listed() -> dict[str, dict[str, object]]:
    """`store list` by name."""
    return {row["name"]: row for row in map(json.loads, run("store", "list", "--json").stdout.splitlines())}


def modes(folder: Path) -> set[tuple[bool, int]]:
    """(is a directory, permission bits) of everything in a store, the index's own files aside."""
    return {
        (p.is_dir(), stat.S_IMODE(p.stat().st_mode))
        for p in (folder, *folder.rglob("*"))
        if "index" not in p.relative_to(folder).parts
    }


def test_a_store_is_its_owners_alone(tmp_path: Path) -> None:
    """Directories are 0700 and files 0600, of stores, snapshots and settings."""
    run("store", "create", "work")
    run("remember", "A fact.", "--store", "work")
    run("store", "use", "work")
    run("store", "publish", "work", str(tmp_path / "snap.eider"))
    for folder in (config.store_path("work"), tmp_path / "snap.eider"):
        assert modes(folder) <= {(True, 0o700), (False, 0o600)}
    assert stat.S_IMODE((config.home() / "config.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((config.home() / "stores").stat().st_mode) == 0o700


def test_the_chosen_store_is_meant_when_none_is_named() -> None:
    """`store use` decides where things are kept; the list marks it."""
    run("store", "create", "work")
    run("store", "create", "home")
    run("store", "use", "home")
    run("remember", "Kept at home.")
    found = listed()
    assert found["home"] | {"in_use": True, "memories": 1, "users": 1} == found["home"]
    assert (found["work"]["in_use"], found["work"]["memories"]) == (False, 0)
    assert "home *" in run("store", "list").stdout
    assert tuple(found["home"]) == KEYS


def test_a_store_in_use_is_listed_and_not_removed() -> None:
    """Whoever has it open keeps it; the list says who."""
    run("store", "create", "work")
    with eider.open("work", user="ada") as memory:
        memory.remember("A fact.")
        row = listed()["work"]
        assert row["locked"]
        assert row["memories"] is None
        assert "process" in run("store", "remove", "work", "--yes", code=4).stderr
        assert memory.recall("fact")
    assert listed()["work"]["memories"] == 1


def test_removing_asks_and_leaves_nothing() -> None:
    """Without a yes nothing happens; with it the directory and the choice are gone."""
    run("store", "create", "work")
    run("store", "use", "work")
    run("store", "remove", "work", stdin="n\n", code=130)
    assert config.store_path("work").is_dir()
    run("store", "remove", "work", "--yes")
    assert list((config.home() / "stores").iterdir()) == []
    assert config.setting("store") is None
    run("store", "remove", "work", "--yes", code=3)


def test_only_stores_are_removed(tmp_path: Path) -> None:
    """A directory that is no store stays as it is."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("x")
    run("store", "remove", str(tmp_path / "photos"), "--yes", code=3)
    assert (tmp_path / "photos" / "a.jpg").exists()


def test_a_snapshot_is_recalled_beneath_and_never_written(tmp_path: Path) -> None:
    """Own memory and the snapshot's answer together; writing to it is refused."""
    snap = tmp_path / "snap.eider"
    run("remember", "The team deploys on Thursday.", "--store", "team")
    run("store", "publish", "team", str(snap))
    assert (snap / PUBLISHED).is_file()
    run("remember", "I deploy on Friday.", "--store", "mine")
    shown = run("recall", "deploys", "--store", "mine", "--layer", str(snap), "--brief").stdout
    assert set(shown.splitlines()) == {"The team deploys on Thursday.", "I deploy on Friday."}
    run("remember", "x", "--store", str(snap), code=4)
    assert run("recall", "deploys", "--store", str(snap), "--brief").stdout == "The team deploys on Thursday.\n"
    assert "all is well" in run("verify", "--store", str(snap)).stdout


def test_a_newer_snapshot_replaces_an_older_one_only(tmp_path: Path) -> None:
    """Publishing again renews the snapshot; anything else at the place is left alone."""
    snap = tmp_path / "snap.eider"
    run("remember", "First fact.", "--store", "team")
    run("store", "publish", "team", str(snap))
    run("remember", "Second fact.", "--store", "team")
    run("store", "publish", "team", str(snap))
    assert json.loads(run("health", "--store", str(snap), "--json").stdout)["memories"] == {"current": 2}
    assert [p.name for p in tmp_path.iterdir()] == ["snap.eider"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "note.txt").write_text("mine")
    run("store", "publish", "team", str(other), code=3)
    assert (other / "note.txt").read_text() == "mine"
    with eider.open("team", user="ada") as memory:
        assert len(memory.recall("fact")) == 2


def test_creating_twice_is_refused() -> None:
    """A store is made once, and a name that could leave the directory not at all."""
    run("store", "create", "work")
    run("store", "create", "work", code=3)
    run("store", "create", "a&b", code=2)
    run("store", "create", "n" * 300, code=2)
    run("store", "use", "nowhere", code=3)


def test_settings_are_shown_with_their_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment wins over the file, and `show` says so."""
    run("config", "set", "tz", "Europe/Lisbon")
    assert run("config", "get", "tz").stdout == "Europe/Lisbon\n"
    run("config", "set", "tz", "Europe/Nowhere", code=2)
    monkeypatch.setenv("EIDER_TZ", "UTC")
    rows = {r["name"]: r for r in map(json.loads, run("config", "show", "--json").stdout.splitlines())}
    assert (rows["tz"]["value"], rows["tz"]["source"]) == ("UTC", "environment")
    monkeypatch.delenv("EIDER_TZ")
    run("config", "set", "tz", "--unset")
    assert run("config", "get", "tz").stdout == "\n"
    run("config", "set", "tz", code=2)


def test_an_account_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container that knows no login name a user is still meant, always the same."""
    monkeypatch.delenv("EIDER_USER")

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert config.default_user() == f"uid-{os.getuid()}"


def test_a_damaged_store_is_listed_with_its_trouble() -> None:
    """One bad store does not hide the others."""
    run("store", "create", "good")
    run("store", "create", "bad")
    (config.store_path("bad") / "truth-000001.duckdb").write_bytes(b"garbage")
    run("remember", "One fact.", "--store", "good")
    assert run("remember", "x", "--store", "bad", code=4)
    rows = listed()
    assert "cannot be read" in str(rows["bad"]["trouble"]) or "lock" in str(rows["bad"]["trouble"])
    assert rows["good"]["memories"] == 1
