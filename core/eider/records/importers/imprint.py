"""imprint: its SQLite database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eider.records.importers.containers import rows, tables
from eider.records.importers.source import Found, Importer, Skipped, Wanted, instant, statement

_FILE: Final = "imprint.db"
_TEXTS: Final = ("content", "text", "statement")
_KINDS: Final = ("fact", "rule", "decision", "context")


def detect(path: Path) -> bool:
    """Whether it is such a database, or the directory of one."""
    columns = tables(_database(path)).get("memories", set())
    return {"scope", "recall_count", "superseded_by"} <= columns and any(name in columns for name in _TEXTS)


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield its memories; what was superseded comes with its dates."""
    file = _database(path)
    columns = tables(file)["memories"]
    column = next(name for name in _TEXTS if name in columns)
    users = (
        {str(r["user_id"]) for r in rows(file, "SELECT DISTINCT user_id FROM memories")}
        if "user_id" in columns
        else set[str]()
    )
    for number, row in enumerate(rows(file, "SELECT * FROM memories ORDER BY rowid"), 1):
        place, text = f"memory {row.get('id', number)}", str(row[column] or "")
        since, until = instant(row.get("valid_from")) or instant(row.get("created_at")), instant(row.get("valid_until"))
        if len(users) > 1 and str(row["user_id"]) != wanted.user:
            yield place, Skipped("memories of another user")
        elif not text.strip():
            yield place, Skipped("memories without text")
        elif wanted.since is not None and since is not None and since < wanted.since:
            yield place, Skipped("memories before the given time")
        elif not row.get("active", 1) and not row.get("superseded_by"):
            yield place, Skipped("memories that were switched off")
        elif row.get("superseded_by") and (since is None or until is None or until <= since):
            yield place, Skipped("superseded memories without dates")
        else:
            kind = str(row.get("type") or "").lower()
            scope = wanted.scope or str(row.get("scope") or "") or None
            yield (
                place,
                statement(text, kind=kind if kind in _KINDS else "fact", scope=scope, valid_from=since, valid_to=until),
            )


def _database(path: Path) -> Path:
    return path / _FILE if path.is_dir() else path


IMPORTER: Final = Importer(name="imprint", title="imprint database", detect=detect, iterate=iterate)
