"""Commands for scopes and the inbox: `scopes list`, `scopes consolidate`, `inbox list`, `inbox accept`, `inbox reject`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from eider.cli.command import EiderGroup, command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values
from eider.cli.state import State
from eider.model.learned import InboxEntry, ScopeCount, ScopePlan
from eider.model.values import Memory

_ID: Final = click.argument("id", metavar="ID")
_SHOWN: Final = 20
"""Memories of a plan that are printed; --json prints all."""


@click.group("scopes", cls=EiderGroup)
def scopes() -> None:
    """List scopes, and keep them few.

    A scope is where something applies: global is everywhere, project:alpha in that project.
    """


@command("list", answer=ScopeCount, examples=("eider scopes list", "eider scopes list --user ada --json"))
@pass_state
def list_scopes(state: State) -> None:
    """List scopes with how much is kept there."""
    with open_memory(state) as memory:
        found = memory.scopes()
    print_values(
        state, found, lambda: print_table([_scope_row(s) for s in found], ["memories", "scope", "known"], right=[0])
    )


def _scope_row(scope: ScopeCount) -> list[object]:
    by = f" by {', '.join(scope.agents)}" if scope.agents else ""
    return [scope.memories, scope.name, f"{scope.known}{by}"]


@command(
    "consolidate", answer=ScopePlan, examples=("eider scopes consolidate", "eider scopes consolidate --apply --json")
)
@click.option("--apply", "applied", is_flag=True, help="Do it; without it only the plan is shown.")
@pass_state
def consolidate(state: State, applied: bool) -> None:
    """Merge, rename and split scopes that have become too many.

    Nothing is done in frugal mode, or where there are fewer than two. What was done can be undone.
    """
    with open_memory(state) as memory:
        plan = memory.consolidate_scopes(dry_run=not applied)
    if state.json:
        print_json(plan)
    elif plan:
        for step in plan.steps:
            print_indented(f"{', '.join(step.scopes)} → {', '.join(step.into)}  ({step.reason})", f"{step.op}  ")
        for one in plan.memories[:_SHOWN]:
            print_indented(f"{one.text}", f"  {one.scope}  ", dim=True)
        if (more := len(plan.memories) - _SHOWN) > 0:
            print_line(f"  and {more} more", dim=True)
        count = f"{len(plan.memories)} memory(s)"
        if plan.event is not None:
            print_line(f"moved {count}; take it back with eider undo {plan.event.id}")
        else:
            print_line(
                f"would move {count}; do it with eider scopes consolidate --apply" if plan.dry_run else f"moved {count}"
            )
    else:
        print_line(plan.why)


scopes.add_command(list_scopes)
scopes.add_command(consolidate)


@click.group("inbox", cls=EiderGroup)
def inbox() -> None:
    """Answer what waits for you: words that may be worth keeping, and memories that may no longer hold."""


@command("list", answer=InboxEntry, examples=("eider inbox list", "eider inbox list --limit 5 --json"))
@click.option("--limit", "-n", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Most of them.")
@pass_state
def list_inbox(state: State, limit: int) -> None:
    """List what waits, each as a question with two answers."""
    with open_memory(state) as memory:
        waiting = memory.inbox(limit=limit)
    print_values(state, waiting, lambda: _print_questions(waiting))


def _print_questions(waiting: Sequence[InboxEntry]) -> None:
    for one in waiting:
        print_indented(one.question, f"{one.id}  ", bold=True)
        print_line(f"  accept: {one.yes}")
        print_line(f"  reject: {one.no}")
        where = "everywhere" if one.scope == "global" else f"in {one.scope}"
        print_line(f"  {one.memory.kind}, {where}, said {one.memory.valid_from:%Y-%m-%d}", dim=True)
    print_line("answer with eider inbox accept|reject ID" if waiting else "nothing waits")


@command("accept", answer=Memory, examples=("eider inbox accept mem_01k", "eider inbox accept mem_01k --json"))
@_ID
@pass_state
def accept(state: State, id: str) -> None:  # noqa: A002
    """Answer yes.

    What ends by it can still be asked for, and the answer can be taken back with eider undo.
    """
    _settle(state, id, accepted=True)


@command("reject", answer=Memory, examples=("eider inbox reject mem_01k", "eider inbox reject mem_01k --json"))
@_ID
@pass_state
def reject(state: State, id: str) -> None:  # noqa: A002
    """Answer no."""
    _settle(state, id, accepted=False)


def _settle(state: State, id_: str, *, accepted: bool) -> None:
    with open_memory(state) as memory:
        done = memory.settle(id_, accept=accepted)

    def human() -> None:
        print_line(f"{done.id}  {'accepted' if accepted else 'rejected'}")
        print_indented(done.text, "  ", dim=True)

    print_values(state, [done], human)


inbox.add_command(list_inbox)
inbox.add_command(accept)
inbox.add_command(reject)

COMMANDS: Final = {"scopes": scopes, "inbox": inbox}
