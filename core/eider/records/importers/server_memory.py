"""The MCP reference server "memory": a JSONL file of entities with observations, and relations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from eider.model.errors import InputError
from eider.records.importers.containers import one_file
from eider.records.importers.source import Found, Importer, Skipped, Wanted, statement


def detect(path: Path) -> bool:
    """Whether its first line is an entity or a relation."""
    if not one_file(path, ".json", ".jsonl"):
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        first = _parse_line(next((line for line in file if line.strip()), ""))
    return (
        isinstance(first, dict) and first.get("type") in ("entity", "relation") and ("name" in first or "from" in first)
    )


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield each observation with the name of its entity, and each relation as a sentence."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            place, one = f"line {number}", _parse_line(line)
            if not line.strip():
                continue
            if not isinstance(one, dict):
                yield place, InputError("is not valid JSON; repair or remove it.")
            elif one.get("type") == "entity":
                yield from _entity(place, one, wanted)
            elif one.get("type") == "relation" and all(
                isinstance(one.get(k), str) for k in ("from", "relationType", "to")
            ):
                said = one["relationType"].replace("_", " ")
                yield place, statement(f"{one['from']} {said} {one['to']}", scope=wanted.scope)
            else:
                yield place, InputError("is neither an entity nor a relation.")


def _entity(place: str, one: Any, wanted: Wanted) -> Iterator[Found]:
    name, observations = str(one.get("name") or "").strip(), one.get("observations") or []
    if not observations:
        yield place, Skipped("entities without observations")
    for said in observations:
        if not isinstance(said, str) or not said.strip():
            yield place, Skipped("empty observations")
        else:
            named = not name or name.replace("_", " ").casefold() in said.replace("_", " ").casefold()
            yield place, statement(said if named else f"{name}: {said}", scope=wanted.scope)


def _parse_line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


IMPORTER: Final = Importer(name="mcp-memory", title="MCP server-memory JSONL", detect=detect, iterate=iterate)
