"""Reads requests to the Messages API; pure functions of the body.

The API is stateless and names no message, so a message is known by its place: how many come before it, what it
answers, and what it says. The same history sent again, by a retry or within a loop of tools, is the same place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from eider.api.client_turns import ToolText, Turn
from eider.api.tools import TOOLS

Body = Mapping[str, Any]
Messages = Sequence[Mapping[str, Any]]
MEMORY_TOOL: Final = "memory_20250818"
_OWN_DESCRIPTIONS: Final = frozenset(tool.description for tool in TOOLS.values())
_FROM_OUTSIDE: Final = ("_tool_result", "search_result")
"""How the kinds of blocks end in which a server's tools say something."""


def turn_of(body: Body) -> Turn | None:
    """The turn a request belongs to; None when nobody has said anything."""
    messages = _messages(body)
    at = _last_user_index(messages)
    if at is None:
        return None
    place, before = _place_of(messages, at), _last_agent_index(messages, at)
    tools = [tool for tool in body.get("tools") or () if isinstance(tool, Mapping)]
    ours = frozenset(
        tool["name"] for tool in tools
        if tool.get("type") == MEMORY_TOOL or tool.get("description") in _OWN_DESCRIPTIONS
    )  # fmt: skip
    met, tainted = _tool_texts(messages, at, place, ours)
    return Turn(
        prompt=_message_text(messages[at]), place=place,
        answering="" if before is None else _message_text(messages[before]),
        answering_place=None if before is None else _answer_name(messages, before),
        said=_answer_name(messages, len(messages)), met=met, tainted=tainted,
    )  # fmt: skip


def previous_message(body: Body) -> str | None:
    """The id of the message that a request goes on from, where the server keeps the conversation."""
    thread = body.get("thread")
    found = thread.get("previous_message_id") if isinstance(thread, Mapping) else None
    return found if isinstance(found, str) else None


def full_request(body: Body, before: Body | None) -> dict[str, Any]:
    """A request with what the server keeps of its conversation, as far as it is known here."""
    if before is None:  # what was said before is unknown: its id alone tells this place from others
        opening = {"role": "assistant", "content": [{"type": "thread", "id": previous_message(body)}]}
        return {**body, "messages": [opening, *_messages(body)]}
    return {"tools": before.get("tools"), **body, "messages": [*_messages(before), *_messages(body)]}


def with_answer(body: Body, blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A request with the answer to it."""
    return {**body, "messages": [*_messages(body), {"role": "assistant", "content": list(blocks)}]}


def text_of(content: Any) -> str:
    """The words of a message's content, as sent or as received."""
    if isinstance(content, str):
        return content
    return "\n".join(
        text for block in _blocks(content) if block.get("type") == "text" and (text := block.get("text"))
    )  # fmt: skip


def is_from_outside(kind: str) -> bool:
    """Whether a block of a response carries what the web, a file or another server said."""
    return kind.endswith(_FROM_OUTSIDE)


def system_text(body: Body) -> str:
    """What the system prompt says already."""
    return text_of(body.get("system") or "")


def with_system(body: Body, texts: Sequence[str]) -> dict[str, Any]:
    """A copy of a body whose system prompt says more, last: what the host may have cached stays as it was."""
    given = body.get("system") or ()
    first = [{"type": "text", "text": given}] if isinstance(given, str) else list(given)
    return {**body, "system": [*first, *({"type": "text", "text": text} for text in texts)]}


# ----------------------------------------------------------------------


def _messages(body: Body) -> list[Mapping[str, Any]]:
    return [one for one in body.get("messages") or () if isinstance(one, Mapping)]


def _last_user_index(messages: Messages) -> int | None:
    """Where the user spoke last; results of tools are no speech."""
    return next(
        (i for i in range(len(messages) - 1, -1, -1) if messages[i].get("role") == "user" and _message_text(messages[i])), None
    )  # fmt: skip


def _last_agent_index(messages: Messages, at: int) -> int | None:
    """Where the agent spoke last before a place."""
    return next(
        (i for i in range(at - 1, -1, -1) if messages[i].get("role") == "assistant" and _message_text(messages[i])), None
    )  # fmt: skip


def _place_of(messages: Messages, at: int) -> str:
    before = _last_agent_index(messages, at)
    said = "" if before is None else _message_text(messages[before])
    thread = [block.get("id") for block in _blocks(messages[0].get("content")) if block.get("type") == "thread"]
    return sha256(json.dumps([at, said, _message_text(messages[at]), thread]).encode()).hexdigest()[:32]


def _answer_name(messages: Messages, at: int) -> str:
    """The name of what the agent says at a place: the user's message before it, and how many steps after."""
    spoken = _last_user_index(messages[:at])
    if spoken is None:
        return f"opening:{at}"
    steps = sum(message.get("role") == "assistant" for message in messages[spoken:at])
    return f"{_place_of(messages, spoken)}:{steps}"


def _message_text(message: Mapping[str, Any]) -> str:
    return text_of(message.get("content")).strip()


def _blocks(content: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(content, Sequence) or isinstance(content, str):
        return
    for block in content:
        if isinstance(block, Mapping):
            yield block
        elif hasattr(block, "model_dump"):
            yield block.model_dump()


def _tool_texts(messages: Messages, at: int, place: str, ours: frozenset[str]) -> tuple[tuple[ToolText, ...], bool]:
    """What tools and documents said since the user spoke; of memory's own tools only how far it can be trusted."""
    found: list[ToolText] = []
    names: dict[str, str] = {}
    tainted = False
    for message in messages[at:]:
        for number, block in enumerate(_blocks(message.get("content"))):
            kind = block.get("type", "")
            if kind == "tool_use":
                names[block.get("id", "")] = block.get("name", "")
            elif kind == "tool_result":
                text, call = text_of(block.get("content") or ""), str(block.get("tool_use_id", ""))
                if names.get(call) in ours:
                    tainted = tainted or _is_doubtful(text)
                elif text:
                    found.append(ToolText(text=text, source="tool", place=f"{place}:tool:{call}"))
            elif kind in ("document", "search_result") and (text := _document_text(block)):
                found.append(ToolText(text=text, source="document", place=f"{place}:document:{number}"))
            elif is_from_outside(kind):
                tainted = True
    return tuple(found), tainted


def _document_text(block: Mapping[str, Any]) -> str:
    """The words of a document that was sent as words."""
    source = block.get("source")
    data = source.get("data") if isinstance(source, Mapping) and source.get("type") == "text" else None
    return data if isinstance(data, str) else text_of(block.get("content") or ())


def _is_doubtful(answer: str) -> bool:
    """Whether an answer of memory's own tools shows something that nobody vouches for."""
    try:
        results = json.loads(answer).get("results", ())
    except (ValueError, AttributeError):
        return False
    return any(result.get("trust") == 0 for result in results)
