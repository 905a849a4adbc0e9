"""How the answers of the hot verbs look to people: values or the owner's JSON, told by their attributes.

Imports nothing heavy: `eider.cli.hot` prints with it before the command line's framework would be loaded.
"""

from __future__ import annotations

from eider.cli.output import echo, indented, one_line, say
from eider.reasons import reasons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

_GLANCE: Final = 3
"""Texts that are shown after keeping them; of more only the ids."""


def day(at: object) -> str:
    """The date of an instant, given as a time or as ISO text.

    >>> day("2026-05-04T10:30:00+00:00")
    '2026-05-04'
    """
    return str(at)[:10]


def minute(at: object) -> str:
    """An instant to the minute.

    >>> minute("2026-05-04T10:30:00+00:00")
    '2026-05-04 10:30'
    """
    return str(at)[:16].replace("T", " ")


def kept(items: Sequence[Any]) -> None:
    """Ids, and the text as it is stored: what was redacted is seen at once."""
    if len(items) > _GLANCE:
        say(f"kept {len(items)}, {items[0].id} to {items[-1].id}")
        return
    for item in items:
        say(item.id)
        indented(one_line(item.text), "  ", dim=True)


def ranked(found: Sequence[Any], *, brief: bool) -> None:
    """Results of a recall, each with its score and the reasons for it."""
    if not found:
        say("nothing found")
    for place, one in enumerate(found, 1):
        if brief:
            say(" ".join(one.text.split()))
            continue
        lead = f"{place:>3}  {one.score:6.2f}  "
        indented(one.text, lead)
        pad = " " * len(lead)
        indented(about(one), pad, dim=True)
        if why := reasons(one.why.shares, one.why.notes):
            indented(f"why: {why}", pad, dim=True)


def about(one: Any) -> str:
    """Id, kind, scope and times of one result."""
    parts = [one.id]
    if (m := one.memory) is not None:
        ended = f" until {day(m.valid_to)}" if m.valid_to else ""
        parts += [m.kind, m.scope, f"since {day(m.valid_from)}{ended}"]
    elif (e := one.episode) is not None:
        parts += [f"said by {e.speaker}", minute(e.at)]
    return " · ".join([*parts, *([f"from {one.layer}"] if one.layer else [])])


def injected(given: Any) -> None:
    """The text for the prompt; where there is none, stderr says why."""
    if given.text:
        say(given.text)
    else:
        echo(given.why, err=True)


def listing(items: Sequence[Any], offset: int, total: int) -> None:
    """A page of a search."""
    for one in items:
        indented(one.text)
        indented(about(one), "    ", dim=True)
    last = offset + len(items)
    more = f"; go on with --offset {last}" if last < total else ""
    say(f"{offset + 1} to {last} of {total}{more}" if items else "nothing found", dim=True)
