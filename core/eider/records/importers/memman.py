"""memman: the SQLite database of a store, of any version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eider.records.importers.containers import rows, tables
from eider.records.importers.source import Found, Importer, Skipped, Wanted, instant, statement

_FILE: Final = "memman.db"
_KINDS: Final = {"preference": "preference", "decision": "decision", "insight": "insight", "context": "context"}
"""Categories of its version 0.16; later ones have none."""


def detect(path: Path) -> bool:
    """Whether it is such a database, or the directory of one."""
    return "content" in tables(_database(path)).get("insights", set())


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield insights, oldest first; what was replaced ends when its successor began."""
    file = _database(path)
    made = {str(r["id"]): instant(r["created_at"]) for r in rows(file, "SELECT id, created_at FROM insights")}
    for row in rows(file, "SELECT * FROM insights ORDER BY created_at, id"):
        place, at, text = f"insight {row['id']}", instant(row["created_at"]), str(row["content"] or "")
        successor = row.get("replaced_by")
        until = made.get(str(successor)) if successor else None
        if row.get("deleted_at") and until is None:
            yield place, Skipped("insights that were deleted")
        elif not text.strip():
            yield place, Skipped("insights without text")
        elif wanted.since is not None and at is not None and at < wanted.since:
            yield place, Skipped("insights before the given time")
        elif successor and (until is None or at is None or until <= at):
            yield place, Skipped("replaced insights without dates")
        else:
            kind, importance = _KINDS.get(str(row.get("category")), "fact"), row.get("importance")
            level = importance if isinstance(importance, int) and 1 <= importance <= 5 else None  # noqa: PLR2004 (its scale and ours)
            yield place, statement(text, kind=kind, scope=wanted.scope, valid_from=at, valid_to=until, importance=level)


def _database(path: Path) -> Path:
    return path / _FILE if path.is_dir() else path


IMPORTER: Final = Importer(name="memman", title="memman store", detect=detect, iterate=iterate)
