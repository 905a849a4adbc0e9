"""A store moves to another place with everything, once, and the source stays as it was."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner
from moved import account, made

import eider
from eider.cli import app
from eider.model.errors import ErasedError, RefusedError, StoreMissingError
from eider.records.moving.move import move


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.iterdir())
        if p.is_file() and p.name != "owner.lock"
    }


def test_a_store_moves_with_everything(tmp_path: Path) -> None:
    """History, events, reasons, runs and tombstones are the same; the source's files are, byte for byte."""
    old, new = made(tmp_path / "a.eider"), tmp_path / "b.eider"
    before = bytes_of(old)
    plan = move(old, new, dry_run=True)
    assert (plan.state, plan.done, new.exists()) == ("ABSENT", False, False)
    done = move(old, new)
    assert done.done
    assert done.moved == sum(done.rows.values())
    assert bytes_of(old) == before
    assert account(new) == account(old)
    with eider.open(new) as memory, pytest.raises(ErasedError):
        memory.remember("Forget this line about quokkas.", user="ada", key="quokka")


def test_moving_twice_does_nothing_and_goes_on_with_what_is_new(tmp_path: Path) -> None:
    """What is there already is not written again; a source that grew brings only the difference."""
    old, new = made(tmp_path / "a.eider"), tmp_path / "b.eider"
    move(old, new)
    assert (move(old, new).state, move(old, new).moved) == ("SAME", 0)
    with eider.open(old, user="bob") as memory:
        memory.remember("Bob sells honey.")
    again = move(old, new)
    assert again.state == "OLDER"
    assert 0 < again.moved < sum(again.rows.values())
    assert account(new) == account(old)


def test_a_target_with_memories_of_its_own_is_refused(tmp_path: Path) -> None:
    """Neither another store's rows nor those written after a move are replaced."""
    old, new = made(tmp_path / "a.eider"), tmp_path / "b.eider"
    with eider.open(new, user="eve", embedder="hash") as memory:
        kept = memory.remember("Eve has a boat.")
    assert move(old, new, dry_run=True).state == "POPULATED"
    with pytest.raises(RefusedError, match="new or empty"):
        move(old, new)
    with eider.open(new, user="eve") as memory:
        assert memory.search("").items[0].id == kept.id
    move(old, tmp_path / "c.eider")
    with eider.open(tmp_path / "c.eider", user="ada") as memory:
        memory.remember("Written after the move.")
    with pytest.raises(RefusedError, match="new or empty"):
        move(old, tmp_path / "c.eider")


def test_an_empty_target_is_taken_over_whatever_its_embedder(tmp_path: Path) -> None:
    """A store that was made and never written to becomes the source's copy, vectors included."""
    old, new = made(tmp_path / "a.eider"), tmp_path / "b.eider"
    eider.open(new).close()
    assert move(old, new).state == "EMPTY"
    with eider.open(new) as memory:
        assert memory.embedder().name == "hash"
    with pytest.raises(StoreMissingError):
        move(tmp_path / "none.eider", new)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`eider migrate` plans, moves, and says that all is there; --all takes every named store."""
    monkeypatch.setenv("EIDER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EIDER_SERVER", "off")
    made(tmp_path / "home" / "stores" / "work.eider")

    def run(*words: str) -> str:
        found = CliRunner().invoke(app.cli, ["migrate", *words])
        assert found.exit_code == 0, found.output
        return found.output

    target = str(tmp_path / "b.eider")
    assert "nothing was moved" in run("--from", "work", "--to", target, "--dry-run")
    assert "moved and compared" in run("--from", "work", "--to", target)
    assert "all of it is there already" in run("--from", "work", "--to", target)
    assert "moved and compared" in run("--all", "--to", str(tmp_path / "all"))
    assert (tmp_path / "all" / "work.eider").is_dir()


def test_a_large_store_is_indexed_where_it_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a size the search index is made at once, for vectors of the source's length."""
    monkeypatch.setattr("eider.records.moving.move._LARGE", 3)
    old, new = made(tmp_path / "a.eider"), tmp_path / "b.eider"
    assert move(old, new).done
    with eider.open(new) as memory:
        assert memory.verify(deep=True).checked["index"] > 0
