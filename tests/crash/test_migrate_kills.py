"""`kill -9` at every step of a move: done again it does only the rest, and the source was only read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from moved import account, made

import eider
from eider.model.errors import StoreError
from eider.records.moving.move import move

_MOVE = "import sys; from pathlib import Path; from eider.records.moving.move import move; move(Path(sys.argv[1]), Path(sys.argv[2]))"
POINTS = [
    "migrate.noted",
    "migrate.put",
    "migrate.unit",
    "migrate.put:3",
    "migrate.unit:5",
    "migrate.finished",
    "migrate.done",
]


@pytest.mark.crash
def test_a_move_that_is_killed_is_done_again(tmp_path: Path) -> None:
    """After each kill the target is not opened half-made; the last run finds all but the rest there."""
    old, new = made(tmp_path / "a.eider"), tmp_path / "b.eider"
    for point in POINTS:
        child = subprocess.run(
            [sys.executable, "-c", _MOVE, str(old), str(new)], capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, "EIDER_CRASH_AT": point},
        )  # fmt: skip
        assert child.returncode == -signal.SIGKILL, (point, child.stderr)
        if point != "migrate.done":
            with pytest.raises(StoreError, match="eider migrate"):
                eider.open(new)
            assert move(old, new, dry_run=True).state == "UNFINISHED"
    assert move(old, new).state == "SAME"
    assert account(new) == account(old)
