"""Installs the server as a systemd or launchd service: `service install`, `service uninstall`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from eider.cli.command import EiderGroup, command, pass_state
from eider.cli.output import print_indented, print_line, print_values
from eider.cli.state import State
from eider.model.errors import ServerError, StoreError

_KEYS: Final = ("name", "path", "installed")
_TIMEOUT: Final = 60.0
_ALWAYS: Final = ("--foreground", "--idle", "never")
_NONE: Final = (
    "no systemd or launchd of this account answers here ({why}), as in a container; let whatever supervises it run "
    "eider serve --foreground, or see with --dry-run what would be written."
)


@click.group("service", cls=EiderGroup)
def service() -> None:
    """Keep the server process always on.

    Nobody needs that: the server is started by whoever needs it. It spares the first call of a day its second.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit file: its path, its text, and the commands that enable and disable it."""

    name: str
    path: Path
    text: str
    check: tuple[str, ...]
    """Succeeds where such a supervisor answers."""
    start: tuple[tuple[str, ...], ...]
    stop: tuple[tuple[str, ...], ...]
    after: tuple[tuple[str, ...], ...] = ()
    """Once the file is gone."""


def unit_for(platform: str) -> Unit:
    """Return the unit of this home for a platform, `linux` or `darwin`.

    Raises:
        ServerError: Nothing of that kind exists there.
    """
    from eider.client.client import home
    from eider.service import service_units

    place, usual = home(), _is_default_home()
    name = service_units.unit_name(place, usual)
    run = [sys.executable, "-P", "-m", "eider", "serve", *_ALWAYS]
    environment = {"EIDER_HOME": place}
    if platform == "darwin":
        label, domain = f"org.{name}", f"gui/{os.getuid()}"
        path = Path.home() / "Library" / "LaunchAgents" / f"{label}.plist"
        return Unit(
            name=label, path=path, text=service_units.launchd_agent(label, run, environment), check=("launchctl", "print", domain),
            start=(("launchctl", "bootstrap", domain, str(path)),), stop=(("launchctl", "bootout", f"{domain}/{label}"),),
        )  # fmt: skip
    if platform != "linux":
        raise ServerError(_NONE.format(why=f"this is {platform}"))
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path, unit, ask = folder / "systemd" / "user" / f"{name}.service", f"{name}.service", ("systemctl", "--user")
    return Unit(
        name=unit, path=path, text=service_units.systemd_unit(run, environment), check=(*ask, "show-environment"),
        start=((*ask, "daemon-reload"), (*ask, "enable", "--now", unit)), stop=((*ask, "disable", "--now", unit),),
        after=((*ask, "daemon-reload"),),
    )  # fmt: skip


def _is_default_home() -> str:
    from eider.model import config

    named = os.environ.pop("EIDER_HOME", None)
    try:
        return str(config.home())
    finally:
        if named is not None:
            os.environ["EIDER_HOME"] = named


@command("install", answer=_KEYS, examples=("eider service install", "eider service install --dry-run"))
@click.option("--dry-run", is_flag=True, help="Only print what would be written.")
@pass_state
def install(state: State, dry_run: bool) -> None:
    """Write a unit for this account and start it.

    A server that runs already is ended first; the unit's takes its place.
    """
    unit = unit_for(sys.platform)
    if dry_run:
        print_values(state, [{"name": unit.name, "path": unit.path, "installed": False}],
             lambda: click.echo(f"# {unit.path}\n{unit.text}", nl=False))  # fmt: skip
        return
    _check_supervisor(unit)
    path = unit.path
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(unit.text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise StoreError(f"{str(path)!r} cannot be written ({error.strerror}); mend its permissions.") from None
    from eider.client.client import home
    from eider.service import run as serving

    serving.stop(home(), _TIMEOUT)
    for words in unit.start:
        done = _run(words)
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())
            raise ServerError(
                f"{' '.join(words)} failed ({said}); see why, then take it back with eider service uninstall."
            )

    def human() -> None:
        print_line(f"installed {unit.path}")
        if sys.platform == "linux":
            print_indented("It ends with your last session; loginctl enable-linger keeps it on.", dim=True)

    print_values(state, [{"name": unit.name, "path": unit.path, "installed": True}], human)


@command("uninstall", answer=_KEYS, examples=("eider service uninstall", "eider service uninstall --dry-run"))
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@pass_state
def uninstall(state: State, dry_run: bool) -> None:
    """Stop the unit and take it away; stores stay as they are."""
    unit = unit_for(sys.platform)
    there = unit.path.exists()
    if there and not dry_run:
        _check_supervisor(unit)
        for words in unit.stop:
            _run(words)  # it may have been stopped by hand
        unit.path.unlink(missing_ok=True)
        for words in unit.after:
            _run(words)
    said = f"{'would remove' if dry_run else 'removed'} {unit.path}" if there else "no unit is installed"
    answer = {"name": unit.name, "path": unit.path, "installed": there and dry_run}
    print_values(state, [answer], lambda: print_line(said))


def _check_supervisor(unit: Unit) -> None:
    """Raise if no service manager is available."""
    if shutil.which(unit.check[0]) is None:
        raise ServerError(_NONE.format(why=f"there is no {unit.check[0]}"))
    done = _run(unit.check)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"{unit.check[0]} failed"]
        raise ServerError(_NONE.format(why=said[0]))


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=_TIMEOUT, check=False)  # noqa: S603 (our own)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 1, "", f"{type(error).__name__}: {error}")


for _command in (install, uninstall):
    service.add_command(_command)
COMMANDS: Final = {"service": service}
