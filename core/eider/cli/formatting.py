"""Prints the answers of the fast path's commands, given as values or as the server's JSON.

Imports nothing heavy: `eider.cli.fast_path` prints with it before the command line's framework would be loaded.
"""

from __future__ import annotations

from eider.cli.output import print_indented, print_line, print_table, write_line
from eider.model.score_text import reasons
from eider.model.visible_text import visible_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

STATUS_KEYS: Final = (
    "running", "pid", "version", "home", "uptime", "stores", "jobs", "spool_bytes", "paused", "rss_bytes", "hooks", "trouble",
)  # fmt: skip
"""What is said of the server process."""
_MAX_TEXTS: Final = 3
"""Texts that are shown after keeping them; of more only the ids."""


def day(at: object) -> str:
    """Return the date of an instant, given as a datetime or ISO text.

    >>> day("2026-05-04T10:30:00+00:00")
    '2026-05-04'
    """
    return str(at)[:10]


def minute(at: object) -> str:
    """Return an instant to the minute.

    >>> minute("2026-05-04T10:30:00+00:00")
    '2026-05-04 10:30'
    """
    return str(at)[:16].replace("T", " ")


def print_stored(items: Sequence[Any]) -> None:
    """Print ids and the stored texts, so that redactions are visible."""
    if len(items) > _MAX_TEXTS:
        print_line(f"kept {len(items)}, {items[0].id} to {items[-1].id}")
        return
    for item in items:
        print_line(item.id)
        print_indented(visible_text(item.text), "  ", dim=True)


def print_recall(found: Sequence[Any], *, brief: bool) -> None:
    """Print the results of a recall with score and reasons."""
    if not found:
        print_line("nothing found")
    for place, one in enumerate(found, 1):
        if brief:
            print_line(" ".join(one.text.split()))
            continue
        lead = f"{place:>3}  {one.score:6.2f}  "
        print_indented(one.text, lead)
        pad = " " * len(lead)
        print_indented(details_line(one), pad, dim=True)
        if why := reasons(one.why.shares, one.why.notes):
            print_indented(f"why: {why}", pad, dim=True)


def print_for_agents(found: Sequence[Any]) -> None:
    """Print one line per result for agents; untrusted ones are marked as unverified."""
    if not found:
        print_line("nothing found")
    for one in found:
        write_line(visible_text(agent_line(one)))


def agent_line(one: Any) -> str:
    """Return one result as a line: id, kind, scope, date, text."""
    m, e = one.memory, one.episode
    kind, scope, at = (m.kind, m.scope, m.valid_from) if m is not None else ("episode", e.speaker, e.at)
    strange = m.trust == 0 if m is not None else e.origin in ("tool", "document")
    return f"{one.id} {kind} {scope} {day(at)}{' (unverified)' if strange else ''}: {' '.join(one.text.split())}"


def details_line(one: Any) -> str:
    """Return id, kind, scope and times of one result as a line."""
    parts = [one.id]
    if (m := one.memory) is not None:
        ended = f" until {day(m.valid_to)}" if m.valid_to else ""
        parts += [m.kind, m.scope, f"since {day(m.valid_from)}{ended}"]
    elif (e := one.episode) is not None:
        parts += [f"said by {e.speaker}", minute(e.at)]
    return " · ".join([*parts, *([f"from {one.layer}"] if one.layer else [])])


def print_injection(given: Any) -> None:
    """Print the text for the prompt; if it is empty, print the reason on stderr."""
    if given.text:
        print_line(given.text)
    else:
        write_line(given.why, err=True)


def print_page(items: Sequence[Any], offset: int, total: int) -> None:
    """Print one page of search results."""
    for one in items:
        print_indented(one.text)
        print_indented(details_line(one), "    ", dim=True)
    last = offset + len(items)
    more = f"; go on with --offset {last}" if last < total else ""
    print_line(f"{offset + 1} to {last} of {total}{more}" if items else "nothing found", dim=True)


def print_status(found: dict[str, Any]) -> None:
    """Print the status of the server process."""
    waits = f"{found['spool_bytes']:,} byte(s) wait" if found["spool_bytes"] else "empty"
    rows = [["server", "none runs; the next call by name starts one"]]
    if found["running"]:
        jobs: dict[str, int] = found.get("jobs") or {}
        rows = [
            [
                "server",
                f"process {found['pid']}, version {found['version']}, for {duration_text(found.get('uptime') or 0)}",
            ],
            ["memory", f"{(found.get('rss_bytes') or 0) / 1e6:.0f} MB"],
            ["stores", ", ".join(found["stores"]) or "none open"],
            ["jobs", ", ".join(f"{n} {what}" for what, n in jobs.items() if n) or "none"],
            *hook_rows(found.get("hooks") or {}),
        ]
    rows += [["trouble", line] for line in found.get("trouble") or ()]
    rows += [["home", found["home"]], ["spool", waits], ["paused", paused_text(found["paused"])]]
    print_table(rows)


def hook_rows(found: dict[str, Any]) -> list[list[str]]:
    """Return table rows of what hooks injected and learned, in all and per recent session.

    >>> hook_rows({"fault": "", "hosts": {"claude-code": {"injected_tokens": 90, "recalled": 3, "learned": 1, "sessions": {}}}})
    [['claude-code', '90 tokens injected, 3 lines recalled, 1 memories learned']]
    """

    def told(one: dict[str, Any]) -> str:
        said = (("injected_tokens", "tokens injected"), ("recalled", "lines recalled"), ("learned", "memories learned"))
        return ", ".join(f"{one.get(name, 0):,} {what}" for name, what in said)

    rows = [["hooks", f"not heard over HTTP: {found['fault']}; run eider doctor"]] if found.get("fault") else []
    for host, figures in (found.get("hosts") or {}).items():
        sessions: dict[str, dict[str, Any]] = figures.get("sessions") or {}
        if sessions or any(figures.get(name) for name in ("injected_tokens", "recalled", "learned")):
            rows.append([host, told(figures)])
        rows += [[f"  {name[:8]}", f"{one.get('prompts', 0)} prompts, {told(one)}"] for name, one in sessions.items()]
    return rows


def paused_text(found: dict[str, dict[str, bool]]) -> str:
    """Describe what is paused.

    >>> paused_text({"*": {"writes": False}, "notes": {"writes": True}})
    'background work of every store, background work and writing of notes'
    """

    def one(name: str, writes: bool) -> str:
        return f"background work{' and writing' if writes else ''} of {'every store' if name == '*' else name}"

    return ", ".join(one(name, how["writes"]) for name, how in found.items()) or "nothing"


def duration_text(seconds: float) -> str:
    """Return a duration as text.

    >>> duration_text(4), duration_text(300), duration_text(90_000)
    ('4 s', '5 min', '25 h')
    """
    minutes = seconds / 60
    if minutes < 2:  # noqa: PLR2004 (a glance)
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"  # noqa: PLR2004


def size_text(count: float) -> str:
    """Return a number of bytes as people read it."""
    for unit in ("B", "KB", "MB"):
        if count < 1000:  # noqa: PLR2004 (decimal units)
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
