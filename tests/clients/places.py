"""Where a text stands in a request that a model got."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stub_script import strings
from stub_wire import Json


def where_is(request: Json, text: str) -> list[str]:
    """Each place that holds the text: `system[1].text`, `messages[2].user[0].text`, `input[0].user`."""
    body = request.get("body") or {}
    found = [place for key in ("system", "instructions") for place in _inside(body.get(key), text, key)]
    for key in ("messages", "input"):
        given = body.get(key) or []
        if isinstance(given, str):
            found += _inside(given, text, key)
            continue
        for at, one in enumerate(given):
            role = one.get("role", one.get("type", "?"))
            found += _inside(one.get("content", one), text, f"{key}[{at}].{role}")
    return found


def how_often(request: Json, text: str) -> int:
    """How many times the model reads a text: a place may hold it twice."""
    body = request.get("body") or {}
    told = [body.get(key) for key in ("system", "instructions", "messages", "input")]
    return sum(string.count(text) for string in strings(told))


def _inside(value: Any, text: str, place: str) -> Iterator[str]:
    if isinstance(value, str):
        if text in value:
            yield place
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _inside(one, text, f"{place}[{at}]")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _inside(one, text, f"{place}.{key}")


def session_of(request: Json) -> str:
    """The client's session that sent a request; "" when it does not say."""
    return str(request["headers"].get("x-claude-code-session-id", ""))


def read(request: Json, place: str) -> str:
    """The text at a place that `where_is` has named."""
    found: Any = request["body"]
    for step in re.findall(r"\w+", place):
        if isinstance(found, list):
            found = found[int(step)]
        elif "role" in found:
            found = found["content"]  # the step names the role
        else:
            found = found[step]
    return str(found)
