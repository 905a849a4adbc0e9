"""Reads chat messages in the shapes of OpenAI, Anthropic and plain lists: `{"role": …, "content": …}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from eider.api.host_values import storable_text
from eider.model.errors import InputError

if TYPE_CHECKING:
    from eider.model.requests import When
    from eider.model.values import Role

ROLES: Final[Mapping[str, Role | None]] = {
    "user": "user", "human": "user",
    "assistant": "agent", "agent": "agent", "ai": "agent", "model": "agent",
    "tool": "other", "function": "other", "other": "other",
    "system": None, "developer": None,
}  # fmt: skip
"""Roles of chat messages and whose words they are here; None for instructions of the application, which nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One message that somebody said."""

    role: Role
    text: str
    speaker: str | None = None
    key: str | None = None
    """The message's own id, if it has one."""
    at: When | None = None


def is_chat_message(item: object) -> bool:
    """Whether a mapping has the shape of a chat message rather than the fields of `record`."""
    return isinstance(item, Mapping) and "content" in item and "text" not in item


def as_records(items: object) -> Any:
    """Return the items of `record_many` with chat messages among them as mappings of `record`'s arguments.

    Raises:
        InputError: A chat message has another shape; the error names its place.
    """
    if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Sequence):
        return items  # the request refuses it by name
    records: list[object] = []
    for place, item in enumerate(cast("Sequence[object]", items)):
        if not is_chat_message(item):
            records.append(item)
        elif (said := read_message(cast("Mapping[str, Any]", item), f"items[{place}]")) is not None:
            records.append({n: v for n, v in asdict(said).items() if v is not None})
    return records


def read_messages(messages: Sequence[Mapping[str, Any]]) -> list[ChatMessage]:
    """Return what was said in chat messages, in order; instructions of the application and empty messages are left out.

    Args:
        messages: Each `{"role", "content"}`, and if it has them `name`, `id` and `at`. Content is a text or a list of
            parts; parts without text, such as pictures and tool calls, are left out.

    Raises:
        InputError: A message has another shape; the error names its place.

    >>> [(one.role, one.text) for one in read_messages([
    ...     {"role": "system", "content": "Be brief."},
    ...     {"role": "assistant", "content": [{"type": "text", "text": "Hello."}]},
    ...     {"role": "user", "content": "Hi, I am Ada."},
    ... ])]
    [('agent', 'Hello.'), ('user', 'Hi, I am Ada.')]
    """
    if isinstance(messages, (str, Mapping)) or not isinstance(messages, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"messages={messages!r:.40} is no list; pass [{{'role': 'user', 'content': '…'}}, …].")
    read = [read_message(one, f"messages[{place}]") for place, one in enumerate(messages)]
    return [one for one in read if one is not None]


def read_message(message: Mapping[str, Any], place: str = "message") -> ChatMessage | None:
    """Return what was said in a message; None for instructions of the application and for messages without words."""
    if not isinstance(message, Mapping) or "content" not in message or "role" not in message:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"{place}={message!r:.60} is no chat message; pass {{'role': 'user', 'content': '…'}}.")
    name = message["role"]
    if not isinstance(name, str) or name not in ROLES:
        raise InputError(f"{place}.role={name!r:.40} is unknown; use one of {', '.join(ROLES)}.")
    text = storable_text("\n".join(_texts(message["content"], place)))
    role = ROLES[name]
    if role is None or not text.strip():
        return None
    given = message.get("id")
    return ChatMessage(
        role=role, text=text, speaker=message.get("name") or None, key=str(given) if given else None, at=message.get("at")
    )  # fmt: skip


def _texts(content: object, place: str) -> list[str]:
    if content is None:
        return []
    if isinstance(content, str):
        return [content]
    if isinstance(content, Mapping):
        text = cast("Mapping[str, Any]", content).get("text")
        return [text] if isinstance(text, str) else []
    if isinstance(content, Sequence) and not isinstance(content, bytes):
        return [text for part in cast("Sequence[object]", content) for text in _texts(part, place)]
    raise InputError(f"{place}.content={content!r:.40} is {type(content).__name__}; pass a text or a list of parts.")
