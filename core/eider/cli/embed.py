"""Embedders: `embed status`, `swap`, `reembed`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from eider.cli.command import EiderGroup, command, open_memory, pass_state
from eider.cli.output import print_json, print_line
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model.answers import EmbedderStatus

if TYPE_CHECKING:
    from eider.api.facade import Eider
    from eider.model.requests_embedder import SwapAction

_POLL_SECONDS: Final = 0.1


@click.group("embed", cls=EiderGroup)
def embed() -> None:
    """Look at, exchange and renew the embedder of a store.

    A store keeps the embedder it was made with, whatever is set for new ones.
    """


@command("status", answer=EmbedderStatus, examples=("eider embed status", "eider embed status --store work --json"))
@pass_state
def status(state: State) -> None:
    """Say whose vectors the store has, and how far an exchange is."""
    with open_memory(state) as memory:
        _print(state, memory.embedder())


@command("swap", answer=EmbedderStatus, examples=("eider embed swap onnx", "eider embed swap --back"))
@click.argument("name", required=False)
@click.option("--resume", "action", flag_value="resume", help="Go on with an exchange that was interrupted.")
@click.option("--abort", "action", flag_value="abort", help="End an exchange; the store stays with its embedder.")
@click.option("--back", "action", flag_value="back", help="Return to the embedder in use before, in one step.")
@click.option(
    "--drop", "action", flag_value="drop", help="Let go of the old embedder's vectors; there is no way back then."
)
@click.option("--no-wait", is_flag=True, help="Return at once; the work goes on in the background of a server.")
@pass_state
def swap(state: State, name: str | None, action: SwapAction | None, no_wait: bool) -> int:
    """Exchange the embedder while the store is in use.

    Vectors of the new one are made beside the old ones and then take their place in one step. The old ones are kept
    until --drop. Exits with 1 when the work cannot go on.
    """
    if (name is None) is (action is None):
        raise click.UsageError("give a NAME, or one of --resume, --abort, --back, --drop.")
    with open_memory(state) as memory:
        found = memory.swap_embedder(name, action=action or "start")
        return _finished(state, memory, found, wait=not no_wait)


@command(
    "reembed", answer=EmbedderStatus, examples=("eider embed reembed", "eider embed reembed --store ./memory.eider")
)
@click.option("--no-wait", is_flag=True, help="Return at once; the work goes on in the background of a server.")
@pass_state
def reembed(state: State, no_wait: bool) -> int:
    """Make all vectors anew by the store's own embedder.

    For a service that answers as another model than before. Exits with 1 when the work cannot go on.
    """
    with open_memory(state) as memory:
        return _finished(state, memory, memory.swap_embedder(action="reembed"), wait=not no_wait)


def _finished(state: State, memory: Eider, found: EmbedderStatus, *, wait: bool) -> int:
    """Wait for an exchange that is under way, tell how it ended."""
    if wait and found.swap == "filling":
        with progress(state, "embed") as told:
            while found.swap == "filling" and not found.trouble:
                told(found.filled, found.rows)
                time.sleep(_POLL_SECONDS)
                found = memory.embedder()
    _print(state, found)
    return 1 if found.trouble else 0


def _print(state: State, found: EmbedderStatus) -> None:
    if state.json:
        print_json(found)
        return
    print_line(
        f"embedder {found.name or found.fingerprint}, {found.width} wide; {found.rows:,} row(s), {found.pending:,} to be made"
    )
    if found.degraded:
        print_line(found.degraded, fg="yellow")
    if found.swap == "filling":
        print_line(f"exchange for {found.other}: {found.filled:,} of {found.rows:,} row(s) made")
    if found.swap == "kept":
        print_line(f"the vectors of {found.other} are kept: eider embed swap --back, or --drop")
    if found.overlap is not None:
        print_line(f"of ten lines found first, {found.overlap * 10:.1f} are the same with both")
    if found.trouble:
        print_line(
            f"the exchange waits: {found.trouble}; it is tried again, or go on with eider embed swap --resume", fg="red"
        )


for _command in (status, swap, reembed):
    embed.add_command(_command)
COMMANDS: Final = {"embed": embed}
