"""Everybody at once on one home: programs that live long, commands, hooks and a notebook, from two environments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alive_worker import SAID_BEFORE
from homes import PATIENCE, Home

import eider
from eider.client import call
from eider.client.client import server_notes

WORKER = Path(__file__).with_name("alive_worker.py")
HOOK = [sys.executable, "-I", "-S", str(call.__file__)]
ROUNDS = 12
pytestmark = [pytest.mark.slow, pytest.mark.timeout(5 * PATIENCE)]

Process = subprocess.Popen[str]


@pytest.fixture
def other(tmp_path: Path) -> str:
    """The interpreter of a second environment: the same files at another path, as a moved or linked venv has them."""
    tmp_path.joinpath("env").symlink_to(sys.prefix)
    return str(tmp_path / "env" / Path(sys.executable).relative_to(sys.prefix))


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    """Long-lived processes; none outlives a test that failed."""
    started: list[Process] = []
    yield started
    for one in started:
        if one.poll() is None:
            one.kill()
        one.communicate()


def alive(processes: list[Process], python: str, *given: str) -> None:
    """Start one more; it says when its memory is open, and waits."""
    command = [python, str(WORKER), *given]
    processes.append(
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
    )


def said(*command: str) -> Any:
    """What one short process prints as JSON; it may not complain."""
    env = {**os.environ, "EIDER_USER": "ada", "EIDER_STORE": "team"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, ""), (command, done)
    return [json.loads(line) for line in done.stdout.splitlines()]


def commands(python: str, name: str) -> list[str]:
    """A person at a prompt: keeps and looks up; returns what was kept."""
    kept = [f"Command {place} of {name} was given." for place in range(4)]
    for text in kept:
        said(python, "-m", "eider", "remember", text, "--json")
        found = said(python, "-m", "eider", "recall", text, "--json", "--limit", "5")
        assert text in [hit["text"] for hit in found]
    return kept


def hooks(name: str) -> list[str]:
    """A host that starts a process for every prompt; returns what was kept."""
    kept = [f"Prompt {place} of {name} came in." for place in range(8)]
    for text in kept:
        (answer,) = said(*HOOK, "record", json.dumps({"text": text, "session": name}), "--quiet", "--max-trust", "user")
        assert answer["status"] in ("stored", "queued")
        (answer,) = said(*HOOK, "inject", json.dumps({"prompt": text}), "--quiet")
        assert answer["status"] == "ok"
    return kept


def everything(memory: eider.Eider) -> list[str]:
    found: list[str] = []
    while page := memory.search(limit=500, offset=len(found)).items:
        found += [hit.text for hit in page]
    return found


def test_programs_commands_hooks_and_a_notebook_share_a_home(
    home: Home, other: str, processes: list[Process], tmp_path: Path
) -> None:
    """Six programs, a notebook over a snapshot, commands and hooks at once: no error, and all of it is there, once."""
    with eider.open(tmp_path / "before.eider", user="ada") as before:
        before.remember(SAID_BEFORE)
        snapshot = before.publish(tmp_path / "snapshot")
    for n in range(6):
        alive(processes, other if n % 2 else sys.executable, f"w{n}", str(ROUNDS))
    alive(processes, sys.executable, "notebook", str(ROUNDS), str(snapshot))
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n", one.communicate()
    server = server_notes(str(home))["pid"]
    with ThreadPoolExecutor(4) as pool:
        short = [pool.submit(commands, python, name) for python, name in ((sys.executable, "a"), (other, "b"))]
        short += [pool.submit(hooks, name) for name in ("c", "d")]
        told = list(pool.map(lambda one: one.communicate("go\n", timeout=PATIENCE * 2), processes))
        kept = [text for one in short for text in one.result()]
    assert [complaint for _, complaint in told if complaint] == []
    assert [one.returncode for one in processes] == [0] * 7
    for answer, _ in told:
        kept += json.loads(answer)
    assert len(kept) == 6 * ROUNDS * 5 + 2 * 4 + 2 * 8
    with eider.open("team", user="ada") as memory:
        assert Counter(everything(memory)) == Counter(kept)
        memory.drain()
        assert memory.verify(deep=True)
    assert home.servers() == [server]


def test_two_environments_of_one_version_alternate_in_peace(home: Home, other: str) -> None:
    """The same release at two paths: whoever asks, the server stays, also one that the other environment started."""
    ours = [sys.executable, "-m", "eider"]
    theirs = [other, "-m", "eider"]
    said(*theirs, "remember", "Began elsewhere.", "--json")
    server = home.servers()
    assert server_notes(str(home))["executable"] == other
    for place in range(3):
        for python in (ours, theirs):
            said(*python, "remember", f"Said {place} by {python[0]}.", "--json")
            assert said(*python, "recall", "Began elsewhere.", "--json")
    assert home.servers() == server
    home.kill()
    assert said(*ours, "recall", "Began elsewhere.", "--json")
    server = home.servers()
    assert server_notes(str(home))["executable"] == sys.executable
    assert len(said(*theirs, "search", "--json", "--limit", "50")) == 7
    assert home.servers() == server
