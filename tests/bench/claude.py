"""What Eider's hooks cost a user of the real Claude Code, read from the client's own log."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import corpus
import numpy as np

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS / "clients"), str(_TESTS / "service")]

from claude_code import Conversation, Machine  # noqa: E402 (the tests' own harness)
from homes import Home  # noqa: E402
from hosts import filled_home  # noqa: E402
from installed import CLAUDE_CODE, claude_binary  # noqa: E402
from set_up import Form, install  # noqa: E402
from stub_model import StubModel  # noqa: E402

VERSION = CLAUDE_CODE.rpartition("@")[2]
MEMORIES, SESSIONS, PROMPTS, WARM_UP = 10_000, 2, 25, 3
THINKING = 0.4
"""Seconds that the model takes, which is little: learning is done before the next prompt, as in anybody's session."""
_SUBMIT = re.compile(r"prompt\.submit settled in ([\d.]+)ms")
_START = re.compile(r"Hooks: SessionStart:\S+ \[.*\] finished with status 0 \((\d+)ms\)")
_POST = re.compile(r"^(\S+Z) \[DEBUG\] Hooks: HTTP hook (POST|response)")
_NAMED = re.compile(r'^\S+Z \[DEBUG\] "Hook \S+ \((\w+)\) success')


def _machine(root: Path, home: Home, stub: StubModel, form: Form | None) -> Machine:
    """A machine with the hooks that an install wires, in one form or the other; None for a machine without Eider."""
    machine = Machine(binary=claude_binary(), root=root, stub=stub, env={"EIDER_HOME": str(home)})
    return machine if form is None else install(machine, form=form, times=1)


def _figures(times: list[float]) -> str:
    return f"{np.percentile(times, 50):.1f} / {np.percentile(times, 95):.1f}"


def posted(log: str) -> Iterator[tuple[str, float]]:
    """Event and milliseconds of each http hook; in one session they come one after the other."""
    since = spent = 0.0
    for line in log.splitlines():
        if found := _POST.match(line):
            at = datetime.fromisoformat(found[1]).timestamp() * 1e3
            if found[2] == "POST":
                since = at
            else:
                spent = at - since
        elif found := _NAMED.match(line):
            yield found[1], spent


def _rounds(machines: dict[str, Machine]) -> dict[str, list[Conversation]]:
    """Every machine gets the same prompts, one after the other, each round beginning with the next."""
    done: dict[str, list[Conversation]] = {name: [] for name in machines}
    names = list(machines)
    for session in range(SESSIONS):
        prompts = corpus.questions(PROMPTS, seed=50 + session)
        with ExitStack() as stack:
            talks = {name: stack.enter_context(machine.talk()) for name, machine in machines.items()}
            for number, prompt in enumerate(prompts):
                for name in names[number % len(names) :] + names[: number % len(names)]:
                    talks[name].say(prompt)
        for name, talk in talks.items():
            done[name].append(talk)
    return done


def _starts(machine: Machine, home: Home, *, cold: bool, times: int = 9) -> list[float]:
    spent: list[float] = []
    for number in range(times):
        if cold:
            home.stop()
        talk = machine.claude(f"Hello, this is number {number}.")
        spent += [float(found) for found in _START.findall(talk.debug)]
        time.sleep(THINKING)
    if len(spent) != times:
        raise RuntimeError(f"{len(spent)} of {times} sessions have told how long their start took")
    return spent


def parts() -> tuple[list[list[str]], list[list[str]]]:
    """Rows per kind of hook, and rows of the hooks by themselves."""
    script = {"default": {"text": "It depends; let us look at the code first.", "delay": THINKING}}
    with tempfile.TemporaryDirectory() as folder, filled_home(MEMORIES) as home, StubModel(script) as stub:
        root = Path(folder)
        machines = {
            "none": _machine(root / "none", home, stub, None),
            "http (user settings)": _machine(root / "http", home, stub, "http"),
            "command (plugin, project)": _machine(root / "command", home, stub, "command"),
        }
        http = machines["http (user settings)"]
        http.claude("Good morning.")
        talks = _rounds(machines)
        submits = {
            name: [float(ms) for talk in told for ms in _SUBMIT.findall(talk.debug)[WARM_UP:]]
            for name, told in talks.items()
        }
        floor = submits["none"]
        rows = [
            [
                name,
                _figures(times),
                f"{np.percentile(times, 50) - np.percentile(floor, 50):.1f}",
                f"{np.percentile(times, 95) - np.percentile(floor, 95):.1f}",
            ]
            for name, times in submits.items()
        ]
        alone = [one for talk in talks["http (user settings)"] for one in list(posted(talk.debug))]
        by_event = {event: [ms for name, ms in alone if name == event] for event in ("UserPromptSubmit", "Stop")}
        single = [[f"{event}, http", _figures(times)] for event, times in by_event.items()]
        single.append(["SessionStart, warm server", _figures(_starts(http, home, cold=False))])
        single.append(["SessionStart, cold server", _figures(_starts(http, home, cold=True))])
        return rows, single
