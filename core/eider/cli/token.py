"""The commands `token create`, `token list` and `token revoke`."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import EiderGroup, command, pass_state
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values
from eider.cli.state import State
from eider.model import config
from eider.model.values import ORIGINS
from eider.service.access_tokens import AccessToken, AccessTokens

_KEYS: Final = ("id", "user", "max_trust", "store", "made", "note")


@click.group("token", cls=EiderGroup)
def token() -> None:
    """Make, list and revoke tokens for people who use the server over HTTP.

    Each speaks for one user. The token of the home, in run/token, speaks for everybody and stays with its owner.
    """


def _row(kept: AccessToken) -> dict[str, str | None]:
    return {name: getattr(kept, name) for name in _KEYS}


@command(
    "create", answer=(*_KEYS, "token"),
    examples=("eider token create --user ada --max-trust user", "eider token create --user ada --store notes --json"),
)  # fmt: skip
@click.option(
    "--max-trust", type=click.Choice(ORIGINS), default="agent", show_default=True,
    help="The most trust that what comes with it may get; user for a person, agent for a program.",
)  # fmt: skip
@click.option("--named", "store", metavar="STORE", help="The only store it opens; by default the default one.")
@click.option("--note", default="", help="What it is for.")
@pass_state
def create(state: State, max_trust: str, store: str | None, note: str) -> None:
    """Make a token for one user; it is shown once.

    The user is the one of --user.
    """
    made, kept = AccessTokens(str(config.home())).create(
        user=state.user_name(), max_trust=max_trust, store=store, note=note  # pyright: ignore[reportArgumentType] (a choice)
    )  # fmt: skip
    if state.json:
        print_json({**_row(kept), "token": made})
        return
    print_line(made)
    print_indented(
        f"{kept.id} speaks for {kept.user} with at most the trust of {kept.max_trust}; it is not shown again.", dim=True
    )


@command("list", answer=_KEYS, examples=("eider token list", "eider token list --json"))
@pass_state
def list_(state: State) -> None:
    """List tokens, never what they are."""
    found = [_row(one) for one in AccessTokens(str(config.home())).listed()]
    print_values(
        state,
        found,
        lambda: (
            print_table([[v or "" for v in row.values()] for row in found], _KEYS) if found else print_line("no tokens")
        ),
    )


@command("revoke", answer=_KEYS, examples=("eider token revoke 0a1b2c3d4e5f", "eider token revoke 0a1b2c3d4e5f --json"))
@click.argument("id", metavar="ID")
@pass_state
def revoke(state: State, id: str) -> None:  # noqa: A002
    """Take a token away; it opens nothing from the next request on."""
    gone = _row(AccessTokens(str(config.home())).revoke(id))
    print_values(state, [gone], lambda: print_line(f"{id} is revoked"))


for _command in (create, list_, revoke):
    token.add_command(_command)

COMMANDS: Final = {"token": token}
