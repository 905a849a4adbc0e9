"""What an importer is, and what it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from eider.model.errors import InputError
from eider.model.scope_word import scope_word

GROUP: Final = "eider.import"
Line = dict[str, Any]
"""A chat message or a statement with the keys that `import_lines` takes."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something a source holds that is not imported."""

    reason: str
    """Counted and shown, in the plural: "hidden messages"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to read of a source."""

    user: str
    """Whose memory it becomes; of a source with several users only the rows of this one are read."""
    scope: str | None = None
    """Scope of the statements; None is what the source says."""
    since: datetime | None = None
    """Nothing that was said or written before."""


Found = tuple[str, Line | Skipped | InputError]
"""Where it stands in the source, and what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """One kind of file, directory or database that can be imported."""

    name: str
    """As in `eider import NAME PATH`."""
    title: str
    """What it is, for people."""
    detect: Callable[[Path], bool]
    """Whether a path holds such data; reads as little of it as it can, and never raises."""
    iterate: Callable[[Path, Wanted], Iterator[Found]]
    """Yields what a path holds, in order, without holding all of it."""


def importers() -> dict[str, Importer]:
    """Return all importers by name; a package that cannot be imported is skipped."""
    found: dict[str, Importer] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            one = getattr(point.load(), "IMPORTER", None)  # others are hosts whose records are learned from
        except ImportError:
            continue
        if isinstance(one, Importer):
            found[one.name] = one
    return found


def importer_of(path: Path) -> Importer | None:
    """Return the importer that knows what a path holds."""
    return next((one for one in importers().values() if one.detect(path)), None)


def message(
    role: str, content: str, *, at: datetime, session: str, key: str, speaker: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Line:  # fmt: skip
    """Return a chat message; `key` is its name in the source, under which it is imported once."""
    line: Line = {"role": role, "content": content, "at": at.isoformat(), "session": session, "key": key}
    return line | ({"speaker": speaker} if speaker else {}) | ({"metadata": dict(metadata)} if metadata else {})


def statement(
    text: str, *, kind: str = "fact", scope: str | None = None, valid_from: datetime | None = None,
    valid_to: datetime | None = None, importance: int | None = None,
) -> Line:  # fmt: skip
    """Return a statement, the same one is imported once; a scope that has blanks is written with dashes."""
    line: Line = {"text": text.strip(), "kind": kind}
    said = {"scope": scope and (scope_word(scope) or None), "importance": importance}
    times = {"valid_from": valid_from, "valid_to": valid_to}
    line |= {name: value for name, value in said.items() if value is not None}
    return line | {name: at.isoformat() for name, at in times.items() if at is not None}


def instant(value: object) -> datetime | None:
    """Return the time that a source gives as text or seconds (or milliseconds) since 1970; None where it gives none.

    A text without a zone is read as UTC, which is what these sources mean.

    >>> instant(0), instant("2024-05-01 10:00:00").isoformat()
    (None, '2024-05-01T10:00:00+00:00')
    """
    if isinstance(value, bool) or value in (None, "", 0):
        return None
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000 if abs(value) > _MILLISECONDS else value, UTC)
        at = datetime.fromisoformat(str(value).strip())
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_MILLISECONDS: Final = 1e11
"""A number above this counts milliseconds since 1970; as seconds it would be the year 5138."""
