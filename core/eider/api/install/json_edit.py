"""Edits JSON as text: members are added and removed without changing any other byte."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from json.decoder import JSONDecodeError, scanstring  # pyright: ignore[reportAttributeAccessIssue]
from typing import Any, Final

Path = Sequence[str | int]
"""Keys and places that lead to a value, from the root."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SCALAR: Final = re.compile(r"[^\s,\]}]+")
_UNIT: Final = "  "
"""Indent of a document that shows none."""
_BOM: Final = "\ufeff"


class JsonTextError(ValueError):
    """The text is not JSON, or lacks the shape an edit needs; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A value's position in the text."""

    start: int
    end: int
    opens: str = ""
    """`{` or `[`; empty for what holds nothing."""
    items: tuple[_Member, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A member of an object or element of an array."""

    key: str | int
    start: int
    """Of the key, where there is one."""
    node: _Node


class JsonText:
    r"""One JSON document whose values can be changed without touching any other byte.

    >>> text = JsonText('{"hooks": {"Stop": []},\n "theme": "dark"}')
    >>> print(text.append(["hooks", "Stop"], 7).remove(["theme"]))
    {"hooks": {"Stop": [7]}}
    """

    def __init__(self, text: str) -> None:
        """Read a document; an empty one is an empty object.

        Raises:
            JsonTextError: It is not JSON; the message says where.
        """
        self.text = text
        self._lead = _BOM if text.startswith(_BOM) else ""
        body = text.removeprefix(_BOM)
        self._body = body if body.strip() else "{}" + (body or "\n")
        self.value = _parse_json(self._body)
        try:
            self._root = _scan_value(self._body, _SPACE.match(self._body, 0).end())  # pyright: ignore[reportOptionalMemberAccess]
        except RecursionError:
            raise JsonTextError("it is nested too deeply") from None
        self._line = "\r\n" if "\r\n" in self._body else "\n"

    def __str__(self) -> str:
        return self.text

    def add_member(self, path: Path, key: str, value: Any) -> JsonText:
        """Add a member at the end of the object at `path`, which must not have that key.

        Raises:
            JsonTextError: There is no object at `path`, or it has the key.
        """
        *above, found = self._nodes_to(path)
        if found.opens != "{":
            raise JsonTextError(f"{_path_text(path)} is no object")
        if any(item.key == key for item in found.items):
            raise JsonTextError(f"{_path_text(path)} has {key!r} already")
        return self._insert(above, found, json.dumps(key, ensure_ascii=False), value)

    def append(self, path: Path, value: Any) -> JsonText:
        """Add an element at the end of the array at `path`.

        Raises:
            JsonTextError: There is no array at `path`.
        """
        *above, found = self._nodes_to(path)
        if found.opens != "[":
            raise JsonTextError(f"{_path_text(path)} is no list")
        return self._insert(above, found, "", value)

    def remove(self, path: Path) -> JsonText:
        """Remove the member or element at `path`, with its comma and line.

        Raises:
            JsonTextError: There is nothing at `path`.
        """
        holder, last = self._nodes_to(path[:-1])[-1], path[-1]
        places = [i for i, item in enumerate(holder.items) if item.key == last]
        if not places:
            raise JsonTextError(f"there is no {_path_text(path)}")
        place, items = places[-1], holder.items
        if len(items) == 1:
            return self._cut(holder.start + 1, holder.end - 1)
        if place + 1 < len(items):
            return self._cut(items[place].start, items[place + 1].start)
        return self._cut(items[place - 1].node.end, items[place].node.end)

    def _cut(self, start: int, end: int, fill: str = "") -> JsonText:
        return JsonText(self._lead + self._body[:start] + fill + self._body[end:])

    def _nodes_to(self, path: Path) -> list[_Node]:
        """Return all nodes from the root to the one at `path`."""
        way = [self._root]
        for step in path:
            matching = [item.node for item in way[-1].items if item.key == step]
            if not matching:
                raise JsonTextError(f"there is no {_path_text(path)}")
            way.append(matching[-1])  # of members with one key the last one counts
        return way

    def _insert(self, above: Sequence[_Node], holder: _Node, key: str, value: Any) -> JsonText:
        if holder.items:
            first, last = holder.items[0], holder.items[-1].node.end
            lead = self._body[holder.start + 1 : first.start]
            if "\n" in lead:
                indent = lead.rpartition("\n")[2]
                return self._cut(last, last, f",{self._line}{indent}{self._member_text(key, value, indent)}")
            gap = self._body[holder.items[-2].node.end : holder.items[-1].start] if len(holder.items) > 1 else ""
            gap = gap if gap.strip() == "," and "\n" not in gap else self._separators()[0]
            return self._cut(last, last, f"{gap}{self._member_text(key, value, None)}")
        if any((bool(node.items) and "\n" not in self._body[node.start : node.items[0].start]) for node in above):
            return self._cut(holder.start + 1, holder.end - 1, self._member_text(key, value, None))
        outer = _indent_at(self._body, holder.start)
        indent = outer + self._indent_unit()
        inside = f"{self._line}{indent}{self._member_text(key, value, indent)}{self._line}{outer}"
        return self._cut(holder.start + 1, holder.end - 1, inside)

    def _member_text(self, key: str, value: Any, indent: str | None) -> str:
        """Return a member's text: on one line (None), or indented over several."""
        comma, colon = self._separators()
        if indent is None:
            text = json.dumps(value, ensure_ascii=False, separators=(comma, colon))
        else:
            colon = ": "
            text = json.dumps(value, ensure_ascii=False, indent=self._indent_unit())
            text = text.replace("\n", f"{self._line}{indent}")
        return f"{key}{colon}{text}" if key else text

    def _separators(self) -> tuple[str, str]:
        """Return the separators used where everything is on one line."""
        between = [(a.node.end, b.start) for a, b in zip(self._root.items, self._root.items[1:], strict=False)]
        tight = any(self._body[start:end] == "," for start, end in between) or any(
            self._body[item.start : item.node.start].endswith(":") for item in self._root.items
        )
        return (",", ":") if tight else (", ", ": ")

    def _indent_unit(self) -> str:
        """Return the indent of one level."""
        for item in self._root.items:
            if indent := _indent_at(self._body, item.start):
                return indent
        return _UNIT


def _parse_json(text: str) -> Any:
    def refuse(word: str) -> Any:
        raise JsonTextError(f"it holds {word}, which JSON has not")

    try:
        return json.loads(text, parse_constant=refuse)
    except JSONDecodeError as error:
        comment = text[error.pos : error.pos + 2] in ("//", "/*") or text[error.pos : error.pos + 1] == "#"
        why = "a comment, which JSON has not" if comment else error.msg
        raise JsonTextError(f"line {error.lineno}, column {error.colno}: {why}") from None
    except RecursionError:
        raise JsonTextError("it is nested too deeply") from None
    except JsonTextError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise JsonTextError(str(error)) from None


def _scan_value(text: str, start: int) -> _Node:
    """Return the positions of a value and all within it; the text must be valid JSON."""
    opens = text[start]
    if opens == '"':
        return _Node(start=start, end=_scan_string(text, start)[1])
    if opens not in "{[":
        found = _SCALAR.match(text, start)
        return _Node(start=start, end=found.end() if found else start)
    items: list[_Member] = []
    at = _skip_space(text, start + 1)
    while text[at] not in "}]":
        begins, key = at, len(items)
        if opens == "{":
            key, at = _scan_string(text, at)
            at = _skip_space(text, _skip_space(text, at) + 1)
        node = _scan_value(text, at)
        items.append(_Member(key=key, start=begins, node=node))
        at = _skip_space(text, node.end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return _Node(start=start, end=at + 1, opens=opens, items=tuple(items))


def _scan_string(text: str, start: int) -> tuple[str, int]:
    return scanstring(text, start + 1, True)


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _indent_at(text: str, place: int) -> str:
    """Return the white space at the start of a line."""
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _path_text(path: Path) -> str:
    """Return a path as text.

    >>> _path_text(["hooks", "Stop", 0])
    'hooks.Stop[0]'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the document"
