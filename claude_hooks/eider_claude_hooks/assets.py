"""The plugin's files: what is installed elsewhere is copied from there, so that there is one of each."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from eider.model.errors import RefusedError

PLUGIN: Final = "plugin"
SKILL: Final = "skills/eider/SKILL.md"
SCRIPT: Final = "hooks/eider.sh"
_OUR_MARK: Final = b"allowed-tools: Bash("
_NAME: Final = b"name: eider\n"


def hook_script() -> Path:
    """The command hook, by absolute path.

    Raises:
        RefusedError: The package is not installed as files.
    """
    return Path(_read_asset("hook.py"))


def documents() -> dict[str, bytes]:
    """What people and the model see: the skill and the slash commands, by their path below a configuration."""
    folder = Path(_read_asset(PLUGIN))
    found = [folder / SKILL, *sorted((folder / "commands").glob("*.md"))]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def launcher() -> bytes:
    """The launcher that finds Eider when it runs."""
    return Path(_read_asset(PLUGIN), SCRIPT).read_bytes()


def is_ours(text: bytes) -> bool:
    """Whether a skill or command file was written by some version of Eider, even if somebody changed it since."""
    head = text.partition(b"\n---")[0]
    return _NAME in head + b"\n" or (_OUR_MARK in head and b"eider" in head)


def _read_asset(name: str) -> str:
    found = files("eider_claude_hooks") / name
    if not isinstance(found, Path):
        raise RefusedError("Eider is installed in an archive; install it as files, for example with pip.")
    return str(found)
