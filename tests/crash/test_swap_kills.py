"""`kill -9` in the middle of an exchange of embedders: it goes on where it was, and no vector is lost or mixed."""

from __future__ import annotations

from pathlib import Path

import pytest
from swap_kills import kill_at_every_step


@pytest.mark.crash
def test_an_exchange_that_is_killed_at_any_step_goes_on(tmp_path: Path) -> None:
    """At every batch, before and after the vectors change places."""
    kill_at_every_step(tmp_path / "s.eider")
