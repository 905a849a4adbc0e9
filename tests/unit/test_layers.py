"""Published snapshots recalled beneath a store of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

import eider
from eider.model.errors import ReadOnlyStoreError


def snapshot(folder: Path, statements: dict[str, list[str]]) -> Path:
    """A published store that holds these statements, by user."""
    with eider.open(folder / "team.eider") as team:
        for user, said in statements.items():
            team.remember_many(said, user=user)
        return team._engine.store.copies.publish(folder / "team-snapshot", team._engine.now())


def test_a_snapshot_of_one_user_is_recalled_by_everybody(tmp_path: Path) -> None:
    """What one user published answers others, marked with the layer it comes from."""
    shared = snapshot(tmp_path, {"team": ["Deploys happen on Tuesdays."]})
    with eider.open(tmp_path / "mine.eider", user="ada", layers=[shared]) as memory:
        hits = memory.recall("when do we deploy?")
        assert [(h.text, h.layer) for h in hits] == [("Deploys happen on Tuesdays.", "team-snapshot")]


def test_one_s_own_memory_wins_over_the_same_line_in_a_layer(tmp_path: Path) -> None:
    """A line that both hold comes from the own store, once."""
    shared = snapshot(tmp_path, {"team": ["Deploys happen on Tuesdays."]})
    with eider.open(tmp_path / "mine.eider", user="ada", layers=[shared]) as memory:
        memory.remember("Deploys happen on Tuesdays.")
        assert [h.layer for h in memory.recall("when do we deploy?")] == [""]


def test_a_snapshot_of_several_users_shows_each_only_their_own(tmp_path: Path) -> None:
    """Isolation holds within layers."""
    shared = snapshot(tmp_path, {"ada": ["Ada deploys on Mondays."], "bob": ["Bob deploys on Fridays."]})
    with eider.open(tmp_path / "mine.eider", layers=[shared]) as memory:
        assert [h.text for h in memory.recall("who deploys when?", user="ada")] == ["Ada deploys on Mondays."]
        assert memory.recall("who deploys when?", user="eve") == []


def test_writes_never_reach_a_layer(tmp_path: Path) -> None:
    """A layer's memory cannot be corrected through the store above it, and the snapshot itself refuses writes."""
    shared = snapshot(tmp_path, {"team": ["Deploys happen on Tuesdays."]})
    with eider.open(tmp_path / "mine.eider", user="team", layers=[shared]) as memory:
        hit = memory.recall("when do we deploy?")[0]
        with pytest.raises(eider.EiderError, match="no memory"):
            memory.correct(hit.id, "Deploys happen on Fridays.")
    with eider.open(shared, user="team") as read, pytest.raises(ReadOnlyStoreError, match="published snapshot"):
        read.remember("Deploys happen never.")
    with eider.open(tmp_path / "mine.eider", user="ada", layers=[shared]) as memory:
        assert memory.recall("when do we deploy?")[0].text == "Deploys happen on Tuesdays."


def test_a_snapshot_can_be_read_by_several_at_once(tmp_path: Path) -> None:
    """Readers of a published snapshot do not lock each other out."""
    shared = snapshot(tmp_path, {"team": ["Deploys happen on Tuesdays."]})
    with (
        eider.open(tmp_path / "a.eider", user="ada", layers=[shared]) as first,
        eider.open(tmp_path / "b.eider", user="bob", layers=[shared]) as second,
    ):
        assert first.recall("deploys")[0].id == second.recall("deploys")[0].id
