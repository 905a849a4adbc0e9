"""`kill -9` around loops: what was acknowledged stays, and at most the notes of the last seconds are lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eider
from eider.model.clock import FixedClock
from eider.providers.embedders.hashing import HashEmbedder

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]
START = datetime(2026, 5, 1, tzinfo=UTC)
KILLED = """
import json, os, signal, sys
from datetime import UTC, datetime
import eider
from eider.model.clock import FixedClock
from eider.providers.embedders.hashing import HashEmbedder
memory = eider.open(sys.argv[1], user="ada", embedder=HashEmbedder(), clock=FixedClock(datetime(2026, 5, 1, tzinfo=UTC)))
kept = memory.remember("The gate code is 4711.")
written, lost = memory.open_loop(), memory.open_loop()
memory.recall("gate code", loop=written.id)
memory.drain()
memory.recall("gate code", loop=lost.id)
memory.set_outcome(written.id, 1.0)
print(json.dumps([kept.id, written.id, lost.id]), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_at_most_the_notes_of_the_last_seconds(tmp_path: Path) -> None:
    """Loops, outcomes and written notes are there; once nobody judges any more, the job closes them by what is left."""
    folder = tmp_path / "m.eider"
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    kept, written, lost = json.loads(done.stdout)
    clock = FixedClock(START + timedelta(minutes=1))
    with eider.open(folder, user="ada", embedder=HashEmbedder(), clock=clock) as memory:
        loops = [memory._engine.loops.get(i, "ada") for i in (written, lost)]
        assert [(loop.outcome, [r.id for r in loop.recalled]) for loop in loops] == [(1.0, [kept]), (None, [])]
        before = memory.why(kept).usage.stability
        clock.advance(timedelta(hours=2))
        memory.drain()
        assert memory.learned().open_loops == 0
        assert memory._engine.loops.get(lost, "ada").outcome == -0.15
        assert memory.why(kept).usage.stability > before
        assert memory.verify(deep=True).findings == ()
