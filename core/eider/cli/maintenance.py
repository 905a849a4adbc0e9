"""Maintenance commands: `drain`, `verify`, `rebuild`."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model.answers import Drained, Verified


@command("drain", answer=Drained, examples=("eider drain", "eider drain --timeout 10 --json"))
@click.option("--timeout", type=float, metavar="SECONDS", help="Most time for due jobs.")
@pass_state
def drain(state: State, timeout: float | None) -> None:
    """Bring the search index up to date.

    Due background jobs run as well.
    """
    with open_memory(state) as memory:
        done = memory.drain(timeout)
    if state.json:
        print_json(done)
    else:
        print_line(f"{done.applied} row(s) indexed, {done.left} left, {done.jobs} job(s) run")


@command("verify", answer=Verified, examples=("eider verify", "eider verify --deep --store ./memory.eider"))
@click.option("--deep", is_flag=True, help="Also read the whole search index.")
@click.option("--accept-loss", is_flag=True, help="Go on although acknowledged rows were lost from a damaged file.")
@pass_state
def verify(state: State, deep: bool, accept_loss: bool) -> int:
    """Check a store for damage.

    The chain of events, references between rows and the search index are checked. Exits with 1 on findings.
    """
    with open_memory(state, accept_loss=accept_loss) as memory, progress(state, "verify"):
        found = memory.verify(deep=deep)
    if state.json:
        print_json(found)
        return 0 if found else 1
    for finding in found.findings:
        print_indented(finding, "! ", fg="red")
    counts = ", ".join(f"{n} {what}" for what, n in found.checked.items())
    print_line(f"{'all is well' if found else f'{len(found.findings)} finding(s)'}; checked {counts}")
    return 0 if found else 1


@command("rebuild", answer=("rows",), examples=("eider rebuild", "eider rebuild --store ./memory.eider --progress"))
@pass_state
def rebuild(state: State) -> None:
    """Build the search index anew.

    It is made from the truth, and no embedder is asked.
    """
    with open_memory(state) as memory, progress(state, "rebuild") as told:
        rows = memory.rebuild(told)
    if state.json:
        print_json({"rows": rows})
    else:
        print_line(f"{rows} row(s) indexed")


COMMANDS: Final = {"drain": drain, "verify": verify, "rebuild": rebuild}
