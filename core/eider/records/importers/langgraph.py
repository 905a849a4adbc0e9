"""LangGraph's long-term store: its SQLite database, or the items of `store.search(())` as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from eider.model.errors import InputError
from eider.records.importers.containers import Files, one_file, rows, tables
from eider.records.importers.source import Found, Importer, Skipped, Wanted, instant, statement

_TEXTS: Final = ("text", "content", "memory", "data", "value")
"""Names under which people put the text of a value, and LangMem its contents."""


def detect(path: Path) -> bool:
    """Whether it is one of both."""
    if one_file(path, ".json"):
        first = Files(path).first(path.name)
        return isinstance(first, dict) and {"namespace", "key", "value"} <= first.keys()
    return path.is_file() and tables(path).get("store", set()) >= {"prefix", "key", "value"}


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield the text of each value; where it has none, its fields."""
    now = datetime.now(UTC)
    for place, one in _items(path):
        at, end = instant(one.get("created_at")), instant(one.get("expires_at"))
        value: Any = one.get("value")
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                value = {"text": value}
        text = _text(value)
        if end is not None and end <= now:
            yield place, Skipped("values that have expired")
        elif not text.strip():
            yield place, Skipped("values without text")
        elif wanted.since is not None and at is not None and at < wanted.since:
            yield place, Skipped("values before the given time")
        else:
            yield place, statement(text, scope=wanted.scope, valid_from=at)


def _items(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not one_file(path, ".json"):
        for row in rows(path, "SELECT * FROM store ORDER BY prefix, key"):
            yield f"{row['prefix']} {row['key']}", row
        return
    for number, one in enumerate(Files(path).elements(path.name), 1):
        if not isinstance(one, dict):
            raise InputError(f"item {number} is {type(one).__name__}; each is an object with namespace, key and value.")
        yield f"item {number}", one


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        for name in _TEXTS:
            if name in value and (text := _text(value[name])).strip():
                return text
        plain = {k: v for k, v in value.items() if isinstance(v, str | int | float) and not isinstance(v, bool)}
        return "; ".join(f"{str(k).replace('_', ' ')}: {v}" for k, v in plain.items())
    return ""


IMPORTER: Final = Importer(name="langgraph", title="LangGraph store", detect=detect, iterate=iterate)
