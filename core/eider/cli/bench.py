"""Measure retrieval on your own store."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import EiderGroup, command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line, print_table
from eider.cli.progress import progress
from eider.cli.state import State


@click.group("bench", cls=EiderGroup)
def bench() -> None:
    """Measure retrieval on your own store."""


@command(
    "mine",
    answer=("rows", "questions", "recall", "recall_ms", "abstention", "seed"),
    examples=("eider bench mine", "eider bench mine --sample 500 --user ada --json"),
)
@click.option("--sample", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Rows to ask about.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed asks the same.")
@pass_state
def mine(state: State, sample: int, seed: int) -> None:
    """Measure recall, latency and abstention on questions made of your own store.

    Nothing is written, no model is asked, and nothing that is kept is printed.
    """
    from eider.cli.bench_runs import own_data as bench_mine

    with open_memory(state, read_only=True) as memory, progress(state, "questions") as told:
        found = bench_mine.measure(memory, sample=sample, seed=seed, progress=told)
    if state.json:
        print_json(found)
        return
    rows = [[kind, *(f"{v:.3f}" for v in figures.values())] for kind, figures in found["recall"].items()]
    print_table(rows, ["question made of", "R@1", "R@5", "R@10"], right=(1, 2, 3))
    times = found["recall_ms"]
    print_line(
        f"recall p50 {times['p50']:.2f} ms  p95 {times['p95']:.2f} ms over {found['rows']} rows, {found['questions']} questions"
    )
    quiet = found["abstention"]
    print_indented(
        f"inject stayed silent on {quiet['share']:.0%} of {quiet['n']} prompts of words the store has never seen"
    )


bench.add_command(mine)
COMMANDS: Final = {"bench": bench}
