"""What the spool kept aside: named in a receipt, and gone with its user."""

from __future__ import annotations

import pytest
from homes import Home

import eider
from eider.client import spool

pytestmark = pytest.mark.slow


def refused(home: Home, user: str) -> None:
    """A write that can never succeed."""
    body = {
        "request": {"id": "mem_nope", "text": f"Walrus of {user}.", "user": user, "key": f"k-{user}"},
        "store": "notes",
    }
    spool.append(str(home), "correct", body, said=0.0, why="nobody answered")


def test_a_forgotten_users_refused_writes_go_as_well(home: Home) -> None:
    """Another user's stay and are named, because no store ever held them."""
    with eider.open("notes", user="ada") as memory:
        for user in ("ada", "bob"):
            refused(home, user)
        memory.remember("Tea is taken at four.")
        kept = home.path / "spool" / "refused.jsonl"
        assert kept.read_text().count("Walrus") == 2
        receipt = memory.forget_user("ada")
        assert receipt.erased["spool"] == 1
        assert "Walrus of ada" not in kept.read_text()
        assert any("refused.jsonl" in line for line in receipt.outside)
        memory.forget_user("bob")
        assert not kept.exists()
