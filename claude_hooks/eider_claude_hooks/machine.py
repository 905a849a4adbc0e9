"""What this machine says about how Claude Code can be wired: its directory, other people, its own rules."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from eider.api.install import files
from eider.api.install.json_edit import JsonText, JsonTextError
from eider.client import hook_port
from eider.model.errors import RefusedError
from eider.service.doctor.server import is_locked

_FIRST_PERSON: Final = 500 if sys.platform == "darwin" else 1000
"""Lowest account number that people get."""
_NOTICED: Final = 2.5
"""Seconds in which a server has looked at its hook port twice."""
_NOBODY: Final = 65534
_NO_LOGIN: Final = ("nologin", "false", "sync", "shutdown", "halt", "git-shell")
_MANAGED: Final = (
    "/etc/claude-code/managed-settings.json", "/Library/Application Support/ClaudeCode/managed-settings.json",
)  # fmt: skip


def config_folder() -> Path:
    """Return the directory of this account's Claude Code settings."""
    named = os.environ.get("CLAUDE_CONFIG_DIR")
    return Path(named).expanduser().absolute() if named else Path.home() / ".claude"


def is_on_path() -> bool:
    """Return whether the program is installed."""
    import shutil

    return shutil.which("claude") is not None


def other_people(passwd: str = "/etc/passwd") -> list[str]:  # noqa: S107 (a file of names)
    """Accounts of other people who may log in here: they could listen on a port before we do."""
    if sys.platform == "darwin":  # people are in a directory service there
        import pwd

        return [one.pw_name for one in pwd.getpwall() if _is_person(str(one.pw_uid), one.pw_shell)]
    try:
        lines = Path(passwd).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    rows = [line.split(":") for line in lines if line.count(":") >= 6]  # noqa: PLR2004 (passwd(5))
    return [name for name, _, uid, *_, shell in rows if _is_person(uid, shell)]


def _is_person(uid: str, shell: str) -> bool:
    number = int(uid) if uid.isdecimal() else -1
    return (
        _FIRST_PERSON <= number != _NOBODY
        and number != os.getuid()
        and shell.strip().rpartition("/")[2] not in ("", *_NO_LOGIN)
    )


def is_port_taken(home: Path, known: hook_port.HookPort) -> bool:
    """Whether somebody else listens where hooks post to; our server gets a moment to take up a new token."""
    until = time.monotonic() + _NOTICED
    while not hook_port.is_free(known.port):
        if hook_port.is_our_server(known):
            return False
        if not is_locked(str(home)) or time.monotonic() > until:
            return True
        time.sleep(0.1)
    return False


def is_port_unserved(home: Path, known: hook_port.HookPort) -> bool:
    """Whether our server runs and does not listen where hooks post to, although it had a moment to notice."""
    until = time.monotonic() + _NOTICED
    while is_locked(str(home)) and not hook_port.is_our_server(known):
        if time.monotonic() > until:
            return True
        time.sleep(0.1)
    return False


def managed_settings(paths: Sequence[str] = _MANAGED) -> dict[str, Any]:
    """Settings that whoever administers this machine has laid down; empty when there are none, or none readable."""
    for path in paths:
        try:
            found = JsonText((files.read(Path(path)) or b"").decode()).value
        except (RefusedError, JsonTextError, UnicodeDecodeError):
            continue
        if found and isinstance(found, dict):
            return found
    return {}
