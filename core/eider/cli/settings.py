"""Settings: `config get`, `config set`, `config show`."""

from __future__ import annotations

import os
from typing import Final

import click

from eider.cli.command import EiderGroup, command, pass_state
from eider.cli.output import print_json, print_line, print_table, print_values
from eider.cli.state import State
from eider.model import config
from eider.model.errors import ConfigError
from eider.model.store_paths import refuse_password, shown_place

_KEYS: Final = ("name", "value", "source", "about")


@click.group("config", cls=EiderGroup)
def settings() -> None:
    """Show and change settings.

    They live in one file that only its owner can read; the environment (EIDER_STORE, EIDER_USER …) wins over it.
    """


def _setting_row(name: str) -> dict[str, str | None]:
    known = config.read().get(name)
    from_shell = os.environ.get(f"EIDER_{name.upper()}")
    source = "environment" if from_shell else "file" if known else "unset"
    value = from_shell or known
    value = f"…{value[-4:]}" if value and name in config.SECRET else value
    if value and name == "store":
        value = shown_place(value)
    return {"name": name, "value": value, "source": source, "about": config.SETTINGS[name]}


def _check_name(name: str) -> str:
    if name not in config.SETTINGS:
        raise ConfigError(f"setting {name!r} is unknown; there are {', '.join(map(repr, config.SETTINGS))}.")
    return name


@command("get", answer=_KEYS, examples=("eider config get store", "eider config get tz --json"))
@click.argument("name")
@pass_state
def get(state: State, name: str) -> None:
    """Print one setting; an empty line when it is unset."""
    found = _setting_row(_check_name(name))
    print_values(state, [found], lambda: print_line(found["value"] or ""))


@command("set", answer=_KEYS, examples=("eider config set user ada", "eider config set tz --unset"))
@click.argument("name")
@click.argument("value", required=False)
@click.option("--unset", is_flag=True, help="Take the setting away.")
@pass_state
def set_(state: State, name: str, value: str | None, unset: bool) -> None:
    """Set or unset one setting."""
    if (value is None) is not unset:
        raise click.UsageError("give a value, or --unset.")
    if name == "tz" and value:
        from eider.model.clock import zone

        zone(value)
    if name == "store":
        refuse_password(value)
    if name == "embedder" and value:
        from eider.providers.embedders.names import check

        check(value)
    config.write(_check_name(name), value)
    found = _setting_row(name)
    if state.json:
        print_json(found)
    elif found["source"] == "environment":
        print_line(f"{name} is set; EIDER_{name.upper()} in the environment wins over it")
    else:
        print_line(f"{name} = {found['value']}" if found["value"] else f"{name} is unset")


@command("show", answer=_KEYS, examples=("eider config show", "eider config show --json"))
@pass_state
def show_(state: State) -> None:
    """Print all settings and where they come from."""
    found = [_setting_row(name) for name in config.SETTINGS]
    rows = [[f["name"], f["value"] or "", f["source"], f["about"]] for f in found]

    def human() -> None:
        print_line(f"home {config.home()}", dim=True)
        print_table(rows, ["setting", "value", "from", "what it is"])

    print_values(state, found, human)


for _command in (get, set_, show_):
    settings.add_command(_command)
COMMANDS: Final = {"config": settings}
