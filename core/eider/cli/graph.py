"""`eider graph`: links between what is kept."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import EiderGroup, command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values
from eider.cli.state import State
from eider.model.links import LINK_KINDS, USER_KINDS, LinkCounts, Related
from eider.model.values import Edge

_ARROWS: Final = {True: "→", False: "←"}


@click.group("graph", cls=EiderGroup)
def graph() -> None:
    """Show what belongs together, and say what does.

    Links in time, by rare names, by likeness, of cause and effect, of what was replaced and of what rests on what follow
    from the rows and are made when asked for. Links that you say are kept, exported, and forgotten with their ends.
    """


@command(
    "related",
    answer=Related,
    examples=("eider graph related mem_01k", "eider graph related mem_01k --kind causal --json"),
)
@click.argument("id", metavar="ID")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(LINK_KINDS), help="Only this kind; repeatable.")
@click.option("--limit", "-n", type=int, default=20, show_default=True, help="Most links.")
@pass_state
def related(state: State, id: str, kinds: tuple[str, ...], limit: int) -> None:  # noqa: A002
    """Show what a memory or an utterance is linked to."""
    with open_memory(state) as memory:
        found = memory.related(id, kinds=kinds or None, limit=limit)
    print_values(state, found, lambda: print_related(found))


def print_related(found: list[Related]) -> None:
    """Print lines with the way in which they are linked."""
    for one in found:
        print_indented(one.text, f"{one.kind:10} {_ARROWS[one.outward]} ")
        print_line(f"    {one.id}  {one.weight:.2f}  {one.reason}", dim=True)
    if not found:
        print_line("linked to nothing")


@command(
    "link", answer=Edge, examples=("eider graph link mem_01k mem_01m", "eider graph link mem_01k mem_01m --kind causal")
)
@click.argument("source", metavar="ID")
@click.argument("target", metavar="ID")
@click.option(
    "--kind",
    type=click.Choice(USER_KINDS),
    default="semantic",
    show_default=True,
    help="For causal the first is the cause.",
)
@pass_state
def link(state: State, source: str, target: str, kind: str) -> None:
    """Say that two lines belong together."""
    with open_memory(state) as memory:
        edge = memory.link(source, target, kind=kind)
    print_values(state, [edge], lambda: print_line(f"{edge.source} → {edge.target} ({edge.kind})"))


@command(
    "unlink",
    answer=("unlinked",),
    examples=("eider graph unlink mem_01k mem_01m", "eider graph unlink mem_01k mem_01m --kind causal"),
)
@click.argument("source", metavar="ID")
@click.argument("target", metavar="ID")
@click.option("--kind", type=click.Choice(USER_KINDS), help="Only this kind; by default every kind.")
@pass_state
def unlink(state: State, source: str, target: str, kind: str | None) -> None:
    """Take back what was said of two lines."""
    with open_memory(state) as memory:
        gone = memory.unlink(source, target, kind=kind)
    if state.json:
        print_json({"unlinked": gone})
    else:
        print_line(f"{gone} link(s) taken away")


@command("rebuild", answer=LinkCounts, examples=("eider graph rebuild", "eider graph rebuild --dry-run --json"))
@click.option("--dry-run", is_flag=True, help="Only count.")
@pass_state
def rebuild(state: State, dry_run: bool) -> None:
    """Derive all links anew, and count the lines that have them."""
    with open_memory(state) as memory:
        found = memory.rebuild_links(dry_run=dry_run)
    print_values(state, [found], lambda: _print_counts(found))


def _print_counts(found: LinkCounts) -> None:
    rows = [[kind, f"{count} of {found.rows}"] for kind, count in found.linked.items()]
    print_table(
        [*rows, ["said by you", str(found.by_user)], ["too common to link", ", ".join(found.hubs) or "nothing"]]
    )


for _one in (related, link, unlink, rebuild):
    graph.add_command(_one)
COMMANDS: Final = {"graph": graph}
