"""Commands that change memories: `correct`, `deactivate`, `reinforce`, `pin`, `unpin`, `undo`."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import command, open_memory, pass_state, text_of
from eider.cli.output import print_indented, print_line, print_values
from eider.cli.state import State
from eider.model.values import Event, Memory

_ID: Final = click.argument("id", metavar="ID")
_KEY: Final = click.option("--key", help="Idempotency key: the same key changes once.")


@command(
    "correct",
    answer=Memory,
    examples=('eider correct mem_01k "Prefers camelCase." --user ada', "eider correct mem_01k - < new-text.txt"),
)
@_ID
@click.argument("words", metavar="TEXT...", nargs=-1, required=True)
@_KEY
@pass_state
def correct(state: State, id: str, words: tuple[str, ...], key: str | None) -> None:  # noqa: A002
    """Replace a memory by what is true now.

    The old one is closed and can still be asked for with recall --as-of.
    """
    with open_memory(state) as memory:
        fresh = memory.correct(id, text_of(words), key=key)
    print_values(state, [fresh], lambda: _print_memory(fresh, f"replaces {id}"))


@command("deactivate", answer=("id", "ended"), examples=("eider deactivate mem_01k", "eider deactivate mem_01k --json"))
@_ID
@pass_state
def deactivate(state: State, id: str) -> None:  # noqa: A002
    """End a memory without a successor."""
    with open_memory(state) as memory:
        ended = memory.deactivate(id)
    print_values(
        state, [{"id": id, "ended": ended}], lambda: print_line(f"{id} {'ended' if ended else 'had ended already'}")
    )


@command("reinforce", answer=Memory, examples=("eider reinforce mem_01k", "eider reinforce mem_01k --key review-17"))
@_ID
@_KEY
@pass_state
def reinforce(state: State, id: str, key: str | None) -> None:  # noqa: A002
    """Say that a memory was useful.

    It decays more slowly from now on.
    """
    with open_memory(state) as memory:
        found = memory.reinforce(id, key=key)
    print_values(state, [found], lambda: _print_memory(found, "reinforced"))


@command("pin", answer=Memory, examples=("eider pin mem_01k", "eider pin mem_01k --user ada"))
@_ID
@pass_state
def pin(state: State, id: str) -> None:  # noqa: A002
    """Never let a memory decay."""
    with open_memory(state) as memory:
        found = memory.pin(id)
    print_values(state, [found], lambda: _print_memory(found, "pinned"))


@command("unpin", answer=Memory, examples=("eider unpin mem_01k", "eider unpin mem_01k --user ada"))
@_ID
@pass_state
def unpin(state: State, id: str) -> None:  # noqa: A002
    """Let a pinned memory decay again."""
    with open_memory(state) as memory:
        found = memory.unpin(id)
    print_values(state, [found], lambda: _print_memory(found, "unpinned"))


def _print_memory(memory: Memory, what: str) -> None:
    print_line(f"{memory.id}  {what}")
    print_indented(memory.text, "  ", dim=True)


@command("undo", answer=Event, examples=("eider undo evt_12", "eider undo evt_12 --json"))
@click.argument("event", metavar="EVENT")
@pass_state
def undo(state: State, event: str) -> None:
    """Take back the change an event made.

    The undo is an event as well, so it can be undone. What was forgotten cannot come back.
    """
    with open_memory(state) as memory:
        done = memory.undo(event)
    print_values(state, [done], lambda: print_line(f"{done.id}  undid {event}, touching {len(done.ids)}"))


COMMANDS: Final = {
    "correct": correct, "deactivate": deactivate, "reinforce": reinforce, "pin": pin, "unpin": unpin, "undo": undo,
}  # fmt: skip
