"""Commands that erase: `forget` and `forget-user`."""

from __future__ import annotations

import sys
from typing import Final

import click

from eider.cli.command import command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line
from eider.cli.state import State
from eider.model.answers import Receipt

NO_WAIT_OPTION: Final = click.option("--no-wait", is_flag=True, help="Return before the bytes have left the disk.")


@command(
    "forget", answer=Receipt, examples=("eider forget mem_01k --dry-run", "eider forget ep_01k --yes --json")
)  # fmt: skip
@click.argument("id", metavar="ID")
@click.option("--keep-evidence", is_flag=True, help="Leave what was said as it is; erase the memory alone.")
@click.option("--only-this", is_flag=True, help="Leave what says the same elsewhere.")
@click.option("--dry-run", is_flag=True, help="Erase nothing; list what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@NO_WAIT_OPTION
@pass_state
def forget(
    state: State, id: str, keep_evidence: bool, only_this: bool, dry_run: bool, yes: bool, no_wait: bool  # noqa: A002
) -> None:  # fmt: skip
    """Erase a memory or an utterance for good.

    What derives from it goes too, and so does what says the same again; on a terminal it is listed first. It cannot be
    undone; the receipt says what was erased and how that was checked.
    """
    with open_memory(state) as memory:
        if dry_run or (is_terminal() and not yes and not state.json):
            receipt = memory.forget(id, keep_evidence=keep_evidence, only_this=only_this, dry_run=True)
            _print_foreseen(state, receipt)
            if dry_run:
                return
            click.confirm("Erase this? It cannot be undone.", abort=True, err=True)
        receipt = memory.forget(id, keep_evidence=keep_evidence, only_this=only_this, wait=not no_wait)
    print_receipt(state, receipt)


def is_terminal() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty()


def _print_foreseen(state: State, receipt: Receipt) -> None:
    """Print what a forget would erase."""
    if state.json:
        print_json(receipt)
        return
    for name, words in receipt.texts.items():
        again = " (said again)" if name.partition("[")[0] in receipt.again else ""
        print_indented(f"{words}{again}", f"{name}  ")
    for one in receipt.kept:
        print_line(f"stays, for it rests on more: {one}")


@command(
    "forget-user",
    answer=Receipt,
    examples=("eider forget-user ada --yes", "eider forget-user ada --store ./memory.eider --yes --json"),
)
@click.argument("name", metavar="USER")
@click.option("--yes", is_flag=True, help="Do not ask.")
@NO_WAIT_OPTION
@pass_state
def forget_user(state: State, name: str, yes: bool, no_wait: bool) -> None:
    """Erase all of a user for good."""
    if not yes:
        click.confirm(f"Erase everything kept for {name!r}? This cannot be undone.", abort=True, err=True)
    with open_memory(state) as memory:
        receipt = memory.forget_user(name, wait=not no_wait)
    print_receipt(state, receipt)


def print_receipt(state: State, receipt: Receipt) -> None:
    """Print what was erased, and how that was checked."""
    if state.json:
        print_json(receipt)
        return
    if receipt.proposed:
        print_line(f"nothing was erased: the user said it, and decides in the inbox ({receipt.proposed})")
        return
    rows = ", ".join(f"{n} {table}" for table, n in receipt.erased.items() if n)
    print_line(f"erased {len(receipt.ids)} item(s){': ' + rows if rows else ''}")
    if receipt.parts:
        print_line(f"and {len(receipt.parts)} part(s) of what was said, the rest of which stays")
    if receipt.again:
        print_indented(f"said again: {', '.join(receipt.again)}")
    checks = ", ".join(f"{name} {'held' if held else 'FAILED'}" for name, held in receipt.checks.items())
    disk = (
        "the bytes have left the file" if receipt.physical == "done" else "the bytes leave the file in the background"
    )
    print_line(f"{disk}; checks: {checks or 'none'}; {receipt.seconds:.2f} s")
    for one in receipt.kept:
        print_line(f"kept, for it rests on more or says the same: {one}")
    print_indented(f"out of reach: {'; '.join(receipt.outside)}", dim=True)


COMMANDS: Final = {"forget": forget, "forget-user": forget_user}
