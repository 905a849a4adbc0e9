"""The MCP server: `mcp`."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from eider.cli.command import command, pass_state
from eider.cli.output import print_json, print_line
from eider.cli.state import State
from eider.model import config
from eider.model.errors import MissingExtraError

if TYPE_CHECKING:
    from eider.api.facade import Eider

_NEEDED: Final = ("eider_mcp", "mcp", "mcp_types")


@command(
    "mcp", answer=("command", "args", "env"), examples=("eider mcp --project --agent claude-code", "eider mcp --read-only --print")
)  # fmt: skip
@click.option(
    "--scope", "scopes", multiple=True, help="Where the agent works; repeatable. What is global is always in."
)
@click.option("--project", is_flag=True, help="Add the scope of the project in the working directory.")
@click.option(
    "--agent", metavar="NAME", help="Agent that is noted on what is learned; by default the set one, else mcp."
)
@click.option("--context", metavar="TEXT", help="What the work is about; recalled for where nothing is asked.")
@click.option("--loop", metavar="ID", help="Open loop that recalls belong to and outcomes are told of.")
@click.option("--read-only", is_flag=True, help="Offer nothing that writes.")
@click.option("--print", "prints", is_flag=True, help="Print what a client's settings need, instead of serving.")
@pass_state
def mcp(
    state: State, scopes: tuple[str, ...], project: bool, agent: str | None, context: str | None, loop: str | None,
    read_only: bool, prints: bool,
) -> None:  # fmt: skip
    """Serve the memory to an MCP client on stdin and stdout.

    Clients such as Claude Code, Claude Desktop and Cursor start it; many may run at once over one store. Whose memory
    it is, and where the agent works, is said here and by the settings, never by a model. What enters was said by an
    agent. It ends when the client closes stdin.
    """
    if prints:
        named = {"--store": state.store, "--user": state.user, "--agent": agent, "--context": context, "--loop": loop}
        given = [word for name, value in named.items() if value for word in (name, value)]
        given += [word for scope in scopes for word in ("--scope", scope)]
        given += [name for name, on in (("--project", project), ("--read-only", read_only)) if on]
        _print_client_entry(state, given)
        return
    for package in _NEEDED:
        if find_spec(package) is None:
            raise MissingExtraError(package, "mcp")
    if project:
        from eider.model.project_scope import project_scope

        scopes = (project_scope(), *scopes)
    name = agent or config.setting("agent") or "mcp"
    access = import_module("eider_mcp.access").MemoryAccess(
        opens=lambda: _open_through_server(state, name), user=state.user_name(), scopes=scopes, context=context, loop=loop, read_only=read_only
    )  # fmt: skip
    import_module("eider_mcp.stdio").serve(access)


def _open_through_server(state: State, agent: str) -> Eider:
    """Open the memory through the server, even for a path, since each MCP client starts its own process."""
    from eider.api.open import open as open_store
    from eider.model.store_paths import is_address

    store = state.store or config.setting("store")
    shared = None if config.setting("server") == "off" and not is_address(store) else True
    memory = open_store(store, user=state.user_name(), agent=agent, shared=shared)
    return memory.channel("mcp", state.max_trust())


def _print_client_entry(state: State, given: list[str]) -> None:
    """Print the entry for a client's settings, with this interpreter and home."""
    env: dict[str, Any] = {name: os.environ[name] for name in ("EIDER_HOME",) if os.environ.get(name)}
    entry = {"command": sys.executable, "args": ["-m", "eider_mcp", *given], "env": env}
    if state.json:
        print_json(entry)
        return
    import json

    print_line(json.dumps({"mcpServers": {"eider": entry}}, indent=2))


COMMANDS: Final = {"mcp": mcp}
