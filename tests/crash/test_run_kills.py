"""`kill -9` in the middle of a workflow: no finished step is run again, and none is lost."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

import eider

HERE = Path(__file__).parent
NIGHTLY = bool(os.environ.get("EIDER_NIGHTLY"))
KILLS = 300 if NIGHTLY else 12
"""Processes that are killed at least; random ones go on until so many were, since a shot may come too late."""
RANDOM = 100 if NIGHTLY else 12
"""Shots at a random moment among the labelled ones; a new run is begun when one is done."""
PASSES = 10 if NIGHTLY else 3
"""Kills at each labelled point: the first time it is passed, the second time, and so on."""
LABELS = ("run.written", "run.durable", "step.written", "step.durable")

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800 if NIGHTLY else 300)]


def loaded_writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_writer", HERE / "run_writer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


writer = loaded_writer()


class Lane:
    """A process that forks workflows, and the one that runs."""

    def __init__(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, str(HERE / "run_writer.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder: Path, log: Path, crash: str = "", after: float | None = None) -> int:
        """Run the workflow, killed at a label, or after some seconds, or not at all; returns its wait status."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps({"folder": str(folder), "log": str(log), "crash": crash}) + "\n")
        self.server.stdin.flush()
        pid = int(self.server.stdout.readline())
        if after is not None:
            time.sleep(after)
            with suppress(ProcessLookupError):  # it was done before
                os.kill(pid, signal.SIGKILL)
        return int(self.server.stdout.readline())


@pytest.fixture
def lane() -> Iterator[Lane]:
    made = Lane()
    yield made
    assert made.server.stdin is not None
    made.server.stdin.close()
    made.server.wait(120)
    assert made.server.stdout is not None
    made.server.stdout.close()


def held_against(log: Path, folder: Path) -> bool:
    """What the log says: nothing acknowledged was run again, and what was acknowledged is there; whether it is done."""
    lines = [line.split(" ", 1) for line in log.read_text().splitlines()] if log.exists() else []
    acked: set[str] = set()
    for word, name in lines:
        assert not (word == "begin" and name in acked), f"{name} was finished and ran again"
        if word == "ack":
            acked.add(name)
    if acked:
        with eider.open(folder, user="ada", embedder=writer.EMBEDDER) as memory:
            run = memory.run_of(memory.runs(name="nightly")[0].id)
            kept = {s.ref: memory.step_output(run.id, s.ref).value for s in run.steps}
            want = dict(zip(writer.NAMES, writer.expected(), strict=True))
            assert {n for n in acked if "/" not in n} <= set(kept), "acknowledged and lost"
            assert kept == {name: want[name] for name in kept}
    return ["done", "run"] in lines


def test_no_finished_step_is_run_again_and_none_is_lost(lane: Lane, tmp_path: Path) -> None:
    """At random moments and at every labelled point of the write; afterwards the same program goes on to its end."""
    draw = random.Random(15)
    plan = [f"{label}:{n}" for label in LABELS for n in range(1, PASSES + 1)] + [""] * RANDOM
    draw.shuffle(plan)
    place, kills, number = 0, 0, 0
    usual = 0.0
    while place < len(plan) or kills < KILLS:
        number += 1
        folder, log = tmp_path / f"{number}.eider", tmp_path / f"{number}.log"
        began = time.monotonic()
        if not usual:
            assert lane.run(folder, log) == 0
            usual = time.monotonic() - began
            continue
        for _ in range(40):
            crash = plan[place] if place < len(plan) else "" if kills < KILLS else "none"
            place += 1
            after = draw.uniform(0.0, usual) if crash == "" else None
            status = lane.run(folder, log, crash=crash, after=after)
            kills += status == signal.SIGKILL
            if held_against(log, folder) and status in (0, signal.SIGKILL):
                break
        assert lane.run(folder, log) == 0
        assert held_against(log, folder)
    assert kills >= KILLS
