"""Reads the messages of a run: who spoke, what tools returned, under which key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from eider_pydantic_ai.toolset import HOST, TRUST


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing that was said in a run."""

    who: Literal["user", "agent", "tool", "document"]
    text: str
    key: str
    """From coordinates: host, run, when, and which."""
    tainted: bool = False
    """Whether it came from the web or a file through the model's own provider, or memory showed what nobody vouches for."""


def read_messages(messages: Sequence[ModelMessage]) -> Iterator[Message]:
    """What was said in a run, in order; what tools returned after the last answer has told the agent nothing yet."""
    last = max((i for i, message in enumerate(messages) if isinstance(message, ModelResponse)), default=-1)
    tainted = False
    for place, message in enumerate(messages):
        if isinstance(message, ModelResponse):
            text = answer_of(message, final=place == last)
            tainted = tainted or any(part.part_kind.endswith("tool-return") for part in message.parts)
            if text:
                yield Message(who="agent", text=text, key=key_of(message), tainted=tainted)
        else:
            for one in _read_request(message, answered=place < last):
                tainted = (tainted or one.tainted) and one.who != "user"
                if one.text:
                    yield one


def answer_of(message: ModelResponse, *, final: bool) -> str:
    """The agent's words; a structured answer, which only the end of a run can be, is the arguments of its call."""
    text = "\n".join(part.content for part in message.parts if isinstance(part, TextPart) and part.content)
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    return text or (calls[-1].args_as_json_str() if final and calls else "")


def last_answer(messages: Sequence[ModelMessage]) -> tuple[str, str | None]:
    """What the agent said last, and its key; empty where it has not spoken."""
    final = True
    for message in reversed(messages):
        if isinstance(message, ModelResponse):
            if text := answer_of(message, final=final):
                return text, key_of(message)
            final = False
    return "", None


def key_of(message: ModelMessage, part: object = "") -> str:
    """The idempotency key of a message, or of one of its parts; the same after it was stored and loaded again."""
    run = getattr(message, "run_id", None) or ""
    at = message.timestamp.isoformat() if message.timestamp else ""
    return f"{HOST}:{run[:96]}:{at}:{part}"


def prompt_at(messages: Sequence[ModelMessage]) -> tuple[int, int] | None:
    """Where the user spoke last: message and part."""
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if isinstance(message, ModelRequest):
            for number in range(len(message.parts) - 1, -1, -1):
                part = message.parts[number]
                if isinstance(part, UserPromptPart) and prompt_text(part.content):
                    return place, number
    return None


def prompt_text(content: Any) -> str:
    """The words of a prompt; pictures and files are none."""
    if isinstance(content, str):
        return content
    texts = [item if isinstance(item, str) else getattr(item, "content", "") for item in content]
    return "\n".join(text for text in texts if isinstance(text, str) and text)


def _read_request(message: ModelRequest, *, answered: bool) -> Iterator[Message]:
    for number, part in enumerate(message.parts):
        key = key_of(message, number)
        if isinstance(part, UserPromptPart):
            yield Message(who="user", text=prompt_text(part.content), key=key)
            items = () if isinstance(part.content, str) else part.content
            for item in items:
                if isinstance(item, BinaryContent) and item.media_type.startswith("text/"):
                    page = item.data.decode(errors="replace")
                    yield Message(who="document", text=page, key=f"{key}:document", tainted=True)
        elif isinstance(part, ToolReturnPart) and answered:
            if isinstance(part.metadata, dict) and TRUST in part.metadata:
                yield Message(who="tool", text="", key=key, tainted=part.metadata[TRUST] == 0)
            else:
                yield Message(who="tool", text=part.model_response_str(), key=key, tainted=True)
