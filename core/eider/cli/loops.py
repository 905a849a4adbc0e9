"""Outcomes: `loop open`, `loop outcome`, `loop close`, and `learned`."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import EiderGroup, command, open_memory, pass_state, text_of
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values
from eider.cli.state import State
from eider.model.outcomes import FEEDBACK_SECONDS, Credit, LearnedState, Loop

_ID: Final = click.argument("id", metavar="LOOP")
_OUTCOME: Final = click.FloatRange(-1, 1)


@click.group("loop", cls=EiderGroup)
def loop() -> None:
    """Open, judge and close loops.

    What was recalled in an agent's turn is credited or blamed once it is known how the turn went.
    """


@command("open", answer=Loop, examples=("eider loop open", "eider loop open --timeout 600 --json"))
@click.option(
    "--timeout", type=float, default=FEEDBACK_SECONDS, show_default=True, metavar="SECONDS",
    help="How long it waits for its outcome.",
)  # fmt: skip
@pass_state
def open_(state: State, timeout: float) -> None:
    """Begin a loop.

    Its id goes into recall --loop. What nobody judges in time counts as slightly negative.
    """
    with open_memory(state) as memory:
        found = memory.open_loop(feedback_timeout=timeout)
    print_values(state, [found], lambda: print_line(f"{found.id}  open until {found.expires_at:%Y-%m-%d %H:%M} UTC"))


@command("outcome", answer=Loop, examples=("eider loop outcome loop_01k 1", "eider loop outcome loop_01k 0.5 --json"))
@_ID
@click.argument("outcome", type=_OUTCOME)
@pass_state
def outcome_(state: State, id: str, outcome: float) -> None:  # noqa: A002
    """Say how an open loop went, from -1 (harm) to 1 (just right).

    Put -- before a number below 0.
    """
    with open_memory(state) as memory:
        found = memory.set_outcome(id, outcome)
    print_values(state, [found], lambda: print_line(f"{found.id}  {outcome:+.2f}"))


@command(
    "close",
    answer=Credit,
    examples=(
        'eider loop close loop_01k "It goes out on Fridays." --outcome 1',
        "eider loop close loop_01k - < answer",
    ),
)
@_ID
@click.argument("words", metavar="[ANSWER]...", nargs=-1)
@click.option("--outcome", type=_OUTCOME, help="How it went; by default what was said before.")
@pass_state
def close_(state: State, id: str, words: tuple[str, ...], outcome: float | None) -> None:  # noqa: A002
    """End a loop, and credit or blame what was recalled in it.

    The answer tells what of it was used; without one all share the outcome evenly.
    """
    with open_memory(state) as memory:
        done = memory.close_loop(id, agent_output=text_of(words) if words else "", outcome=outcome)
    if state.json:
        print_json(done)
        return
    for one, part in sorted(done.shares.items(), key=lambda item: -abs(item[1])):
        print_line(f"{one}  {part:+.2f}")
    back = f"; take it back with eider undo {done.event.id}" if done.event else ""
    print_line(f"{done.why}{back}")


@command("learned", answer=LearnedState, examples=("eider learned", "eider learned --reset --user ada"))
@click.option("--reset", is_flag=True, help="Take all of it back: answers are as if there had been no loops.")
@pass_state
def learned(state: State, reset: bool) -> None:
    """Show what outcomes have taught about a user."""
    with open_memory(state) as memory:
        found = memory.reset_learned() if reset else memory.learned()
    print_values(state, [found], lambda: _print_learned_state(found))


def _print_learned_state(found: LearnedState) -> None:
    rows = [
        ["words against meaning", f"{found.lexical_share:.2f} (0.50 as shipped)"],
        *([f"  share {a.share:.1f}", f"{a.successes - 1:.1f} for, {a.failures - 1:.1f} against"] for a in found.arms),
        ["loops", f"{found.open_loops} open, {found.closed_loops} closed"],
        ["stabilities changed", str(found.touched)],
        ["changed", f"{found.changed_at:%Y-%m-%d %H:%M} UTC" if found.changed_at else "never"],
    ]
    print_table(rows)
    weights = ", ".join(f"{name} {weight:+.2f}" for name, weight in found.decay.items())
    print_indented(weights or "nothing learned yet (extra: online)", "forgetting  ")


for _one in (open_, outcome_, close_):
    loop.add_command(_one)

COMMANDS: Final = {"loop": loop, "learned": learned}
