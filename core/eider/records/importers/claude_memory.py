"""Claude Code's own memory: a directory with MEMORY.md and a file for each topic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from eider.model.errors import InputError
from eider.model.project_scope import project_scope
from eider.records.importers.markdown import front_matter, passages
from eider.records.importers.source import Found, Importer, Skipped, Wanted, statement

_INDEX: Final = "MEMORY.md"
_KINDS: Final = {"feedback": "rule", "user": "fact", "project": "fact", "reference": "fact"}
"""Claude Code's types of memories."""
_LINK: Final = re.compile(r"^\**\[[^\]]+\]\(([^)]+\.md)\)")
_LINES: Final = 50
"""Lines of a transcript in which its directory is looked for."""


def detect(path: Path) -> bool:
    """Whether it is such a directory, or its index."""
    return (path / _INDEX).is_file() if path.is_dir() else path.name == _INDEX


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield the items and paragraphs of all its files; lines of the index that name a file are skipped."""
    folder = path if path.is_dir() else path.parent
    scope = wanted.scope or _scope(folder)
    for file in sorted(folder.rglob("*.md")):
        name = str(file.relative_to(folder))
        try:
            values, body, lines = front_matter(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            yield name, InputError(f"cannot be read ({type(error).__name__}); save it as UTF-8.")
            continue
        kind = _KINDS.get(str(values.get("type") or values.get("metadata.type") or ""), "fact")
        for passage in passages(body, lines + 1):
            at = f"{name} line {passage.line}"
            link = _LINK.match(passage.text)
            if link and (file.parent / link[1]).is_file():
                yield at, Skipped("lines of the index that name a file")
            else:
                yield at, passage.skipped() or statement(passage.under_heading(), kind=kind, scope=scope)


def _scope(folder: Path) -> str:
    """Return the project that the memory is of: what the transcripts beside it say, else its directory's name."""
    if folder.parent.name == "agent-memory":
        return f"role:{folder.name}"
    for transcript in sorted(folder.parent.glob("*.jsonl")):
        with suppress(OSError, ValueError), transcript.open(encoding="utf-8") as lines:
            for line, _ in zip(lines, range(_LINES), strict=False):
                said = json.loads(line)
                if isinstance(said, dict) and isinstance(cwd := said.get("cwd"), str):
                    return project_scope(cwd)
    return (
        f"project:{folder.parent.name.strip('-').lower()[-200:]}" if folder.name == "memory" else project_scope(folder)
    )


IMPORTER: Final = Importer(name="claude-memory", title="Claude Code memory directory", detect=detect, iterate=iterate)
