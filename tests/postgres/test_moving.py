"""Stores move into PostgreSQL and out of it, with everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from moved import account, made

from eider.model.errors import RefusedError
from eider.records.moving.move import move
from eider.store.backends import make_named

if TYPE_CHECKING:
    from cluster import Cluster


def test_a_store_moves_into_a_database_and_back(cluster: Cluster, tmp_path: Path) -> None:
    """From a directory to a schema, to another schema in parts, and to a directory again: each tells the same."""
    old, back = made(tmp_path / "a.eider"), tmp_path / "b.eider"
    one, two = cluster.address(), cluster.address(partitions="3")
    assert move(old, one, dry_run=True).state == "ABSENT"
    first = move(old, one)
    assert (first.done, first.state) == (True, "ABSENT")
    assert move(old, one).state == "SAME"
    assert account(one) == account(old)
    assert move(one, two).done
    assert account(two) == account(old)
    assert move(two, back).done
    assert account(back) == account(old)
    make_named(tmp_path / "named.eider", two)
    plan = move(tmp_path / "named.eider", tmp_path / "c.eider", dry_run=True)
    assert (plan.state, plan.source) == ("ABSENT", two.replace("eider@", "").partition("&")[0])
    with pytest.raises(RefusedError, match="new or empty"):
        move(made(tmp_path / "other.eider"), one)
