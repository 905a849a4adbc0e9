"""Commands that read: `recall`, `inject`, `search`, `sql`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from eider.cli.command import command, explain_nothing, open_memory, parse_time, pass_state, resolve_scope, text_of
from eider.cli.formatting import print_for_agents, print_injection, print_page, print_recall
from eider.cli.output import display_width, print_json, print_line, print_table, print_values, terminal_width
from eider.cli.state import State
from eider.model.answers import Injection, Recollection
from eider.model.requests_reading import INTENTS
from eider.model.validation import STATUSES
from eider.model.values import KINDS, ORIGINS

C = TypeVar("C", bound=Callable[..., Any])
_KINDS: Final = (*KINDS, "episode")


def filter_options(function: C) -> C:
    """Add the options that filter results."""
    for option in reversed(
        (
            click.option(
                "--scope", "scopes", multiple=True, help="Only this scope (project: of this directory); repeatable."
            ),
            click.option(
                "--kind",
                "--kinds",
                "kinds",
                multiple=True,
                type=click.Choice(_KINDS),
                help="Only this kind; repeatable.",
            ),
            click.option(
                "--origin", "origins", multiple=True, type=click.Choice(ORIGINS), help="Only what these said."
            ),
            click.option("--since", metavar="TIME", help="Nothing that ended or was said before."),
            click.option("--until", metavar="TIME", help="Nothing that began or was said from then on."),
            click.option("--as-of", metavar="TIME", help="What was true then, such as 2026-05."),
            click.option("--session", help="Only this conversation."),
            click.option("--tz", metavar="ZONE", help="The asker's time zone."),
        )
    ):
        function = option(function)
    return function


def _request_fields(state: State, said: dict[str, Any]) -> dict[str, Any]:
    """Return options as request fields; empty ones are None."""
    said = {name: (list(value) or None) if isinstance(value, tuple) else value for name, value in said.items()}
    said["scopes"] = [resolve_scope(scope) for scope in said["scopes"]] if said.get("scopes") else None
    tz = state.time_zone(said.get("tz"))
    times = {n: parse_time(said[n], tz) for n in ("since", "until", "as_of", "known_at") if said.get(n)}
    return {**said, **times, "tz": tz}


@command(
    "recall",
    answer=Recollection,
    examples=(
        'eider recall "how should I name this function?"',
        'eider recall "where did we stay?" --as-of 2026-05 --limit 3',
    ),
)
@click.argument("words", metavar="QUESTION...", nargs=-1, required=True)
@filter_options
@click.option("--limit", "-n", type=int, default=10, show_default=True, help="Most results.")
@click.option("--known-at", metavar="TIME", help="What was known then.")
@click.option("--now", metavar="TIME", help='The asker\'s present, for "last week".')
@click.option("--budget", type=int, help="Most tokens in all.")
@click.option("--loop", metavar="ID", help="Open loop that this belongs to.")
@click.option("--intent", type=click.Choice(INTENTS), help="What it is after; by default read from the question.")
@click.option(
    "--layer", "layers", multiple=True, metavar="STORE", help="A published snapshot to recall beneath; may be repeated."
)
@click.option("--brief", is_flag=True, help="Only the texts.")
@pass_state
def recall(
    state: State, words: tuple[str, ...], brief: bool, layers: tuple[str, ...], now: str | None, **said: Any
) -> None:
    """Rank what is kept for a question.

    Each line shows its score and why it came back: the share of each signal. An agent gets one line per result:
    id, kind, scope, date, text. Reading changes nothing.
    """
    chosen = _request_fields(state, said)
    with open_memory(state, layers=layers) as memory:
        from eider.model.clock import parse_instant

        found = memory.recall(
            text_of(words), now=(None if now is None else parse_instant(now, tz=chosen["tz"])[0]), **chosen
        )
        if not found and not layers:
            explain_nothing(memory, chosen["scopes"])
    lean = state.max_trust() != "user" and not brief
    print_values(state, found, lambda: print_for_agents(found) if lean else print_recall(found, brief=brief))


@command(
    "inject",
    answer=Injection,
    examples=(
        'eider inject "write the migration for the users table"',
        "eider inject - --scope project:alpha --json < prompt.txt",
    ),
)
@click.argument("words", metavar="PROMPT...", nargs=-1, required=True)
@click.option("--scope", "scopes", multiple=True, help="Only this scope; may be repeated.")
@click.option("--session", help="The conversation the prompt belongs to.")
@click.option("--budget", type=int, default=400, show_default=True, help="Most tokens.")
@pass_state
def inject(state: State, words: tuple[str, ...], scopes: tuple[str, ...], session: str | None, budget: int) -> None:
    """Print what belongs into a prompt by itself.

    Often nothing: then stdout stays empty and stderr says why. Silence is an answer, the exit code is 0.
    """
    with open_memory(state) as memory:
        given = memory.inject(
            text_of(words), scopes=[resolve_scope(s) for s in scopes] or None, session=session, budget=budget
        )
    if state.json:
        print_json(given)
    else:
        print_injection(given)


@command(
    "search",
    answer=Recollection,
    examples=("eider search --kind rule", 'eider search "naming" --status superseded --limit 5'),
)
@click.argument("words", metavar="[TEXT...]", nargs=-1)
@filter_options
@click.option("--status", type=click.Choice(STATUSES), help="Only memories of this status; by default current ones.")
@click.option("--limit", "-n", type=int, default=50, show_default=True, help="Most results.")
@click.option("--offset", type=int, default=0, show_default=True, help="Results to skip.")
@pass_state
def search(state: State, words: tuple[str, ...], **said: Any) -> None:
    """List and filter what is kept.

    Without a text the newest come first.
    """
    with open_memory(state) as memory:
        chosen = _request_fields(state, said)
        page = memory.search(text_of(words), **chosen)
        if not page.total:
            explain_nothing(memory, chosen["scopes"])
    lean = state.max_trust() != "user"
    print_values(
        state,
        page.items,
        lambda: print_for_agents(page.items) if lean else print_page(page.items, page.offset, page.total),
    )


@command(
    "sql",
    answer=("the columns of the query",),
    examples=(
        'eider sql "select kind, count(*) from memories group by kind"',
        'eider sql "select text from episodes limit 5" --json',
    ),
)
@click.argument("words", metavar="QUERY...", nargs=-1, required=True)
@click.option("--rows", type=int, default=1_000, show_default=True, help="Most rows.")
@click.option("--seconds", type=float, default=10.0, show_default=True, help="Most time.")
@click.option("--memory", type=int, default=512, show_default=True, help="Most megabytes.")
@pass_state
def sql(state: State, words: tuple[str, ...], rows: int, seconds: float, memory: int) -> None:
    """Ask your own rows in SQL.

    The query sees the tables of one user, read-only, and nothing else: no files, no network.
    """
    with open_memory(state) as opened:
        answer = opened.sql(text_of(words), rows=rows, seconds=seconds, memory=memory)
    found: list[dict[str, Any]] = answer.arrow().to_pylist()
    print_values(state, found, lambda: _print_sql(found))


def _print_sql(found: list[dict[str, Any]]) -> None:
    head = list(found[0]) if found else []
    rows = [["" if v is None else str(v) for v in row.values()] for row in found]
    needed = sum(max(display_width(c) for c in column) + 2 for column in zip(head, *rows, strict=True))
    if needed <= 2 * terminal_width():
        print_table(rows, head)
    else:  # too many columns to stand side by side
        for row in rows:
            print_table(list(zip(head, row, strict=True)))
            print_line()
    print_line(f"{len(found)} row(s)", dim=True)


COMMANDS: Final = {"recall": recall, "inject": inject, "search": search, "sql": sql}
