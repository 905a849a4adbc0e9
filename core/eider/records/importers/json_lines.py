"""Chat messages and statements as JSON: one object a line, or an array of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, cast

from eider.model.errors import InputError
from eider.records.exchange.files import MARK, SHAPES, read
from eider.records.importers.containers import Files
from eider.records.importers.source import Found, Importer, Line, Skipped, Wanted, instant

_LOOKED_AT: Final = 20
"""Lines that are looked at before a file is taken for something else."""
_LONGEST: Final = 1 << 20


def detect(path: Path) -> bool:
    """Whether it is a file of such objects; what Eider exported is none, it keeps more."""
    if not path.is_file():
        return False
    if _is_array(path):
        return _is_line(Files(path).first(path.name))
    with suppress(OSError, EOFError), _open_lines(path) as file:
        lines = [line for line in (file.readline(_LONGEST) for _ in range(_LOOKED_AT)) if line.strip()]
        found = [_parse_line(line) for line in lines]
        return not any(isinstance(one, dict) and (MARK in one or "rev" in one) for one in found) and any(
            map(_is_line, found)
        )
    return False


def _is_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2000).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _open_lines(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")


def _parse_line(line: bytes) -> Any:
    try:
        return json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None


def _is_line(one: Any) -> bool:
    return isinstance(one, dict) and ("text" in one or "role" in one)


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield its objects as they are."""
    if _is_array(path):
        found = ((f"element {n}", one) for n, one in enumerate(Files(path).elements(path.name), 1))
    else:
        found = read(path)[1]
    for place, one in cast("Iterator[tuple[str, Any]]", found):
        if isinstance(one, InputError):
            yield place, one
        elif not isinstance(one, dict):
            yield place, InputError(f"is {type(one).__name__}; write {SHAPES}.")
        else:
            yield place, _line_or_skipped(cast("Line", one), wanted)


def _line_or_skipped(line: Line, wanted: Wanted) -> Line | Skipped:
    if str(line.get("role")) in ("system", "developer"):
        return Skipped("instructions of the application")
    if wanted.since is not None:
        at = instant(line.get("at", line.get("timestamp")))
        if at is not None and at < wanted.since:
            return Skipped("lines before the given time")
    return {**line, "scope": wanted.scope} if wanted.scope and "role" not in line else line


IMPORTER: Final = Importer(name="json", title="chat messages or statements as JSON", detect=detect, iterate=iterate)
