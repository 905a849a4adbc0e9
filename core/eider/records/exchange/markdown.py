"""One's memory as a page for people, made to be searched line by line: `grep 'importance 5' memory.md`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from eider.model.clock import local
from eider.model.values import Memory, Precision
from eider.model.visible_text import visible_text
from eider.records.exchange.files import new_private_file
from eider.store.protocols import Snapshot

_DATE = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "instant": "%Y-%m-%d"}


def write_markdown(path: Path, header: dict[str, Any], rows: Snapshot, now: datetime) -> int:
    """Current statements by scope and kind, closed ones after them, then what was said by session.

    Returns:
        How many statements and utterances it holds.
    """
    latest = [m for m in rows.memories() if m.retired_at is None and m.state != "erased"]
    latest.sort(key=lambda m: (m.scope != "global", m.scope, m.kind, -m.importance, m.valid_from, m.id))
    current = [m for m in latest if m.status(now) == "current"]
    closed = sorted((m for m in latest if m.status(now) != "current"), key=lambda m: (m.valid_to or now, m.id))
    with new_private_file(path) as file:
        _write_lines(
            file, f"# Memory of {visible_text(header['user'])}", "", f"Exported {header['exported_at']} (UTC).", ""
        )
        for (scope, kind), group in groupby(current, key=lambda m: (m.scope, m.kind)):
            _write_lines(file, f"## {visible_text(scope)} · {kind}", "", *(statement(m, now) for m in group), "")
        if closed:
            _write_lines(file, "## closed", "", *(statement(m, now) for m in closed), "")
        said = sum(_write_lines(file, *lines) for lines in utterances(rows))
    return len(latest) + said


def _write_lines(file: IO[bytes], *lines: str) -> int:
    file.writelines(f"{line}\n".encode() for line in lines)
    return sum(line.startswith("- ") for line in lines)


def statement(m: Memory, now: datetime) -> str:
    """One line: text first, then everything one may want to search for."""
    until = f" to {_day(m.valid_to, m.to_precision)}" if m.valid_to else ""
    marks = [
        m.status(now),
        m.kind,
        f"since {_day(m.valid_from, m.from_precision)}{until}",
        f"importance {m.importance}",
    ]
    marks += [f"origin {m.origin}"] if m.origin != "user" else []
    marks += ["pinned"] if m.pinned else []
    marks += [f"replaced by {m.superseded_by}"] if m.superseded_by else []
    return f"- {visible_text(m.text)} ({' · '.join(marks)} · {m.id})"


def _day(at: datetime, precision: Precision) -> str:
    return f"{at:{_DATE[precision]}}"


def utterances(rows: Snapshot) -> Iterator[list[str]]:
    """Sessions in the order they began to be recorded; times on the speaker's clock."""
    session: str | None = None
    for e in rows.utterances():
        at = local(e.at, e.tz)
        head = [] if e.session == session else ["", f"## session {visible_text(e.session)}", ""]
        session = e.session
        yield [*head, f"- {at:%Y-%m-%d %H:%M} {visible_text(e.speaker)}: {visible_text(e.text)} ({e.role} · {e.id})"]
