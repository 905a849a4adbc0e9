"""No window goes deaf: whatever happens to the server, everything said is kept once and in order, and no hook waits long."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from homes import Home, until

import eider
from eider.service import run
from eider_claude_hooks import hook
from eider_claude_hooks.wiring import exec_form

PROMPTS = 200 if os.environ.get("EIDER_NIGHTLY") else 28
THINGS = "harbour parser invoice ferry lexer tunnel ledger printer orchard compass".split()


class Window:
    """A window of the client: it calls the command hook, and writes its transcript as the client does."""

    def __init__(self, home: Home, project: Path, folder: Path) -> None:
        self.home, self.project, self.folder = home, project, folder
        self.said: list[str] = []
        self.prints: list[str] = []
        self.opens("startup")

    def opens(self, source: str) -> None:
        """A conversation of its own, as after /clear."""
        self.session = str(uuid.uuid4())
        self.transcript = self.folder / f"{self.session}.jsonl"
        self.tells("SessionStart", source=source)

    def tells(self, event: str, **more: Any) -> str:
        """One hook, as the client runs it."""
        said = {"session_id": self.session, "transcript_path": str(self.transcript), "cwd": str(self.project)}
        form = exec_form(sys.executable, hook.__file__)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "EIDER_HOME": str(self.home),
            "CLAUDE_PID": str(os.getpid()),
        }
        done = subprocess.run(
            [form["command"], *form["args"]], input=json.dumps({**said, "hook_event_name": event, **more}).encode(),
            env=env, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        self.prints.append(done.stdout.decode())
        return self.prints[-1]

    def writes(self, kind: str, text: str, **more: Any) -> None:
        """One line of the transcript."""
        message: dict[str, Any] = {"id": uuid.uuid4().hex, "role": kind, "content": [{"type": "text", "text": text}]}
        message |= {"stop_reason": "end_turn"} if kind == "assistant" else {}
        row = {
            "type": kind,
            "message": message,
            "uuid": str(uuid.uuid4()),
            "timestamp": datetime.now(UTC).isoformat(),
            **more,
        }
        with self.transcript.open("a") as file:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")

    def says(self, prompt: str) -> None:
        """A whole turn."""
        turn = str(uuid.uuid4())
        self.tells("UserPromptSubmit", prompt=prompt, prompt_id=turn)
        self.writes("user", prompt, promptId=turn)
        self.said.append(prompt)
        self.writes("assistant", f"Noted: {prompt}")
        self.tells("Stop", last_assistant_message=f"Noted: {prompt}", prompt_id=turn)


def said(memory: eider.Eider, role: str = "user") -> list[str]:
    """What is kept, in the order in which it was said."""
    return [row[0] for row in memory.sql(f"SELECT text FROM episodes WHERE role = '{role}' ORDER BY said_at, seq").rows]


@pytest.fixture
def window(home: Home, project: Path, tmp_path: Path) -> Callable[[], Window]:
    """Opens windows."""
    home.settings(embedder="hash", user="ada")
    return lambda: Window(home, project, tmp_path)


def hang(home: Home) -> None:
    for pid in home.servers():
        os.kill(pid, signal.SIGSTOP)


def go_on(home: Home) -> None:
    for pid in home.servers():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@pytest.mark.slow
@pytest.mark.crash
def test_a_storm_of_prompts_loses_doubles_and_disorders_nothing(home: Home, window: Callable[[], Window]) -> None:
    """Two windows; the server is killed, stopped, hangs and goes on; windows are cleared; at the end it was all heard once."""
    chance = random.Random(7)
    windows = [window(), window()]
    everything: list[str] = []
    faults = [home.kill, home.stop, lambda: hang(home), lambda: go_on(home), None, None, None]
    for number in range(PROMPTS):
        one = chance.choice(windows)
        if (fault := chance.choice(faults)) is not None:
            fault()
        if chance.random() < 0.05:
            one.opens("clear")
        everything.append(f"Prompt {number}: what about the {chance.choice(THINGS)}?")
        one.says(everything[-1])
    go_on(home)
    home.kill()
    with eider.open(user="ada") as memory:
        window()  # the next session anywhere
        until(lambda: len(said(memory)) >= PROMPTS, "the last of what was said")
        assert said(memory) == everything
        until(lambda: len(said(memory, "agent")) >= PROMPTS, "the answers")
        assert sorted(said(memory, "agent")) == sorted(f"Noted: {text}" for text in everything)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_an_open_window_finds_a_server_again(home: Home, window: Callable[[], Window], end: str) -> None:
    """The prompt after the end starts one; that prompt itself is heard, and those after it are answered."""
    one = window()
    one.says("Good morning.")
    getattr(home, end)()
    one.says("No, always indent with tabs in this project.")
    until(home.servers, "another server")
    with eider.open(user="ada") as memory:
        until(lambda: "Good morning." in said(memory) and len(said(memory)) == 2, "both prompts")


@pytest.mark.slow
def test_a_server_that_hangs_is_waited_for_once(home: Home, window: Callable[[], Window]) -> None:
    """Later hooks leave a note at once; when the server goes on, the order is that in which it was said."""
    one = window()
    home.start()
    one.says("First.")
    until(lambda: not (home.path / "run" / hook.HUNG_FILE).exists(), "a server that keeps up")
    hang(home)
    one.says("Second.")
    assert (home.path / "run" / hook.HUNG_FILE).exists()
    sent = one.tells("UserPromptSubmit", prompt="", prompt_id="x")
    assert sent == ""
    one.says("Third.")
    one.says("Fourth.")
    go_on(home)
    until(lambda: not (home.path / "run" / hook.HUNG_FILE).exists(), "the server's sign that it moves")
    with eider.open(user="ada") as memory:
        until(lambda: time.sleep(2) or len(said(memory)) == 4, "what was said meanwhile")  # it is read when nobody asks
        assert said(memory) == ["First.", "Second.", "Third.", "Fourth."]


def test_hooks_and_server_name_the_same_sign() -> None:
    assert hook.HUNG_FILE == run.HUNG_FILE


def test_after_a_hang_only_one_hook_a_minute_asks(tmp_path: Path) -> None:
    """The others take the sign for an answer; the one that asks moves it on. The sign of a server that is gone means nothing."""
    (tmp_path / "run").mkdir()
    sign = tmp_path / "run" / hook.HUNG_FILE
    assert not hook._hangs(str(tmp_path))
    sign.touch()
    with (tmp_path / "run" / "owner.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert hook._hangs(str(tmp_path))
        old = time.time() - 3600
        os.utime(sign, (old, old))
        assert not hook._hangs(str(tmp_path))
        assert hook._hangs(str(tmp_path))
    assert not hook._hangs(str(tmp_path))
