"""Eider on a test's machine, set up the way a user does it, and what Claude Code's model read of it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from claude_code import Machine
from homes import PATIENCE
from places import read, where_is
from stub_wire import Json

import eider
from eider.client import hook_port
from eider.client.client import server_notes

EIDER: Final = Path(sys.executable).with_name("eider")
MARK: Final = "<eider-memory"
Form = Literal["http", "command"]
"""How most events reach the server: as commands, or where the user chose it over http."""
_BRIEFING: Final = "SessionStart hook additional context: "
_RECALLED: Final = "UserPromptSubmit hook additional context: "


def eider_command(
    machine: Machine, *told: str, program: Sequence[str] = (str(EIDER),)
) -> subprocess.CompletedProcess[str]:
    """What a person types on that machine."""
    return subprocess.run(
        [*program, *told],
        cwd=machine.project,
        env=machine.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def install(
    machine: Machine, *more: str, form: Form = "command", python: str = sys.executable, times: int = 20
) -> Machine:
    """`eider install`, with hooks that may take so many times longer; the machine."""
    program = (python, "-m", "eider")
    patient(machine, times)
    if form != "command":
        assert eider_command(machine, "config", "set", "hook_form", form).returncode == 0
    done = eider_command(machine, "install", "--target", "claude-code", "--no-wizard", "--yes", *more, program=program)
    assert done.returncode == 0, done.stdout + done.stderr
    home = machine.env["EIDER_HOME"]
    if form == "http" and server_notes(home):  # a server that runs already looks for the port once a second
        known = hook_port.read(home)
        assert known is not None
        eventually(lambda: hook_port.is_our_server(known), "the hook port")
    return machine


def patient(machine: Machine, times: int = 20) -> None:
    """Let hooks take longer: what they do is looked at here, and the machine may be busy with something else."""
    done = eider_command(machine, "config", "set", "hook_patience", str(times))
    assert done.returncode == 0, done.stdout + done.stderr
    machine.env["EIDER_HOOK_PATIENCE"] = str(times)


def eventually(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition, and ask for it ever more seldom: some things are done when nobody asks."""
    end, pause = time.monotonic() + PATIENCE, 0.05
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {PATIENCE:.0f} s"
        time.sleep(pause)
        pause = min(pause * 1.6, 2.5)


def marked(request: Json) -> dict[str, str]:
    """By place, all that Eider told the model in a request."""
    return {place: read(request, place) for place in where_is(request, MARK)}


def briefing(request: Json, place: str = "messages[0].user[0].text") -> str:
    """What a session was opened with, which is the first the model reads; "" when nothing."""
    found = {where: text for where, text in marked(request).items() if _BRIEFING in text}
    assert set(found) <= {place}, found
    return "".join(found.values())


def recalled(request: Json) -> str:
    """What was recalled for the prompt at hand, which stands before it in its message; "" when nothing."""
    messages = request["body"]["messages"]
    last = max(at for at, one in enumerate(messages) if one["role"] == "user")
    found = {
        place: text
        for place, text in marked(request).items()
        if _RECALLED in text and place.startswith(f"messages[{last}].user[")
    }
    assert len(found) <= 1, found
    for place in found:
        number = re.fullmatch(rf"messages\[{last}\]\.user\[(\d+)\]\.text", place)
        assert number is not None
        assert int(number[1]) < len(messages[last]["content"]) - 1, "a recalled line stands after the prompt"
    return "".join(found.values())


def heard(memory: eider.Eider, role: str | None = None, session: str | None = None) -> list[str]:
    """Utterances that are kept, in their order."""
    rows = memory.sql("SELECT text, role, session FROM episodes ORDER BY said_at, seq").rows
    return [text for text, who, where in rows if role in {None, who} and session in {None, where}]


def kept(memory: eider.Eider) -> list[str]:
    """Memories that hold."""
    return [row[0] for row in memory.sql("SELECT text FROM memories WHERE status = 'current' ORDER BY id").rows]
