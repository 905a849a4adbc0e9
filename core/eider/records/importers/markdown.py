"""Reads Markdown that people and agents write for agents: front matter, headings, lists and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from eider.records.importers.source import Skipped

_HEADING: Final = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_ITEM: Final = re.compile(r"^(\s*)(?:[-*+•]|\d{1,3}[.)])\s+(.*)$")
_FENCE: Final = re.compile(r"^\s*(`{3,}|~{3,})")
_COMMENT: Final = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_LONE_MARK: Final = re.compile(r"^\s*([-*_=]\s*){3,}$")
Kind = Literal["item", "paragraph", "lead", "code", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One list item or paragraph."""

    kind: Kind
    text: str
    """On one line, without the mark of the list; an item below one that ends in a colon begins with that."""
    heading: str
    """The nearest heading above it, unless that is the title of the document."""
    line: int
    """From 1."""

    def skipped(self) -> Skipped | None:
        """Return why it is no statement; None where it is one."""
        reasons = {"code": "blocks of code", "table": "tables", "lead": "lines that only introduce a list"}
        return Skipped(reasons[self.kind]) if self.kind in reasons else None

    def under_heading(self) -> str:
        """Return the text so that it is understood alone."""
        return f"{self.heading}: {self.text}" if self.heading else self.text


def front_matter(text: str) -> tuple[dict[str, str | list[str]], str, int]:
    r"""Return the values of a block of `name: value` between two lines of dashes, the text after it, and its lines.

    >>> front_matter("---\ntags: [a, b]\ntype: note\n---\nHello")[:2]
    ({'tags': ['a', 'b'], 'type': 'note'}, 'Hello')
    """
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[0].strip() != "---":
        return {}, "\n".join(lines), 0
    end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() in ("---", "...")), None)
    if end is None:
        return {}, "\n".join(lines), 0
    found: dict[str, str | list[str]] = {}
    name = ""
    for line in lines[1:end]:
        item = _ITEM.match(line)
        if item and name:
            held = found[name]
            found[name] = [*(held if isinstance(held, list) else []), item[2].strip().strip("'\"")]
        elif ":" in line and not line.startswith((" ", "\t", "#")):
            name, _, value = (part.strip() for part in line.partition(":"))
            listed = value.startswith("[") and value.endswith("]")
            parts = [p.strip().strip("'\"") for p in value[1:-1].split(",") if p.strip()]
            found[name] = parts if listed else value.strip("'\"")
    return found, "\n".join(lines[end + 1 :]), end + 1


def passages(text: str, first_line: int = 1) -> Iterator[Passage]:
    """Yield the list items and paragraphs of a text; blocks of code and tables are yielded as what they are."""
    plain = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    reading = _Reading()
    fence = ""
    for number, line in enumerate(plain.split("\n"), first_line):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not line.strip(" `~") else fence
        elif mark:
            yield from reading.end()
            fence = mark[1][:3]
            yield Passage(kind="code", text="", heading=reading.heading, line=number)
        else:
            yield from reading.add(line, number)
    yield from reading.end()


class _Reading:
    """What was read of the passage that is under way."""

    def __init__(self) -> None:
        self.heading = ""
        self._kind: Kind = "paragraph"
        self._parts: list[str] = []
        self._line = 0
        self._parents: list[tuple[int, str]] = []
        self._indent = 0

    def add(self, line: str, number: int) -> Iterator[Passage]:
        item, heading = _ITEM.match(line), _HEADING.match(line)
        if heading:
            yield from self.end()
            self._parents.clear()
            self.heading = "" if len(heading[1]) == 1 else heading[2].strip(" *_:")
        elif not line.strip() or _LONE_MARK.match(line):
            yield from self.end()
        elif item:
            yield from self.end()
            self._indent = len(item[1].expandtabs(4))
            while self._parents and self._parents[-1][0] >= self._indent:
                self._parents.pop()
            self._kind, self._parts, self._line = "item", [item[2]], number
        elif line.lstrip().startswith("|"):
            if self._kind != "table" or not self._parts:
                yield from self.end()
                self._kind, self._line = "table", number
            self._parts.append(line.strip())
        else:
            if not self._parts:
                self._kind, self._line = "paragraph", number
                self._parents = [] if not line.startswith((" ", "\t")) else self._parents
            self._parts.append(line.strip())

    def end(self) -> Iterator[Passage]:
        text = " ".join(part.strip() for part in self._parts).strip()
        self._parts = []
        if not text:
            return
        parents = " ".join(said for _, said in self._parents if said.endswith(":"))
        whole = f"{parents} {text}".strip() if self._kind == "item" else text
        if self._kind == "item":
            self._parents.append((self._indent, text))
        if self._kind in ("item", "paragraph") and text.endswith(":"):
            self._parents = [(-1, text)] if self._kind == "paragraph" else self._parents
            self._kind = "lead"  # what follows begins with it
        yield Passage(kind=self._kind, text=whole, heading=self.heading, line=self._line)
