"""Texts of a systemd user unit and a launchd agent that keep the server running."""

from __future__ import annotations

import hashlib
import plistlib
from collections.abc import Mapping, Sequence

from eider.model.errors import InputError


def unit_name(home: str, default: str) -> str:
    """Return the unit's name; each home other than the default has its own.

    >>> unit_name("/home/ada/.local/share/eider", "/home/ada/.local/share/eider"), unit_name("/srv/m", "/home/ada/e")
    ('eider', 'eider-m-a2734040')
    """
    if home == default:
        return "eider"
    last = home.rstrip("/").rsplit("/", 1)[-1]
    word = "".join(c for c in last if c.isascii() and (c.isalnum() or c in "_-"))[:40]
    return f"eider-{word or 'home'}-{hashlib.sha256(home.encode()).hexdigest()[:8]}"


def systemd_unit(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return a systemd user unit that runs a command and restarts it on failure.

    Raises:
        InputError: A word holds what a unit cannot.
    """
    if set(command[0]) & set("\"'\\"):
        raise InputError(f"{command[0]!r} holds a quote or a backslash, which systemd runs no program by; move it.")
    words = " ".join([_systemd_quote(command[0]), *(_systemd_quote(word, dollar=True) for word in command[1:])])
    settings = "".join(f"Environment={_systemd_quote(f'{k}={v}')}\n" for k, v in environment.items())
    return f"""\
[Unit]
Description=Eider, memory for agents
StartLimitIntervalSec=0

[Service]
ExecStart={words}
{settings}UMask=0077
Restart=on-failure
RestartSec=5
TimeoutStopSec=60

[Install]
WantedBy=default.target
"""


def launchd_agent(label: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return a launchd agent that runs a command and restarts it on failure.

    Raises:
        InputError: A word holds what a property list cannot.
    """
    for word in (*command, *environment.values()):
        _check_printable(word)
    agent = {
        "Label": label,
        "ProgramArguments": list(command),
        "EnvironmentVariables": dict(environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 5,
        "ExitTimeOut": 60,
        "Umask": 0o077,
        "ProcessType": "Interactive",
    }
    return plistlib.dumps(agent, sort_keys=False).decode()


def _systemd_quote(word: str, *, dollar: bool = False) -> str:
    r"""Quote a word for systemd, where `%` is a specifier and `$` in commands a variable.

    >>> print(_systemd_quote('/opt/my "$5" 100%', dollar=True))
    "/opt/my \"$$5\" 100%%"
    """
    _check_printable(word)
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if dollar else escaped}"'


def _check_printable(word: str) -> None:
    if not word.isprintable():
        raise InputError(f"{word!r} holds a control character, which no unit can; rename the directory.")
