"""Learning and guiding: `observe`, `add-rules`, `policy`."""

from __future__ import annotations

from typing import Any, Final

import click

from eider.cli.command import command, open_memory, pass_state, resolve_scope, stdin_text, text_of
from eider.cli.formatting import print_stored
from eider.cli.output import print_indented, print_line, print_values, write_line
from eider.cli.state import State
from eider.model.answers import Policy
from eider.model.learned import Learned
from eider.model.requests_learning import EXCEEDED
from eider.model.values import Memory

_CONTEXT: Final = click.option("--context", metavar="TEXT", help="What the work is about: task, file, project.")


@command(
    "observe",
    answer=Learned,
    examples=(
        'eider observe "No, please write in paragraphs." --agent-output "I suggest bullets."',
        'eider observe "We always squash before we merge." --scope project:alpha',
    ),
)
@click.argument("words", metavar="REPLY...", nargs=-1, required=True)
@click.option("--agent-output", default="", metavar="TEXT", help="What the reply answers; - reads it from stdin.")
@_CONTEXT
@click.option("--session", help="Conversation it belongs to; by default the local date.")
@click.option("--scope", help="Where what is learned applies; by default everywhere.")
@click.option("--tz", metavar="ZONE", help="The user's time zone.")
@click.option("--key", help="Idempotency key: the same exchange is learned from once.")
@pass_state
def observe(state: State, words: tuple[str, ...], agent_output: str, tz: str | None, **said: Any) -> None:
    """Record an exchange and learn what lasts of it.

    Corrections, preferences, rules, facts and decisions are noticed in the reply, without a model, and held against
    what is known. REPLY - reads stdin.
    """
    if agent_output == "-" and words == ("-",):
        raise click.UsageError("stdin is either the reply or the agent's output; give one of them as text.")
    output = stdin_text() if agent_output == "-" else agent_output
    with open_memory(state, create=True) as memory:
        done = memory.observe(user_reply=text_of(words), agent_output=output, tz=state.time_zone(tz), **said)
    print_values(state, [done], lambda: _print_learned(done))


def _print_learned(done: Learned) -> None:
    """Print each memory that was kept, changed or closed, then the reasons."""
    ended = {decision.target for decision in done.decisions if decision.relation in ("supersede", "merge", "retract")}
    for one in done.memories:
        closed = one.superseded_by is not None or one.id in ended
        print_line(f"{one.id}  {'closed' if closed else one.kind}{'' if one.scope == 'global' else f', {one.scope}'}")
        print_indented(one.text, "  ", dim=closed)
    for one in done.inbox:
        print_line(
            f"{one.id}  {'perhaps outdated' if one.doubt is not None else 'waits for you'}; see eider inbox list"
        )
        print_indented(one.text, "  ")
    print_indented(f"why: {done.why}", dim=True)


@command(
    "add-rules",
    answer=Memory,
    examples=(
        'eider add-rules "Never push to main." "Answer in German."',
        'eider add-rules "Wrap errors with the name of the operation." --scope project:alpha',
    ),
)
@click.argument("rules", metavar="RULE...", nargs=-1, required=True)
@click.option("--scope", help="Where they apply; by default everywhere.")
@pass_state
def add_rules(state: State, rules: tuple[str, ...], scope: str | None) -> None:
    """Keep explicit instructions as rules.

    Each RULE is one text, quoted for the shell; - reads stdin, one on each line.
    """
    given = [line for line in stdin_text().splitlines() if line.strip()] if rules == ("-",) else list(rules)
    if not given:
        raise click.UsageError("stdin holds no rule; write one on each line.")
    with open_memory(state, create=True) as memory:
        done = memory.add_rules(given, scope=scope and resolve_scope(scope))
    print_values(state, done, lambda: print_stored(done))


@command(
    "policy",
    answer=Policy,
    examples=(
        'eider policy --context "reviewing a Python pull request" --scope project:alpha',
        "eider policy --budget 400 --on-budget-exceeded error",
    ),
)
@_CONTEXT
@click.option(
    "--scope", "scopes", multiple=True, help="Where the agent works; repeatable. What is global is always in."
)
@click.option("--budget", type=int, help="Most tokens; pinned rules survive any budget.")
@click.option("--loop", metavar="ID", help="Open loop that this belongs to.")
@click.option(
    "--on-budget-exceeded", type=click.Choice(EXCEEDED), default="truncate", show_default=True,
    help="Leave out the least (never what is pinned), or refuse.",
)  # fmt: skip
@pass_state
def policy(state: State, scopes: tuple[str, ...], **how: Any) -> None:
    """Print the guidance an agent should obey.

    Rules, preferences and decisions that hold, and the facts that matter to the context, within a budget. Only what
    the user said guides; the text goes to stdout, what was left out to stderr.
    """
    with open_memory(state) as memory:
        found = memory.policy(scopes=[resolve_scope(s) for s in scopes] or None, **how)
    print_values(state, [found], lambda: _print_policy(found))


def _print_policy(found: Policy) -> None:
    for line in found.text.splitlines():
        print_line(line)
    if not found.text:
        write_line("nothing is known that guides; teach it with eider observe or eider add-rules.", err=True)
    elif found.left_out or found.over_budget:
        write_line(f"{found.why}; {len(found.left_out)} left out.", err=True)


COMMANDS: Final = {"observe": observe, "add-rules": add_rules, "policy": policy}
