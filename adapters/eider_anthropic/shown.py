"""Formats files for Claude as Anthropic's own implementation does: numbered lines, snippets, listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_WIDTH: Final = 6
"""Columns of a line number."""
_AROUND: Final = 2
"""Lines shown around a change."""
_DEPTH: Final = 2
_UNITS: Final = "BKMG"


def occurrences(content: str, old: str) -> list[int]:
    """Where a text begins, overlaps included; an empty text is nowhere."""
    places: list[int] = []
    at = content.find(old) if old else -1
    while at >= 0:
        places.append(at)
        at = content.find(old, at + 1)
    return places


def numbered_lines(path: str, content: str, span: Sequence[int] | None) -> str:
    """A file, or the lines from one to another; -1 is the last."""
    lines, start = content.split("\n"), 1
    if span and len(span) == 2:  # noqa: PLR2004 (from, to)
        start = max(1, span[0])
        lines = lines[start - 1 : len(lines) if span[1] == -1 else span[1]]
    return f"Here's the content of {path} with line numbers:\n" + _number_rows(lines, start)


def _number_rows(lines: Sequence[str], start: int) -> str:
    return "\n".join(f"{str(number).rjust(_WIDTH)}\t{line}" for number, line in enumerate(lines, start))


def snippet(content: str, changed: int) -> str:
    """The lines around a change."""
    lines = content.split("\n")
    first = max(0, changed - _AROUND)
    return _number_rows(lines[first : min(len(lines), changed + _AROUND + 1)], first + 1)


def listing(path: str, place: str, files: Mapping[str, str]) -> str:
    """Two levels, sizes first; what is hidden stays hidden. A directory weighs what is in it."""
    sizes: dict[str, int] = {"": 0}
    for name, content in files.items():
        if not name.startswith(f"{place}/"):
            continue
        parts, weight = name[len(place) + 1 :].split("/"), len(content.encode())
        sizes[""] += weight
        if any(part.startswith(".") for part in parts[:_DEPTH]):
            continue
        for depth in range(1, min(len(parts), _DEPTH) + 1):
            shown = "/".join(parts[:depth]) + ("/" if depth < len(parts) else "")
            sizes[shown] = sizes.get(shown, 0) + weight
    order = sorted((name for name in sizes if name), key=lambda name: name.rstrip("/").split("/"))
    rows = [f"{size_text(sizes[''])}\t{path}", *(f"{size_text(sizes[name])}\t{path}/{name}" for name in order)]
    header = f"Here're the files and directories up to 2 levels deep in {path}, excluding hidden items:"
    return "\n".join([header, *rows])


def size_text(count: int) -> str:
    """Bytes as a person reads them.

    >>> size_text(0), size_text(512), size_text(1536), size_text(2048)
    ('0B', '512B', '1.5K', '2K')
    """
    if not count:
        return "0B"
    step = min((count.bit_length() - 1) // 10, len(_UNITS) - 1)
    shown = count / 1024**step
    return f"{int(shown)}{_UNITS[step]}" if shown == int(shown) else f"{shown:.1f}{_UNITS[step]}"
