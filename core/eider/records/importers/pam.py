"""Portable AI Memory 1.0: one JSON file with `"schema": "portable-ai-memory"`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from eider.model.errors import InputError
from eider.model.values import KINDS
from eider.records.importers.containers import Files, one_file
from eider.records.importers.source import Found, Importer, Line, Skipped, Wanted, instant, statement

SCHEMA: Final = "portable-ai-memory"
_KINDS: Final[Mapping[str, str]] = {"preference": "preference", "instruction": "rule", "context": "context"}
_CLOSED: Final = ("superseded", "archived")


def detect(path: Path) -> bool:
    """Whether it says so."""
    first = Files(path).first(path.name) if one_file(path, ".json") else None
    return isinstance(first, dict) and first.get("schema") == SCHEMA


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield its memories with their dates; what was retracted, deprecated or archived is skipped."""
    document = Files(path).value(path.name)
    memories = document.get("memories") if isinstance(document, dict) else None
    if not isinstance(memories, list):
        raise InputError(f"{str(path)!r} has no list of memories; export it again.")
    for number, one in enumerate(memories, 1):
        place = f"memory {number}"
        if not isinstance(one, dict) or not isinstance(one.get("content"), str) or not one["content"].strip():
            yield place, InputError("has no content.")
        else:
            yield place, _memory(one, wanted)


def _memory(one: Line, wanted: Wanted) -> Line | Skipped:
    status, times, more = str(one.get("status") or "active"), one.get("temporal") or {}, one.get("metadata") or {}
    since = instant(times.get("valid_from")) or instant(times.get("created_at"))
    until = instant(times.get("valid_until"))
    if status not in ("active", *_CLOSED):
        return Skipped(f"memories that are {status}")
    if status in _CLOSED and (until is None or since is None or until <= since):
        return Skipped(f"{status} memories without dates")
    if wanted.since is not None and since is not None and since < wanted.since:
        return Skipped("memories before the given time")
    named = str(one.get("custom_type") or more.get("eider_kind") or "")
    kind = named if named in KINDS else _KINDS.get(str(one.get("type")), "fact")
    scope = wanted.scope or (str(more["eider_scope"]) if isinstance(more.get("eider_scope"), str) else None)
    importance = more.get("eider_importance")
    return statement(
        one["content"], kind=kind, scope=scope, valid_from=since, valid_to=until,
        importance=importance if isinstance(importance, int) and 1 <= importance <= 5 else None,  # noqa: PLR2004 (our scale)
    )  # fmt: skip


IMPORTER: Final = Importer(name="pam", title="Portable AI Memory 1.0", detect=detect, iterate=iterate)
