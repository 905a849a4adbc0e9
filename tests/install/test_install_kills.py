"""`kill -9` at any point of installing and of taking back: each file is old or new, and uninstall still restores."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

POINTS = ("install.noted", "install.begun", *(f"install.written:{n}" for n in (1, 4, 8)))
BACK = tuple(f"install.undone:{n}" for n in (1, 4, 8))
SETTINGS = b'{\r\n\t"theme": "dark", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "x"}]}]}\r\n}'
RANDOM = 60 if os.environ.get("EIDER_NIGHTLY") else 6


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """An account with settings of its own."""
    claude = tmp_path / "it's home" / ".claude"
    claude.mkdir(parents=True)
    (claude / "settings.json").write_bytes(SETTINGS)
    return claude.parent


def command(home: Path, verb: str, at: str = "") -> subprocess.Popen[bytes]:
    env = {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "EIDER_HOOK_FORM": "http",
           "EIDER_HOME": str(home / "eider"), "EIDER_CRASH_AT": at}  # fmt: skip
    words = [sys.executable, "-m", "eider", verb, "--target", "claude-code", "--yes"]
    return subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def tree(home: Path) -> dict[str, bytes]:
    """What Claude Code sees."""
    return {str(p.relative_to(home / ".claude")): p.read_bytes() for p in (home / ".claude").rglob("*") if p.is_file()}


def finished(home: Path, verb: str) -> None:
    done = command(home, verb)
    said, _ = done.communicate(timeout=60)
    assert done.returncode == 0, said.decode()


def whole(home: Path) -> dict[str, bytes]:
    """The files as an undisturbed installation leaves them; taken back again."""
    finished(home, "install")
    seen = tree(home)
    finished(home, "uninstall")
    assert tree(home) == {"settings.json": SETTINGS}
    return seen


def old_or_new(home: Path, new: dict[str, bytes]) -> None:
    """No file is torn; settings are either those of before, or ours with some token."""
    for name, text in tree(home).items():
        if name == "settings.json":
            assert text == SETTINGS or (b"/v1/hooks/claude-code" in text and text.endswith(b"}"))
        elif ".eider-new." not in name:
            assert text == new[name]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_while_installing(machine: Path, point: str) -> None:
    """At each step; then it is taken back, or carried out by a second call and taken back."""
    new = whole(machine)
    for then in (["uninstall"], ["install", "uninstall"]):
        died = command(machine, "install", point)
        died.communicate(timeout=60)
        assert died.returncode == -signal.SIGKILL
        old_or_new(machine, new)
        for verb in then:
            finished(machine, verb)
        assert tree(machine) == {"settings.json": SETTINGS}


@pytest.mark.parametrize("point", BACK)
def test_a_kill_while_taking_back(machine: Path, point: str) -> None:
    """A second call goes on from there."""
    new = whole(machine)
    finished(machine, "install")
    died = command(machine, "uninstall", point)
    died.communicate(timeout=60)
    assert died.returncode == -signal.SIGKILL
    old_or_new(machine, new)
    finished(machine, "uninstall")
    assert tree(machine) == {"settings.json": SETTINGS}


def test_kills_at_any_moment(machine: Path) -> None:
    """Installing and taking back in turns, killed whenever; in the end all is as it was."""
    chance = random.Random(7)
    new = whole(machine)
    began = time.monotonic()
    finished(machine, "install")
    lasts = time.monotonic() - began
    for _ in range(RANDOM):
        victim = command(machine, chance.choice(["install", "uninstall"]))
        time.sleep(chance.uniform(0.3, 1.0) * lasts)
        victim.kill()
        victim.communicate(timeout=60)
        old_or_new(machine, new)
    finished(machine, "uninstall")
    assert tree(machine) == {"settings.json": SETTINGS}
