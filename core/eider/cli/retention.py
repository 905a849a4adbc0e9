"""Commands about forgetting by time: `retention` and `consolidate`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from eider.cli.command import command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values
from eider.cli.state import State
from eider.model.answers import Consolidation, Retention

_ALL: Final = 1000
"""Memories that a plot shows at most."""


@command("retention", answer=Retention, examples=("eider retention --candidates", "eider retention --plot fading.png"))
@click.option("--candidates", is_flag=True, help="Only those that consolidate would close.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1, min_open=True), default=0.5, show_default=True,
    help="Score below which a memory is a candidate.",
)  # fmt: skip
@click.option("--limit", "-n", type=int, default=50, show_default=True, help="Most memories.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw what fades into this file (png, svg, pdf)."
)
@pass_state
def retention(state: State, candidates: bool, threshold: float, limit: int, plot: Path | None) -> None:
    """Show what fades, the least worth first.

    The score is the probability that a memory is still wanted, with importance, use, links and pins added.
    """
    with open_memory(state) as memory:
        found = memory.retention(candidates=candidates, threshold=threshold, limit=_ALL if plot else limit)
    if plot is not None:
        from eider.model.display.plots import fading

        fading(found, threshold=threshold).figure.savefig(plot)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        print_line(f"drew {len(found)} memories into {plot}")
        return
    rows = [[one.memory.id, f"{one.score:.2f}", _terms(one), _left(one, threshold), one.memory.text] for one in found]
    empty = "nothing is below the threshold" if candidates else "nothing is remembered yet"
    titles = ["memory", "score", "of", "falls below in", "text"]
    print_values(state, found, lambda: print_table(rows, titles) if rows else print_line(empty))


def _terms(one: Retention) -> str:
    parts = [f"{name} {value:+.2f}" for name, value in one.terms.items() if name != "decay" and value]
    return " ".join([f"{one.terms['decay']:.2f}", *parts])


def _left(one: Retention, threshold: float) -> str:
    from eider.model.retention import days_left

    days = days_left(one, threshold)
    return f"never: {one.immune}" if one.immune else "never" if days is None else f"{days:.0f} days"


@command(
    "consolidate",
    answer=Consolidation,
    examples=("eider consolidate --dry-run", "eider consolidate --most 1000 --protect mem_01k"),
)
@click.option(
    "--prune-threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True,
    help="Close memories whose score is below.",
)  # fmt: skip
@click.option("--most", type=click.IntRange(1), help="How many may stay; beyond that the least worth are closed.")
@click.option("--protect", multiple=True, metavar="ID", help="A memory that stays this time; may be given again.")
@click.option("--dry-run", is_flag=True, help="Only show what would be closed.")
@pass_state
def consolidate(
    state: State, prune_threshold: float, most: int | None, protect: tuple[str, ...], dry_run: bool
) -> None:  # fmt: skip
    """Close memories that have decayed.

    Nothing is deleted: what is closed can be asked for, and undo brings it back. Immune are pinned memories, those of
    importance 4 or 5, and those used three times.
    """
    with open_memory(state) as memory:
        done = memory.consolidate(prune_threshold=prune_threshold, most=most, protect=protect, dry_run=dry_run)
    if state.json:
        print_json(done)
        return
    for one in done.closed:
        print_indented(f"{one.text}  ({done.reasons[one.id]})", f"{one.id}  ")
    verb = "would close" if dry_run else "closed"
    back = f"; take it back with eider undo {done.event.id}" if done.event else ""
    print_line(f"{verb} {len(done.closed)}, kept {done.kept}, of these {done.immune} immune{back}")
    if done.note:
        print_line(done.note)


COMMANDS: Final = {"retention": retention, "consolidate": consolidate}
