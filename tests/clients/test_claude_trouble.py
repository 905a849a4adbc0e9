"""Whatever happens to Eider, the user's turn goes on; what was lost meanwhile is caught up."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from claude_code import Machine
from homes import Home
from places import how_often, where_is
from replies import SUMMARISING
from set_up import Form, briefing, eider_command, eventually, heard, install, kept, marked
from stub_model import StubModel

import eider

pytestmark = pytest.mark.client
RULE = "Always indent with tabs in this codebase."
LEARNED = "indent with tabs in this codebase."
OWN = "stub: ok"
PACKAGE = Path(__file__).parents[2] / "claude_hooks" / "eider_claude_hooks"
LOOK = {"name": "Bash", "input": {"command": "echo LOOKED"}}
BOUND = 20.0
"""Seconds that a turn may take when Eider is in trouble and the machine busy; the client itself gives a hook 60."""


@contextmanager
def nobody(home: Home) -> Iterator[None]:
    """Somebody else holds the server's lock and does not answer: a server can neither be asked nor started."""
    home.stop()
    (home.path / "run").mkdir(exist_ok=True)
    with (home.path / "run" / "owner.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize("end", ["kill", "stop", "hang"])
def test_a_server_that_goes_between_turns_is_missed_by_nobody(
    machine: Machine, home: Home, memory: eider.Eider, end: str
) -> None:
    """The turns go on, nobody sees an error, and everything that was said in the window is heard once, in its order."""
    equipped = install(machine, times=1)
    equipped.stub.script.load({"replies": [{"text": "Four spaces, then."}, {"text": "One."}, {"text": "Two."}]})
    with equipped.talk() as talk:
        talk.say("Add a parser.")
        eventually(lambda: "Four spaces, then." in heard(memory), "the first answer")
        memory.close()
        pids = home.servers()
        [os.kill(pid, signal.SIGSTOP) for pid in pids] if end == "hang" else getattr(home, end)()
        start = time.monotonic()
        assert [talk.say("No, always indent with tabs in this codebase.").text, talk.say("Go on.").text] == [
            "One.",
            "Two.",
        ]
        assert time.monotonic() - start < 2 * BOUND
        if end == "hang":
            [os.kill(pid, signal.SIGCONT) for pid in pids]
        talk.say("And now?")
    assert "hook error" not in talk.debug.lower()
    assert "ECONNREFUSED" not in talk.debug
    with eider.open(user="ada") as later:
        eventually(lambda: "And now?" in heard(later, role="user"), "the last prompt")
        eventually(
            lambda: any(LEARNED in text for text in kept(later)), "the rule that the server was not there to hear"
        )
        later.drain()
        said = ["Add a parser.", "No, always indent with tabs in this codebase.", "Go on.", "And now?"]
        assert heard(later, role="user") == said
        assert heard(later, role="agent")[:3] == ["Four spaces, then.", "One.", "Two."]


def test_without_a_server_the_last_briefing_is_told(equipped: Machine, home: Home, memory: eider.Eider) -> None:
    """A session that finds nobody is told what the last one in this project was; its words are caught up."""
    memory.remember(RULE, kind="rule")
    assert RULE in briefing(equipped.claude("Add a parser.").requests[0])
    eventually(lambda: "Add a parser." in heard(memory), "the first prompt")
    memory.close()
    with nobody(home):
        start = time.monotonic()
        alone = equipped.claude("Add a lexer.", "Add a printer.")
        assert time.monotonic() - start < 3 * BOUND
    assert [turn.text for turn in alone.turns] == [OWN, OWN]
    assert how_often(alone.requests[0], RULE) == 1
    assert not json.loads((home.path / "config.json").read_text()).get("server")
    equipped.claude("And now?", args=["--resume", alone.id])
    with eider.open(user="ada") as later:
        eventually(lambda: "And now?" in heard(later, role="user"), "the last prompt")
        eventually(lambda: len(heard(later, role="user")) >= 4, "the prompts that nobody took")
        assert heard(later, role="user") == ["Add a parser.", "Add a lexer.", "Add a printer.", "And now?"]


def test_a_session_that_no_server_was_there_for_is_heard_later(equipped: Machine, home: Home) -> None:
    """One prompt, over before anything of Eider answered, and never resumed: the next server reads it."""
    with nobody(home):
        equipped.claude("No, always indent with tabs in this codebase.")
    with eider.open(user="ada") as later:
        eventually(lambda: heard(later, role="user") == ["No, always indent with tabs in this codebase."], "the prompt")
        eventually(lambda: any(LEARNED in text for text in kept(later)), "the rule")


def test_a_home_that_cannot_be_written_stops_nothing(equipped: Machine, tmp_path: Path) -> None:
    """A read-only disk, or a file where the directory should be: the model is told nothing, and the turn goes on."""
    (tmp_path / "file").write_text("")
    start = time.monotonic()
    talk = equipped.claude("Add a parser.", "Add a lexer.", env={"EIDER_HOME": str(tmp_path / "file" / "home")})
    assert time.monotonic() - start < 2 * BOUND
    assert [turn.text for turn in talk.turns] == [OWN, OWN]
    assert "SessionStart:startup" in talk.debug
    assert "finished with status 0" in talk.debug


@pytest.mark.parametrize("form", ["http", "command"])
@pytest.mark.parametrize("gone", [sys.executable, str(PACKAGE)])
def test_a_removed_package_stops_nothing(machine: Machine, form: Form, gone: str) -> None:
    """Hooks that point at what is gone cost a line in the client's log: a missing file must not look like a refusal."""
    install(machine, form=form)
    told = machine.settings.read_text()
    assert gone in told
    machine.settings.write_text(told.replace(gone, f"{machine.root}/gone"))
    machine.stub.script.load({"rules": [SUMMARISING], "replies": [{"tools": [LOOK]}, {"text": "There is nothing."}]})
    talk = machine.claude("Add a parser.", "/compact", "Add a lexer.")
    assert [talk.turns[0].text, talk.turns[2].text] == ["There is nothing.", OWN]
    assert where_is(talk.requests[1], "LOOKED"), "the tool ran"


def copied(place: Path) -> str:
    """An interpreter with Eider at a place of its own, as a user's path may read."""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=60)
    (site,) = place.glob("lib/python*/site-packages")
    for package in (
        root / "core" / "eider",
        *(root / "plugins").glob("eider_*"),
        root / "claude_hooks" / "eider_claude_hooks",
    ):
        shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    (theirs,) = Path(sys.prefix).glob("lib/python*/site-packages")
    (site / "theirs.pth").write_text(f"{theirs}\n")
    return str(place / "bin" / "python")


@pytest.mark.parametrize("form", ["http", "command"])
def test_paths_with_spaces_and_quotes(
    claude: Path, stub: StubModel, tmp_path: Path, home: Home, memory: eider.Eider, form: Form
) -> None:
    """Interpreter, package, home and project may lie anywhere."""
    odd = tmp_path / 'Ada\'s "own" things'
    machine = Machine(binary=claude, root=odd, stub=stub, env={"EIDER_HOME": str(home)})
    python = copied(odd / "it's $HOME here")
    install(machine, form=form, python=python)
    assert json.dumps(python) in machine.settings.read_text()
    memory.remember(RULE, kind="rule")
    talk = machine.claude("Add a parser.")
    assert RULE in briefing(talk.requests[0])
    eventually(lambda: heard(memory, role="user") == ["Add a parser."], "the prompt")
    assert (
        eider_command(machine, "uninstall", "--target", "claude-code", program=(python, "-m", "eider")).returncode == 0
    )
    assert not marked(machine.claude("Add a lexer.").requests[0])
