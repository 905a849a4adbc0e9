"""Commands that erase: `forget` and `forget-user`."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line
from eider.cli.state import State
from eider.model.answers import Receipt

_NO_WAIT_OPTION: Final = click.option("--no-wait", is_flag=True, help="Return before the bytes have left the disk.")


@command("forget", answer=Receipt, examples=("eider forget mem_01k", "eider forget ep_01k --keep-evidence --json"))
@click.argument("id", metavar="ID")
@click.option("--keep-evidence", is_flag=True, help="Keep the utterances a memory was learned from.")
@_NO_WAIT_OPTION
@pass_state
def forget(state: State, id: str, keep_evidence: bool, no_wait: bool) -> None:  # noqa: A002
    """Erase a memory or an utterance for good.

    What derives from it goes too. It cannot be undone; the receipt says what was erased and how that was checked.
    """
    with open_memory(state) as memory:
        receipt = memory.forget(id, keep_evidence=keep_evidence, wait=not no_wait)
    _print_receipt(state, receipt)


@command(
    "forget-user",
    answer=Receipt,
    examples=("eider forget-user ada --yes", "eider forget-user ada --store ./memory.eider --yes --json"),
)
@click.argument("name", metavar="USER")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_NO_WAIT_OPTION
@pass_state
def forget_user(state: State, name: str, yes: bool, no_wait: bool) -> None:
    """Erase all of a user for good."""
    if not yes:
        click.confirm(f"Erase everything kept for {name!r}? This cannot be undone.", abort=True, err=True)
    with open_memory(state) as memory:
        receipt = memory.forget_user(name, wait=not no_wait)
    _print_receipt(state, receipt)


def _print_receipt(state: State, receipt: Receipt) -> None:
    if state.json:
        print_json(receipt)
        return
    rows = ", ".join(f"{n} {table}" for table, n in receipt.erased.items() if n)
    print_line(f"erased {len(receipt.ids)} item(s){': ' + rows if rows else ''}")
    checks = ", ".join(f"{name} {'held' if held else 'FAILED'}" for name, held in receipt.checks.items())
    disk = (
        "the bytes have left the file" if receipt.physical == "done" else "the bytes leave the file in the background"
    )
    print_line(f"{disk}; checks: {checks or 'none'}; {receipt.seconds:.2f} s")
    for one in receipt.kept:
        print_line(f"kept, for it rests on more or says the same: {one}")
    print_indented(f"out of reach: {'; '.join(receipt.outside)}", dim=True)


COMMANDS: Final = {"forget": forget, "forget-user": forget_user}
