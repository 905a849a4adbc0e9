"""Reads requests to chat completions and Responses; pure functions of the body.

Both are read as one list of items: who said what. Items have no lasting names, so a message is known by its place: how
many come before it, what it answers, and what it says. The same history sent again is the same place.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from eider.api.client_turns import ToolText, Turn
from eider.api.tools import TOOLS

Body = Mapping[str, Any]
_OWN_DESCRIPTIONS: Final = frozenset(tool.description for tool in TOOLS.values())
_WORDS: Final = ("text", "input_text", "output_text", "refusal")
"""Kinds of parts that are words."""
_HOST_CALLS: Final = ("function_call", "custom_tool_call")
"""Calls that the host answers; other calls were answered by the server, from the web, files or other servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing in a conversation."""

    who: Literal["user", "agent", "tool", "document", "call", "server", "other"]
    text: str = ""
    call: str = ""
    """Id of the call of a tool that it is, or answers."""
    name: str = ""
    """Of the tool that is called, or of who speaks."""


def items_of(body: Body) -> list[Item]:
    """The conversation that a request brings, oldest first."""
    given = body.get("messages") if "messages" in body else body.get("input")
    if isinstance(given, str):
        return [Item(who="user", text=given)]
    return [item for one in given or () for item in _items(plain(one))]


def turn_of(items: Sequence[Item], body: Body, names: Collection[str], opening: str = "") -> Turn | None:
    """The turn a request belongs to; None when nobody has said anything.

    Args:
        items: The conversation as far as it is known.
        body: The request.
        names: Names under which the user speaks; what comes under another is another agent's.
        opening: Names what only the server knows of the conversation.
    """
    at = _last_index(items, len(items), "user", names)
    if at is None:
        return None
    before = _last_index(items, at, "agent", ())
    place = _place(items, at, before, opening)
    # Names of the tools in a request that are memory's own
    found: set[str] = set()
    for tool in map(plain, body.get("tools") or ()):
        about = plain(tool.get("function")) if "function" in tool else tool
        if about.get("description") in _OWN_DESCRIPTIONS:
            found.add(str(about.get("name")))
    own_tools = frozenset(found)
    met, tainted = _tool_texts(items, at, place, own_tools, names)
    unknown = before is None and bool(opening)
    return Turn(
        prompt=items[at].text, place=place, answering=None if unknown else "" if before is None else items[before].text,
        answering_place=None if before is None else _answer_name(items, before, names, opening),
        said=_answer_name(items, len(items), names, opening), met=met, tainted=tainted,
    )  # fmt: skip


def system_text(body: Body) -> str:
    """What the instructions say already."""
    if "messages" not in body:
        return str(body.get("instructions") or "")
    return "\n".join(_text(m.get("content")) for m in map(plain, body["messages"]) if m.get("role") in _SYSTEM)


def with_system(body: Body, texts: Sequence[str]) -> dict[str, Any]:
    """A copy of a body whose instructions say more, last: what comes before stays the same bytes."""
    more = "\n\n".join(texts)
    if "messages" not in body:
        return {**body, "instructions": "\n\n".join(filter(None, (body.get("instructions"), more)))}
    messages = list(body["messages"])
    first = next((i for i, m in enumerate(messages) if plain(m).get("role") not in _SYSTEM), len(messages))
    if not first:
        return {**body, "messages": [{"role": "system", "content": more}, *messages]}
    last = {**plain(messages[first - 1])}
    content = last.get("content") or ""
    last["content"] = f"{content}\n\n{more}" if isinstance(content, str) else [*content, {"type": "text", "text": more}]
    return {**body, "messages": [*messages[: first - 1], last, *messages[first:]]}


_SYSTEM: Final = ("system", "developer")


def answer_of(answer: Any) -> tuple[str, bool]:
    """The agent's words in an answer, and whether the server's own tools had a part in them."""
    choices = getattr(answer, "choices", None)
    if isinstance(choices, list):
        message = getattr(choices[0], "message", None) if choices else None
        return str(getattr(message, "content", None) or ""), False
    output = getattr(answer, "output", None)
    items = [item for one in output for item in _items(plain(one))] if isinstance(output, list) else []
    return "\n".join(i.text for i in items if i.who == "agent" and i.text), any(i.who == "server" for i in items)


def plain(one: Any) -> Mapping[str, Any]:
    """An item as a mapping, whether it was written by hand or comes from an answer."""
    if isinstance(one, Mapping):
        return one
    return one.model_dump(exclude_none=True, warnings=False) if hasattr(one, "model_dump") else {}


# ----------------------------------------------------------------------


def _items(one: Mapping[str, Any]) -> Iterator[Item]:
    role, kind = one.get("role"), str(one.get("type") or "message")
    if role == "tool" or kind.endswith("_call_output"):
        host = role == "tool" or kind.removesuffix("_output") in _HOST_CALLS
        said = one.get("output") if role != "tool" else one.get("content")
        call = str(one.get("call_id") or one.get("tool_call_id") or "")
        yield Item(who="tool" if host else "server", text=_text(said), call=call)
    elif role is not None:
        who: Any = {"user": "user", "assistant": "agent"}.get(role, "other")
        yield Item(who=who, text=_text(one.get("content")).strip(), name=str(one.get("name") or ""))
        for call in one.get("tool_calls") or ():
            inner = plain(call)
            yield Item(
                who="call", call=str(inner.get("id", "")), name=str(plain(inner.get("function")).get("name", ""))
            )
    elif kind in _HOST_CALLS:
        yield Item(who="call", call=str(one.get("call_id", "")), name=str(one.get("name", "")))
    elif kind.endswith("_call"):
        yield Item(who="server")


def _text(content: Any) -> str:
    """The words of a content; pictures, files and recordings are none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)):
        return ""
    parts = map(plain, content)
    return "\n".join(str(p.get("text") or p.get("refusal") or "") for p in parts if p.get("type") in _WORDS)


def _last_index(items: Sequence[Item], end: int, who: str, names: Collection[str]) -> int | None:
    """Where somebody spoke last before a place."""
    return next(
        (i for i in range(end - 1, -1, -1) if items[i].who == who and items[i].text and _is_named(items[i], names)),
        None,
    )


def _is_named(item: Item, names: Collection[str]) -> bool:
    """Whether an item of the user's bears no other's name."""
    return item.who != "user" or not item.name or item.name.casefold() in names


def _place(items: Sequence[Item], at: int, before: int | None, opening: str) -> str:
    said = "" if before is None else items[before].text
    spoken = sum(item.who in ("user", "agent") for item in items[:at])
    return sha256(json.dumps([spoken, said, items[at].text, opening]).encode()).hexdigest()[:32]


def _answer_name(items: Sequence[Item], at: int, names: Collection[str], opening: str) -> str:
    """The name of what the agent says at a place: the user's message before it, and how many answers after."""
    spoken = _last_index(items, at, "user", names)
    if spoken is None:
        return f"opening:{opening}:{at}"
    steps = sum(item.who == "agent" and bool(item.text) for item in items[spoken:at])
    return f"{_place(items, spoken, _last_index(items, spoken, 'agent', ()), opening)}:{steps}"


def _tool_texts(
    items: Sequence[Item], at: int, place: str, ours: Collection[str], names: Collection[str]
) -> tuple[tuple[ToolText, ...], bool]:
    """What tools, and agents under names of their own, said since the user spoke; of memory's tools only their trust."""
    found: list[ToolText] = []
    called = {item.call: item.name for item in items if item.who == "call"}
    tainted = False
    for number, item in enumerate(items[at + 1 :]):
        if item.who == "server":
            tainted = True
        elif item.who == "tool" and called.get(item.call) in ours:
            tainted = tainted or _is_doubtful(item.text)
        elif item.text and (item.who == "tool" or not _is_named(item, names)):
            found.append(ToolText(text=item.text, source="tool", place=f"{place}:tool:{item.call or number}"))
    return tuple(found), tainted


def _is_doubtful(answer: str) -> bool:
    """Whether an answer of memory's own tools shows something that nobody vouches for."""
    try:
        results = json.loads(answer).get("results", ())
    except (ValueError, AttributeError):
        return False
    return any(result.get("trust") == 0 for result in results)
