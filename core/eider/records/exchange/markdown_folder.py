"""A directory of Markdown that a person reads and edits: one file for each scope and kind of statement.

Each statement is a list item; a line in backquotes below it holds its id, dates and source. What was changed there is
found by `read_folder`, which `eider.api.markdown_edits` turns into a plan.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, Final, cast

from eider.model.errors import InputError
from eider.model.values import KINDS, Memory
from eider.model.visible_text import visible_lines, visible_text
from eider.records.exchange.files import json_line, new_private_file, replacing
from eider.records.exchange.markdown import utterances
from eider.store.protocols import Snapshot

INDEX: Final = "eider.json"
"""Names what was exported, so that what is missing is known to be deleted."""
_CLOSED: Final = "closed.md"
_SAID: Final = "conversations.md"
_HEAD: Final = re.compile(r"^<!-- eider (\{.*\}) -->$")
_ABOUT: Final = re.compile(r"^`(mem_[0-9a-z]{26})\b[^`]*`$")
_QUOTED: Final = re.compile(r"^\\(?=\\*`mem_)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement as it stands in a file."""

    id: str | None
    """None for one that somebody added."""
    text: str
    """In the form of `plain`."""
    scope: str
    kind: str
    place: str
    """File and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What an exported directory holds by now."""

    user: str
    exported: dict[str, str]
    """Id → digest of the text that was written."""
    statements: tuple[Statement, ...]
    refused: tuple[str, ...]
    """Places that cannot be read, each with the reason."""


def write_folder(path: Path, header: dict[str, Any], rows: Snapshot, now: datetime) -> int:
    """Write the directory; returns how many statements and utterances it holds.

    Raises:
        InputError: The path holds something else.
    """
    if path.is_dir() and any(path.iterdir()) and not (path / INDEX).exists():
        raise InputError(f"{str(path)!r} holds something else than an export; name an empty or new directory.")
    latest = [m for m in rows.memories() if m.retired_at is None and m.state != "erased"]
    latest.sort(key=lambda m: (m.scope, m.kind, -m.importance, m.valid_from, m.id))
    current = [m for m in latest if m.status(now) == "current"]
    closed = sorted((m for m in latest if m.status(now) != "current"), key=lambda m: (m.valid_to or now, m.id))
    with replacing(path) as beside:
        beside.mkdir(0o700)
        for number, ((scope, kind), group) in enumerate(groupby(current, key=lambda m: (m.scope, m.kind))):
            head = json.dumps({"scope": scope, "kind": kind}, ensure_ascii=False)
            lines = [
                f"<!-- eider {head} -->",
                f"# {visible_text(scope)} · {kind}",
                "",
                *(x for m in group for x in _item(m, now)),
            ]
            _write(beside / f"{_file_name(scope)}.{kind}.{number}.md", lines)
        if closed:
            lines = ["# Closed", "", "What no longer holds. Changes here are not read back.", ""]
            _write(beside / _CLOSED, [*lines, *(x for m in closed for x in _item(m, now))])
        said = [line for lines in utterances(rows) for line in lines]
        if said:
            _write(beside / _SAID, ["# Conversations", "", "Word for word. Changes here are not read back.", *said])
        index = {
            "eider-markdown": 1, "user": header["user"], "exported_at": header["exported_at"],
            "memories": {m.id: digest(plain(m.text)) for m in current},
        }  # fmt: skip
        _write(beside / INDEX, [json_line(index)])
    return len(latest) + sum(line.startswith("- ") for line in said)


def _write(path: Path, lines: list[str]) -> None:
    with new_private_file(path) as file:
        file.writelines(f"{line}\n".encode() for line in lines)


def _file_name(scope: str) -> str:
    return re.sub(r"[^\w.-]+", "-", scope).strip(".-")[:80] or "scope"


def plain(text: str) -> str:
    r"""Return a text as it is shown in a file: what a reader cannot see is marked, and no line begins or ends blank.

    >>> plain("  one \n\n   two\n")
    'one\n\ntwo'
    """
    return "\n".join(line.strip() for line in visible_lines(text).strip().split("\n"))


def digest(text: str) -> str:
    """Return a short digest of a shown text."""
    return sha256(text.encode()).hexdigest()[:16]


def _item(m: Memory, now: datetime) -> Iterator[str]:
    lines = [f"\\{line}" if _ABOUT.match(line) or _QUOTED.match(line) else line for line in plain(m.text).split("\n")]
    yield f"- {lines[0]}"
    yield from (f"  {line}".rstrip() for line in lines[1:])
    until = f" to {m.valid_to:%Y-%m-%d}" if m.valid_to else ""
    marks = [f"since {m.valid_from:%Y-%m-%d}{until}", f"importance {m.importance}", f"from {m.origin}"]
    marks += ["pinned"] if m.pinned else []
    marks += [m.status(now)] if m.status(now) != "current" else []
    yield f"  `{m.id} · {' · '.join(marks)}`"


def read_folder(path: Path) -> Folder:
    """Read what an exported directory holds by now.

    Raises:
        InputError: It is no such directory, or its index is damaged.
    """
    try:
        index = json.loads((path / INDEX).read_text(encoding="utf-8"))
        exported = {str(i): str(d) for i, d in index["memories"].items()}
        user = str(index["user"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{str(path / INDEX)!r} cannot be read; export again with format='markdown'.") from error
    statements: list[Statement] = []
    refused: list[str] = []
    for file in sorted(path.glob("*.md")):
        if file.name not in (_CLOSED, _SAID):
            _read_file(file, statements, refused)
    return Folder(user=user, exported=exported, statements=tuple(statements), refused=tuple(refused))


def _read_file(file: Path, statements: list[Statement], refused: list[str]) -> None:
    try:
        lines = file.read_bytes().decode().replace("\r\n", "\n").split("\n")
        head = _HEAD.match(lines[0].lstrip("\ufeff"))
        about: Any = json.loads(head[1]) if head else {}
        scope, kind = str(about["scope"]), str(about["kind"])
    except (OSError, ValueError, KeyError, TypeError):
        refused.append(f"{file.name}: its first line does not say scope and kind; keep the line that export wrote.")
        return
    if kind not in KINDS:
        refused.append(f"{file.name}: kind {kind!r} is unknown.")
        return
    for number, id_, text in _items(lines):
        place = f"{file.name} line {number}"
        if not text:
            refused.append(f"{place}: nothing is said there; take the line with its id away as well to forget it.")
        statements.append(Statement(id=id_, text=text, scope=scope, kind=kind, place=place))


def _items(lines: list[str]) -> Iterator[tuple[int, str | None, str]]:
    """Yield line, id and text of each list item."""
    begun, parts = 0, cast("list[str]", [])
    for number, line in enumerate([*lines[1:], "# end"], 2):
        about = _ABOUT.match(line.strip()) if line.startswith((" ", "\t", "`")) else None
        if about:
            yield begun or number, about[1], _text(parts)
            begun, parts = 0, []
        elif line.startswith(("- ", "* ", "#")) or line in ("-", "*"):
            if begun and _text(parts):
                yield begun, None, _text(parts)
            begun, parts = (0, []) if line.startswith("#") else (number, [line[1:]])
        elif begun:
            parts.append(line)


def _text(parts: list[str]) -> str:
    return plain("\n".join(_QUOTED.sub("", part.strip()) for part in parts))
