"""mem0: what `get_all()` returned, as JSON, or its `history.db`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from eider.model.errors import InputError
from eider.records.importers.containers import Files, one_file, rows, tables
from eider.records.importers.source import Found, Importer, Skipped, Wanted, instant, statement

_HISTORY: Final = {"memory_id", "old_memory", "new_memory", "event"}


def detect(path: Path) -> bool:
    """Whether it is one of both."""
    if one_file(path, ".json"):
        first = Files(path).first(path.name)
        items = first.get("results") if isinstance(first, dict) and "results" in first else [first]
        one = items[0] if isinstance(items, list) and items else None
        return isinstance(one, dict) and isinstance(one.get("memory"), str)
    return path.is_file() and tables(path).get("history", set()) >= _HISTORY


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield memories; of a history also what they said before, with its dates."""
    yield from _from_export(path, wanted) if one_file(path, ".json") else _history(path, wanted)


def _from_export(path: Path, wanted: Wanted) -> Iterator[Found]:
    users = {str(one.get("user_id")) for one in _items(path) if isinstance(one, dict) and one.get("user_id")}
    for number, one in enumerate(_items(path), 1):
        place = f"memory {number}"
        if not isinstance(one, dict) or not isinstance(one.get("memory"), str) or not one["memory"].strip():
            yield place, InputError("has no text ('memory').")
            continue
        at = instant(one.get("created_at"))
        if len(users) > 1 and one.get("user_id") != wanted.user:
            yield place, Skipped("memories of another user")
        elif at is not None and wanted.since is not None and at < wanted.since:
            yield place, Skipped("memories before the given time")
        else:
            yield place, statement(one["memory"], scope=wanted.scope, valid_from=at)


def _items(path: Path) -> Iterator[Any]:
    for one in Files(path).elements(path.name):
        yield from one["results"] if isinstance(one, dict) and isinstance(one.get("results"), list) else [one]


def _history(path: Path, wanted: Wanted) -> Iterator[Found]:
    """A memory's events in order: each text held until the next one."""
    open_: dict[str, tuple[str, str, datetime | None]] = {}
    for number, row in enumerate(rows(path, "SELECT * FROM history ORDER BY rowid"), 1):
        place, event = f"history row {number}", str(row["event"] or "").upper()
        id_, at = str(row["memory_id"]), instant(row.get("updated_at")) or instant(row.get("created_at"))
        if id_ in open_:
            where, text, since = open_.pop(id_)
            if event == "DELETE":
                yield where, Skipped("memories that were deleted")
                continue
            yield from _memory_of(where, text, since, at, wanted)
        if event != "DELETE" and row["new_memory"]:
            open_[id_] = place, str(row["new_memory"]), at
    for where, text, since in open_.values():
        yield where, statement(text, scope=wanted.scope, valid_from=since)


def _memory_of(
    where: str, text: str, since: datetime | None, until: datetime | None, wanted: Wanted
) -> Iterator[Found]:
    if since is None or until is None or until <= since:
        yield where, Skipped("older wordings without dates")
    else:
        yield where, statement(text, scope=wanted.scope, valid_from=since, valid_to=until)


IMPORTER: Final = Importer(name="mem0", title="mem0 memories or history.db", detect=detect, iterate=iterate)
