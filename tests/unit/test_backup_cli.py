"""`eider backup` as it is typed; stores are embedded here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.cli.app import cli
from eider.model import config

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedder that loads in no time."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")


@pytest.fixture
def notes() -> None:
    """A named store."""
    with eider.open("notes", user="ada") as memory:
        memory.remember("Tea is taken at four.")


def asked(capsys: pytest.CaptureFixture[str], *given: str, code: int = 0) -> list[dict[str, Any]]:
    """Run a command with --json and return what it printed."""
    assert cli.main([*given, "--json"], standalone_mode=False) == code, capsys.readouterr().err
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def said(capsys: pytest.CaptureFixture[str], *given: str, code: int = 0) -> str:
    """Run a command and return what a person sees."""
    assert cli.main(list(given), standalone_mode=False) == code
    done = capsys.readouterr()
    return done.out + done.err


def test_from_run_to_restore(notes: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup is made, listed as verified, and restored under a name of its own."""
    (made,) = asked(capsys, "backup", "run", "--store", "notes", "--keep", "7")
    assert (made["verified"], made["removed"], made["users"]) == (True, [], 1)
    assert made["name"].startswith("notes/")
    (listed,) = asked(capsys, "backup", "list", "--verify")
    assert (listed["name"], listed["verified"], listed["findings"]) == (made["name"], True, [])
    (dry,) = asked(capsys, "backup", "restore", made["name"], "--dry-run")
    assert not Path(dry["path"]).exists()
    (done,) = asked(capsys, "backup", "restore", made["name"].partition("/")[2])
    assert done["path"] == dry["path"]
    with eider.open(done["store"], user="ada") as memory:
        assert [m.text for m in memory.search().items] == ["Tea is taken at four."]


def test_a_restored_store_takes_the_name_that_is_given(notes: None, capsys: pytest.CaptureFixture[str]) -> None:
    """And one that is taken is refused, with the way out."""
    (made,) = asked(capsys, "backup", "run", "--store", "notes")
    (done,) = asked(capsys, "backup", "restore", made["path"], "--store", "again")
    assert done["store"] == "again"
    assert "--replace" in said(capsys, "backup", "restore", made["path"], "--store", "again", code=3)
    (done,) = asked(capsys, "backup", "restore", made["path"], "--replace")
    assert done["store"] == "notes"
    assert Path(done["aside"]).is_dir()


def test_a_damaged_backup_is_listed_with_what_is_wrong(notes: None, capsys: pytest.CaptureFixture[str]) -> None:
    """`list --verify` exits with 1; a manifest that cannot be read hides nothing else."""
    (made,) = asked(capsys, "backup", "run", "--store", "notes", "--export", "jsonl")
    (path := Path(made["path"]) / "users" / "1.jsonl").write_text("")
    assert "users/1.jsonl" in said(capsys, "backup", "list", "--verify", code=1).replace("\n", "").replace(" ", "")
    path.unlink()
    (Path(made["path"]) / "manifest.json").write_text("{")
    asked(capsys, "backup", "run", "--store", "notes")
    found = asked(capsys, "backup", "list", "--verify", code=1)
    assert sorted(b["verified"] for b in found) == [False, True]


def test_prune_says_what_it_cannot_remove(notes: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup that holds something forgotten stays until a newer one makes up for it."""
    with eider.open("notes", user="ada") as memory:
        gone = memory.remember("There are quokkas on the island.")
    (held,) = asked(capsys, "backup", "run", "--store", "notes")
    with eider.open("notes", user="ada") as memory:
        memory.forget(gone.id)
    (done,) = asked(capsys, "backup", "prune", "--store", "notes", "--before-forget")
    assert (done["removed"], done["holding"]) == ([], [held["name"]])
    asked(capsys, "backup", "run", "--store", "notes")
    (done,) = asked(capsys, "backup", "prune", "--store", "notes", "--before-forget")
    assert (done["removed"], done["holding"]) == ([held["name"]], [])
    assert not Path(held["path"]).exists()
    assert "say what shall go" in said(capsys, "backup", "prune", code=2)


def test_a_path_is_backed_up_by_whoever_has_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From cron, into a directory of one's choice, without touching a store of the same name."""
    store = str(tmp_path / "mine.eider")
    with eider.open(store, user="ada") as memory:
        memory.remember("Tea is taken at four.")
    (made,) = asked(capsys, "backup", "run", "--store", store, "--to", str(tmp_path / "safe"), "--export", "parquet")
    assert Path(made["path"]).parent == tmp_path / "safe"
    assert [b["name"] for b in asked(capsys, "backup", "list")] == [made["name"]]
    assert "no store" not in said(capsys, "backup", "list")
    assert said(capsys, "backup", "run", "--store", "nowhere", code=3)
    assert said(capsys, "backup", "run", "--store", store, "--to", f"{store}/within", code=2)
    assert said(capsys, "backup", "restore", "nothing", code=3)


def test_a_schedule_is_set_shown_and_ended(capsys: pytest.CaptureFixture[str]) -> None:
    """It is one setting."""
    assert asked(capsys, "backup", "schedule") == [{"every": "off", "at": None, "keep": None}]
    shown = {"every": "daily", "at": "04:30", "keep": 3}
    assert asked(capsys, "backup", "schedule", "daily", "--at", "04:30", "--keep", "3") == [shown]
    assert asked(capsys, "backup", "schedule") == [shown]
    assert config.read()["backup"] == "daily 04:30 keep 3"
    assert "--at" in said(capsys, "backup", "schedule", "daily", "--at", "noon", code=2)
    asked(capsys, "backup", "schedule", "off")
    assert "backup" not in config.read()
