"""Commands that write: `record` and `remember`, one text or many from stdin."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from eider.cli.command import command, open_memory, pass_state, resolve_scope, stdin_text, text_of
from eider.cli.exit_codes import report_queued
from eider.cli.formatting import print_stored
from eider.cli.graph import print_related
from eider.cli.output import print_values, write_line
from eider.cli.state import State
from eider.model.errors import InputError
from eider.model.values import GLOBAL, KINDS, ROLES, Episode, Memory

if TYPE_CHECKING:
    from eider.api.facade import Eider

_PRIVATE: Final = re.compile(r"<\s*private\b.*(?:<\s*/\s*private\b[^>]*>|\Z)", re.IGNORECASE | re.DOTALL)
"""From the first mark to the last: rather too much than a word of what is in between."""
_SENTENCE: Final = re.compile(r"\S.*?(?:[.;!?]+(?=\s|\Z)|$)", re.MULTILINE)
_BESIDE: Final = 5
"""Links shown of what was just kept."""
QUEUED_PREFIX: Final = "queued_"
"""How the id of a write begins that a server has yet to take."""
_TEXT: Final = click.argument("words", metavar="TEXT...", nargs=-1, required=True)
_LINES: Final = click.option("--lines", is_flag=True, help="With TEXT -: each line of stdin is one text.")
_JSONL: Final = click.option(
    "--jsonl", is_flag=True, help="With TEXT -: each line of stdin is a JSON object of the fields."
)
_KEY: Final = click.option("--key", help="Idempotency key: the same key is kept once.")
_TZ: Final = click.option("--tz", metavar="ZONE", help="Time zone, such as Europe/Berlin.")


@command(
    "record",
    answer=Episode,
    examples=(
        'eider record "The trip to Lisbon is on 4 May." --session planning',
        "eider record - --jsonl --user ada < conversation.jsonl",
    ),
)
@_TEXT
@click.option("--speaker", help="Who said it; by default the user, or the agent's name.")
@click.option(
    "--role", type=click.Choice(ROLES), default="user", show_default=True, help="What the speaker is to the user."
)
@click.option("--session", help="Conversation it belongs to; by default the local date.")
@click.option("--at", metavar="TIME", help="When it was said, such as 2026-05-04T10:00; by default now.")
@_TZ
@click.option("--metadata", metavar="JSON", help="A JSON object kept with it.")
@_KEY
@_LINES
@_JSONL
@pass_state
def record(state: State, words: tuple[str, ...], lines: bool, jsonl: bool, metadata: str | None, **said: Any) -> None:
    """Keep an utterance verbatim.

    What looks like a secret is replaced before anything is written. TEXT - reads stdin, as one text,
    as one text per line (--lines) or as JSON lines of text, speaker, role, session, at, tz, metadata, key (--jsonl).
    """
    said["tz"] = state.time_zone(said["tz"])
    said["metadata"] = _parse_metadata(metadata)
    many = _read_items(words, lines=lines, jsonl=jsonl)
    with open_memory(state, create=True) as memory:
        if many is None:
            done = [memory.record(text_of(words), **said)]
        else:
            given = {k: v for k, v in said.items() if v is not None}
            done = memory.record_many([{**given, **item} for item in many])
    _print_stored(state, done)


@command(
    "remember",
    answer=Memory,
    examples=(
        'eider remember "Prefers snake_case." --kind preference --scope project:alpha',
        "eider remember - --lines --kind fact < facts.txt",
    ),
)
@_TEXT
@click.option("--kind", type=click.Choice(KINDS), default="fact", show_default=True, help="What kind of statement.")
@click.option(
    "--scope",
    default="global",
    show_default=True,
    help="Label it is visible under, such as project:alpha; project: this directory's.",
)
@click.option("--importance", type=click.IntRange(1, 5), default=3, show_default=True, help="1 trivial to 5 vital.")
@click.option("--valid-from", metavar="TIME", help="First instant it holds, such as 2026-05; by default now.")
@click.option("--valid-to", metavar="TIME", help="First instant it no longer holds.")
@click.option("--pinned", is_flag=True, help="Never let it decay.")
@click.option("--heard", is_flag=True, help="The user's own words: keep what they say of rules, wishes and facts.")
@click.option("--related", is_flag=True, help="Show what it is linked to.")
@_KEY
@_LINES
@_JSONL
@pass_state
def remember(
    state: State, words: tuple[str, ...], lines: bool, jsonl: bool, heard: bool, related: bool, **said: Any
) -> None:
    """Keep a statement.

    Saying it again adds nothing: the known one is strengthened. TEXT - reads stdin, as one statement,
    one per line (--lines) or as JSON lines of text, kind, scope, importance, valid_from, valid_to, pinned, key (--jsonl).
    """
    said["scope"] = resolve_scope(said["scope"])
    many = _read_items(words, lines=lines, jsonl=jsonl)
    with open_memory(state, create=True) as memory:
        if heard and many is None:
            done = _learn_from_words(memory, text_of(words), said)
        elif many is None:
            done = [memory.remember(text_of(words), **said)]
        else:
            given = {k: v for k, v in said.items() if v is not None}
            done = memory.remember_many([{**given, **item} for item in many])
        beside = [one for kept in done for one in memory.related(kept, limit=_BESIDE)] if related else []
    _print_stored(state, done)
    if related:
        print_values(state, beside, lambda: print_related(beside))


def _learn_from_words(memory: Eider, text: str, said: dict[str, Any]) -> list[Memory]:
    """Learn from the user's own words; keep the words themselves where no rule or preference is found."""
    text = _PRIVATE.sub(" ", text).strip()
    if not text:
        raise InputError("all of it stands between <private> and </private>; nothing was kept.")
    learned = memory.observe(user_reply=text, scope=None if said["scope"] == GLOBAL else said["scope"], key=said["key"])
    if not learned.signals:
        return [memory.remember(text, **said)]
    ended = {one.target for one in learned.decisions if one.relation in ("supersede", "merge", "retract")}
    found = (*learned.memories, *learned.inbox)
    current = [one for one in found if one.superseded_by is None and one.id not in ended]
    if not current:
        write_line(learned.why, err=True)
    said_as = learned.episodes[-1].text if learned.episodes else text
    read = [(signal.start, signal.end) for signal in learned.signals]
    parts = [
        part for part in _SENTENCE.finditer(said_as) if not any(a < part.end() and part.start() < b for a, b in read)
    ]
    rest = " ".join(part[0] for part in parts if len(part[0].split()) > 1)
    if not rest:
        return current
    said["key"] = said["key"] and f"{said['key']}:rest"
    return [*current, memory.remember(rest, **said)]


def _read_items(words: tuple[str, ...], *, lines: bool, jsonl: bool) -> list[dict[str, Any]] | None:
    """Read several items from stdin; None for a single text."""
    if not lines and not jsonl:
        return None
    if words != ("-",):
        raise click.UsageError("--lines and --jsonl read stdin; give - as the text.")
    if lines and jsonl:
        raise click.UsageError("--lines and --jsonl exclude each other; give one.")
    given = [(n, line) for n, line in enumerate(stdin_text().split("\n"), 1) if line.strip()]
    return [{"text": line.rstrip("\r")} if lines else _parse_json_line(n, line) for n, line in given]


def _parse_json_line(place: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise InputError(
            f"line {place} of stdin is not JSON ({error}); mend it, or use --lines for plain text."
        ) from None
    if not isinstance(found, dict):
        raise InputError(f'line {place} of stdin is no JSON object; write {{"text": …}}.')
    return found


def _parse_metadata(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError(f"--metadata is not JSON ({error}); write for example '{{\"page\": 3}}'.") from None
    if not isinstance(found, dict):
        raise InputError("--metadata is no JSON object; write for example '{\"page\": 3}'.")
    return found


def _print_stored(state: State, items: Sequence[Episode | Memory]) -> None:
    """Print what was stored, and report what waits in the spool."""
    waiting = [item for item in items if item.id.startswith(QUEUED_PREFIX)]
    if waiting:
        report_queued([str(item.key) for item in waiting], as_json=state.json)
        return
    print_values(state, items, lambda: print_stored(items))


COMMANDS: Final = {"record": record, "remember": remember}
