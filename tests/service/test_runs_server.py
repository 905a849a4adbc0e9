"""Runs of many processes at one store: one works on a key, the others are told, and a dead one is followed at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from homes import PATIENCE, Home

import eider
from eider.model.errors import RunHeldError

SCRIPT = """
import sys, time
import eider

with eider.open("notes", user="ada") as memory, memory.run("report", inputs={"a": 1}, key="k") as run:
    run.keep("first", {"by": "the one that died"})
    print("kept", flush=True)
    with run.step("second") as step:
        time.sleep(float(sys.argv[1]))
        step.output = 2
"""


def started(seconds: float) -> subprocess.Popen[str]:
    """A process that has kept its first step and works on the second."""
    made = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(seconds)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert made.stdout is not None
    assert made.stdout.readline() == "kept\n"
    return made


@pytest.mark.slow
def test_two_processes_with_one_key(home: Home) -> None:
    """The second is told who works on it; when that one is killed it goes on, and nothing is run again."""
    other = started(600)
    with eider.open("notes", user="ada") as memory:
        with pytest.raises(RunHeldError, match=f"process {other.pid}"):
            memory.run("report", key="k")
        other.send_signal(signal.SIGKILL)
        other.wait(PATIENCE)
        with memory.run("report", inputs={"a": 1}, key="k") as run:
            assert run.resumed
            assert run.keep("first", "again") == {"by": "the one that died"}
            run.keep("second", 3)
        assert [(s.ref, s.attempts) for s in memory.run_of(run.id).steps] == [("first", 1), ("second", 1)]
    assert other.stdout is not None
    other.stdout.close()


@pytest.mark.slow
def test_a_server_that_is_killed_loses_no_step(home: Home) -> None:
    """What was kept is there when the next server is; the run goes on as if nothing had been."""
    with eider.open("notes", user="ada") as memory, memory.run("report", key="k") as run:
        for n in range(6):
            run.keep(f"step {n}", n)
            if n in (1, 4):
                home.kill()
        assert run.render("[[step 0]] [[step 5]]") == "0 5"
    with eider.open("notes", user="ada") as memory:
        assert [s.ref for s in memory.run_of(run.id).steps] == [f"step {n}" for n in range(6)]
