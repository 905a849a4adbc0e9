"""ChatGPT's data export: a zip with `conversations.json`, or that file, or several numbered ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from eider.model.errors import InputError
from eider.records.importers.containers import Files
from eider.records.importers.source import Found, Importer, Line, Skipped, Wanted, instant, message, statement

_NAME: Final = re.compile(r"conversations(-\d+)?\.json")
_SPOKEN: Final = ("text", "multimodal_text")
"""Kinds of content that a person or the assistant said; others are tools, thoughts and pages that were read."""
_INSTRUCTIONS: Final = ("user_profile", "user_instructions", "about_user_message", "about_model_message")


def detect(path: Path) -> bool:
    """Whether its first conversation is a tree of messages."""
    try:
        files = Files(path)
    except InputError:
        return False
    names = [n for n in files.names() if _NAME.fullmatch(n)] or ([path.name] if path.suffix == ".json" else [])
    first = files.first(names[0]) if names else None
    return isinstance(first, dict) and "mapping" in first


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield what the user saw of each conversation, and custom instructions as rules."""
    files = Files(path)
    for name in [n for n in files.names() if _NAME.fullmatch(n)] or [path.name]:
        for number, conversation in enumerate(files.elements(name), 1):
            place = f"{name} conversation {number}"
            if not isinstance(conversation, dict) or not isinstance(conversation.get("mapping"), dict):
                yield place, InputError("has no messages ('mapping'); export it again.")
            else:
                yield from _conversation(place, cast("Line", conversation), wanted)


def _conversation(place: str, conversation: Line, wanted: Wanted) -> Iterator[Found]:
    nodes = cast("Mapping[str, Any]", conversation["mapping"])
    session = str(conversation.get("conversation_id") or conversation.get("id") or place)
    title = str(conversation.get("title") or "")
    begun = instant(conversation.get("create_time")) or instant(conversation.get("update_time"))
    path = _shown_path(nodes, conversation.get("current_node"))
    others = sum(_spoken(node) for id_, node in nodes.items() if id_ not in path)
    for _ in range(others):
        yield place, Skipped("messages of a branch that was not followed")
    at = begun
    for id_ in path:
        said = nodes[id_].get("message")
        if not isinstance(said, dict):
            continue
        said = cast("Line", said)
        at = instant(said.get("create_time")) or at
        yield from _message(f"{place} message {said.get('id') or id_}", said, at, session, title, wanted)


def _shown_path(nodes: Mapping[str, Any], current: object) -> list[str]:
    """Ids from the root to the message that was shown last; without one, to the newest message that nothing follows."""
    at = str(current) if isinstance(current, str) and current in nodes else None
    if at is None:
        leaves = [i for i, n in nodes.items() if isinstance(n, dict) and not cast("Line", n).get("children")]
        at = max(leaves, key=lambda i: _seconds(nodes[i]), default=None)
    found: list[str] = []
    seen: set[str] = set()
    while at is not None and at in nodes and at not in seen and isinstance(nodes[at], dict):
        seen.add(at)
        found.append(at)
        parent = nodes[at].get("parent")
        at = parent if isinstance(parent, str) else None
    return found[::-1]


def _seconds(node: Any) -> float:
    given = (node.get("message") or {}).get("create_time") if isinstance(node, dict) else None
    at = instant(given)
    return at.timestamp() if at else 0.0


def _spoken(node: Any) -> bool:
    said = node.get("message") if isinstance(node, dict) else None
    return isinstance(said, dict) and (said.get("author") or {}).get("role") in ("user", "assistant")


def _message(
    place: str, said: Line, at: datetime | None, session: str, title: str, wanted: Wanted
) -> Iterator[Found]:  # fmt: skip
    content: Any = said.get("content") or {}
    kind, metadata = content.get("content_type"), cast("Line", said.get("metadata") or {})
    role = (said.get("author") or {}).get("role")
    about = metadata.get("user_context_message_data") or content
    if kind == "user_editable_context":
        for name in _INSTRUCTIONS:
            if isinstance(text := about.get(name), str) and text.strip():
                rule = name in ("user_instructions", "about_model_message")
                yield place, statement(text, kind="rule" if rule else "fact", scope=wanted.scope, valid_from=at)
        return
    text = _text(content.get("parts"))
    if reason := _not_conversation(role, kind, said, metadata, text):
        yield place, Skipped(reason)
    elif at is None:
        yield place, Skipped("messages without a time")
    elif wanted.since is not None and at < wanted.since:
        yield place, Skipped("messages before the given time")
    else:
        told = {"source": "chatgpt", **({"title": title} if title else {})}
        key = f"chatgpt:{said.get('id') or place}"
        yield place, message(str(role), text, at=at, session=session, key=key, metadata=told)


def _not_conversation(role: object, kind: object, said: Line, metadata: Line, text: str) -> str | None:
    """Return why a message is left out; None for what was said in the conversation."""
    if role in ("system", "tool"):
        return f"messages of the {role}"
    if role not in ("user", "assistant"):
        return "messages of an unknown role"
    if metadata.get("is_visually_hidden_from_conversation"):
        return "hidden messages"
    if said.get("recipient") not in (None, "all"):
        return "calls of tools"
    if kind not in _SPOKEN:
        return f"contents of the kind {kind}"
    return None if text.strip() else "messages without text"


def _text(parts: object) -> str:
    """Return the texts among the parts; pictures and nothings are left out, what was spoken aloud is kept."""
    found: list[str] = []
    for part in cast("Sequence[Any]", parts) if isinstance(parts, list) else ():
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str) and text.strip():
            found.append(text)
    return "\n".join(found)


IMPORTER: Final = Importer(name="chatgpt", title="ChatGPT data export", detect=detect, iterate=iterate)
