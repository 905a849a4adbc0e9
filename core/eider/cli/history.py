"""Commands that explain what is stored: `why`, `history`, `events`, `diff`, `health`."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import command, open_memory, pass_state
from eider.cli.output import print_indented, print_line, print_table, print_values
from eider.cli.state import State
from eider.model.answers import Diff, Explanation, Health, Version
from eider.model.values import Event

_ID: Final = click.argument("id", metavar="ID")
_BESIDE: Final = 80
"""Characters shown before and after the words of an utterance that a memory quotes."""


@command("why", answer=Explanation, examples=("eider why mem_01k", "eider why mem_01k --json"))
@_ID
@pass_state
def why(state: State, id: str) -> None:  # noqa: A002
    """Show what a memory rests on."""
    with open_memory(state) as memory:
        found = memory.why(id)
    print_values(state, [found], lambda: _print_why(found))


def _print_why(found: Explanation) -> None:
    print_indented(found.memory.text, bold=True)
    print_indented(found.summary)
    spans = {span.episode: span for span in found.memory.evidence}
    for episode, quoted in found.evidence:
        span, text = spans[episode.id], episode.text
        before, after = text[max(0, span.start - _BESIDE) : span.start], text[span.end : span.end + _BESIDE]
        place = f"{'…' * (span.start > _BESIDE)}{before}[{quoted}]{after}{'…' * (span.end + _BESIDE < len(text))}"
        print_indented(f"{place} ({episode.speaker}, {episode.at:%Y-%m-%d}, {episode.id})", "  quotes  ")
    for other in found.against:
        print_indented(f"{other.text} ({other.id})", "  contradicts  ")
    for one in found.replaces:
        print_line(f"  replaces  {one}")
    if found.replaced_by:
        print_line(f"  replaced by  {found.replaced_by}")
    print_line(
        f"  used {found.usage.uses} time(s), shown {found.usage.shown}, stability {found.usage.stability:.0f} days"
    )
    for event in found.events:
        print_line(f"  {event.at:%Y-%m-%d %H:%M}  {event.op} by {event.actor}  {event.id}", dim=True)
        if event.reason:
            print_indented(event.reason, "    ", dim=True)


@command("history", answer=Version, examples=("eider history mem_01k", "eider history mem_01k --json"))
@_ID
@pass_state
def history(state: State, id: str) -> None:  # noqa: A002
    """Show all versions of a memory."""
    with open_memory(state) as memory:
        versions = memory.history(id)
    print_values(
        state, versions, lambda: print_table([_print_version(v) for v in versions], ["learned", "by", "held", "text"])
    )


def _print_version(version: Version) -> list[str]:
    memory, event = version.memory, version.event
    ended = f"{memory.valid_to:%Y-%m-%d}" if memory.valid_to else "now"
    by = f"{event.op} ({event.actor})" if event else "erased"
    return [f"{memory.recorded_at:%Y-%m-%d %H:%M}", by, f"{memory.valid_from:%Y-%m-%d} to {ended}", memory.text]


@command("events", answer=Event, examples=("eider events --limit 10", "eider events --json --user ada"))
@click.option("--limit", "-n", type=int, default=50, show_default=True, help="Most events.")
@pass_state
def events(state: State, limit: int) -> None:
    """List what changed, newest first."""
    with open_memory(state) as memory:
        found = memory.events(limit=limit)
    rows = [[e.id, f"{e.at:%Y-%m-%d %H:%M}", e.op, e.actor, _touched_text(e)] for e in found]
    print_values(
        state,
        found,
        lambda: print_table(rows, ["event", "at", "did", "by", "touched"]) if rows else print_line("nothing yet"),
    )


def _touched_text(event: Event) -> str:
    what = "its content was forgotten" if event.erased else " ".join(event.ids[:2])
    more = f" and {len(event.ids) - 2} more" if not event.erased and len(event.ids) > 2 else ""  # noqa: PLR2004
    return f"{what}{more}{': ' + event.reason if event.reason else ''}"


@command(
    "diff", answer=Diff, examples=("eider diff --since 2026-05-01", "eider diff --since 2026-05 --until 2026-06 --json")
)
@click.option("--since", required=True, metavar="TIME", help="From when.")
@click.option("--until", metavar="TIME", help="To when; by default now.")
@pass_state
def diff(state: State, since: str, until: str | None) -> None:
    """Show what changed between two instants."""
    with open_memory(state) as memory:
        found = memory.diff(since=since, until=until)
    print_values(state, [found], lambda: _print_diff(found))


def _print_diff(found: Diff) -> None:
    for one in found.added:
        print_indented(one.text, "+ ", fg="green")
    for before, after in found.changed:
        print_indented(after.text if after.text != before.text else f"{after.text} ({after.id})", "~ ", fg="yellow")
    for one in found.closed:
        print_indented(one.text, "- ", fg="red")
    counts = f"{len(found.added)} added, {len(found.changed)} changed, {len(found.closed)} closed"
    print_line(f"{counts} between {found.since:%Y-%m-%d %H:%M} and {found.until:%Y-%m-%d %H:%M} UTC", dim=True)


@command("health", answer=Health, examples=("eider health", "eider health --user ada --json"))
@pass_state
def health(state: State) -> None:
    """Show how a user's memory stands."""
    with open_memory(state) as memory:
        found = memory.health()
    print_values(state, [found], lambda: _print_health(found))


def _print_health(found: Health) -> None:
    def counts(of: dict[str, int]) -> str:
        return ", ".join(f"{n} {name}" for name, n in of.items()) or "none"

    fading = sum(r < 0.5 for r in found.retrievability)  # noqa: PLR2004 (consolidate's own threshold)
    span = f"{found.oldest:%Y-%m-%d} to {found.newest:%Y-%m-%d}" if found.oldest and found.newest else "none yet"
    rows = [
        ["user", found.user],
        ["episodes", f"{found.episodes}, {span}" if found.episodes else "0"],
        ["memories", counts(dict(found.memories))],
        ["kinds", counts(dict(found.kinds))],
        ["scopes", counts(dict(found.scopes))],
        ["fading", f"{fading} of {len(found.retrievability)} below a retrievability of 0.5"],
        ["events", str(found.events)],
        [
            "index",
            f"{found.pending_index} row(s) outside it; a store of up to 10,000 needs none"
            if found.pending_index
            else "up to date",
        ],
        ["embedder", found.embedder],
    ]
    print_table([*rows, *(["degraded", reason] for reason in found.degraded)])


COMMANDS: Final = {"why": why, "history": history, "events": events, "diff": diff, "health": health}
