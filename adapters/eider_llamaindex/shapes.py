"""Reads LlamaIndex's objects by their shape, without importing the framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

CHATS: Final = frozenset({"chat", "achat", "stream_chat", "astream_chat"})
QUERIES: Final = frozenset({"query", "aquery"})
WRITES: Final = frozenset({"write_response_to_history", "awrite_response_to_history"})
CALLS: Final = frozenset({"call", "acall", "__call__"})
_PROGRAMS: Final = frozenset(
    f"{a}{name}"
    for a in ("", "a")
    for name in (
        "predict", "stream", "complete", "stream_complete", "structured_predict", "stream_structured_predict",
        "predict_and_call", "retrieve", "synthesize", "evaluate",
    )
)  # fmt: skip
"""Within these a program speaks to a model, in words of its own."""
_DEPTH: Final = 4
_HANDOFF: Final = "handoff"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatEnd:
    """What a list of messages to a model says, read from its end."""

    text: str = ""
    """The last thing the user said."""
    answering: str = ""
    """What the assistant had said before that."""
    number: int = 0
    """Which of the user's messages it is, from 1: resent histories say the same under the same number."""
    answered: bool = False
    """Whether the assistant has spoken since, as between the calls of tools."""
    met: tuple[str, ...] = ()
    """What tools answered after that."""


def method_of(span: str) -> str:
    """The method a span's id names: `SimpleChatEngine.achat-…`."""
    return span.partition("-")[0].rpartition(".")[2]


def is_program(method: str, instance: Any) -> bool:
    """Whether what runs below speaks for a program, not for a user."""
    kinds = type(instance).__mro__
    framework = any(kind.__module__.startswith("llama_index.") for kind in kinds)
    return framework and (method in _PROGRAMS or any(kind.__name__ == "StructuredLLM" for kind in kinds))


def user_text(method: str, arguments: dict[str, Any]) -> str | None:
    """What a user said with this call; None where it is no call of a user."""
    if method in CHATS and isinstance(said := arguments.get("message"), str):
        return said
    if method in QUERIES and (query := arguments.get("str_or_query_bundle")) is not None:
        return query if isinstance(query, str) else getattr(query, "query_str", None)
    if method == "run" and (start := arguments.get("start_event")) is not None:
        return _agent_input(start)
    return None


def _agent_input(start: Any) -> str | None:
    said = getattr(start, "user_msg", None)
    if said is None and (history := getattr(start, "chat_history", None)):
        return chat_end(history).text or None
    return said if isinstance(said, str) or said is None else text_of(said)


def chat_end(messages: Sequence[Any]) -> ChatEnd:
    """The end of a conversation as a model is sent it."""
    roles = [role_of(message) for message in messages]
    if "user" not in roles:
        return ChatEnd()
    last = len(roles) - 1 - roles[::-1].index("user")
    before = (text_of(m) for m, role in zip(messages[last::-1], roles[last::-1], strict=True) if role == "assistant")
    after = roles[last + 1 :]
    fresh = len(roles) - after[::-1].index("assistant") if "assistant" in after else last + 1
    return ChatEnd(
        text=text_of(messages[last]), answering=next((text for text in before if text.strip()), ""),
        number=roles.count("user"), answered="assistant" in after,
        met=tuple(text_of(m) for m, role in zip(messages[fresh:], roles[fresh:], strict=True) if role == "tool"),
    )  # fmt: skip


def is_continuation(messages: Sequence[Any]) -> bool:
    """Whether these are a turn that has begun: something follows the user's last words, or an agent gives them once more."""
    *_, before, last = [None, None, *messages]
    if last is None or role_of(last) != "user":
        return last is not None
    return role_of(before) == "user" and text_of(before) == text_of(last)


def role_of(message: Any) -> str:
    """Who speaks: user, assistant, system, tool."""
    role = getattr(message, "role", "")
    return str(getattr(role, "value", role))


def text_of(message: Any) -> str:
    """The words of a message; pictures and calls of tools are none."""
    content = getattr(message, "content", None)
    return content if isinstance(content, str) else ""


def reply_of(result: Any, depth: int = _DEPTH) -> str | None:
    """What the agent said, from whatever a call returned; None where it is still to be streamed."""
    if result is None or isinstance(result, str):
        return result or ""
    if is_stream(result):
        return None
    for name in ("message", "response", "result"):
        inner = getattr(result, name, None)
        if inner is not None and depth:
            return reply_of(inner, depth - 1)
    return text_of(result)


def is_stream(result: Any) -> bool:
    """Whether a result only begins to be said. Reading it would use it up, so no property of it is run."""
    kind = type(result)
    return (
        hasattr(kind, "__next__")
        or hasattr(kind, "__anext__")
        or _has_field(result, "response_gen")
        or is_written(result)
    )


def is_written(result: Any) -> bool:
    """Whether a stream is written to the history by the engine itself."""
    return _has_field(result, "chat_stream") or _has_field(result, "achat_stream")


def _has_field(result: Any, field: str) -> bool:
    return getattr(result, "__dict__", {}).get(field) is not None


def tool_output(instance: Any, result: Any) -> str:
    """What a tool said; empty for what is no output of a tool, for the agent's own moves, and for Eider's own tools."""
    name = getattr(result, "tool_name", None)
    if not name or name == _HANDOFF or not hasattr(result, "raw_output") or is_ours(instance):
        return ""
    return text_of(result)


def is_tool_call(span: str, instance: Any) -> bool:
    """Whether a span is a call of a tool."""
    return method_of(span) in CALLS and any(kind.__name__ == "BaseTool" for kind in type(instance).__mro__)


def is_ours(instance: Any) -> bool:
    """Whether it is a tool of Eider's."""
    return bool(getattr(type(instance), "of_eider", False))


def least_trust(nodes: Sequence[Any]) -> int:
    """How far what was retrieved may be believed: Eider's own nodes say it, any other is a document."""
    return min((_node_trust(getattr(n, "node", n)) for n in nodes), default=2)


def _node_trust(node: Any) -> int:
    trust = getattr(node, "metadata", {}).get("eider_trust", 0)
    return trust if isinstance(trust, int) else 0
