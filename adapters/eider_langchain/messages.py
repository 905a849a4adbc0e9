"""Reads LangChain's messages: who said what, under which key."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from eider.privacy import recall_marks

if TYPE_CHECKING:
    from eider.api.conversation import Conversation

_SOURCE_KEY: Final = "lc_source"
"""LangChain notes here that it wrote a message itself, a summary for instance."""


def text_of(message: BaseMessage) -> str:
    """The words of a message; images and tool calls have none."""
    return str(message.text)


def is_from_user(message: BaseMessage) -> bool:
    """Whether a person said it."""
    return isinstance(message, HumanMessage) and _SOURCE_KEY not in message.additional_kwargs


def last_of_user(messages: Sequence[BaseMessage]) -> HumanMessage | None:
    """What the user said last."""
    return next((m for m in reversed(messages) if isinstance(m, HumanMessage) and is_from_user(m)), None)


def key_of(session: str | None, message: BaseMessage) -> str | None:
    """A message's place in the world; None for one without an id, which is new each time."""
    if message.id is None:
        return None
    place = f"langchain:{session or ''}:{message.id}"
    return place if len(place) <= 160 else f"langchain:{sha256(place.encode()).hexdigest()}"  # noqa: PLR2004 (a key has 256)


def latest_turn_start(messages: Sequence[BaseMessage]) -> int:
    """Where the latest turn begins: the first words of the user since the agent last finished.

    A turn that failed, or was interrupted and left, did not finish: it belongs to the one that follows.
    """
    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    last = max((i for i, m in enumerate(messages) if is_from_user(m)), default=len(messages))
    done = next((i for i in range(last - 1, -1, -1) if _is_finished(messages[i], answered)), -1)
    return next((i for i in range(done + 1, len(messages)) if is_from_user(messages[i])), len(messages))


def _is_finished(message: BaseMessage, answered: Collection[str]) -> bool:
    return isinstance(message, AIMessage) and all(call["id"] in answered for call in message.tool_calls)


def report(
    conversation: Conversation, messages: Sequence[BaseMessage], start: int = 0, own: Collection[str] = (),
    *, structured: bool = False,
) -> None:  # fmt: skip
    """Tell a conversation what was said from a place on; each reply is judged against the agent's words before it.

    Args:
        conversation: Of this conversation.
        messages: The conversation as far as it is known.
        start: Where what is new begins.
        own: Names of Eider's own tools, whose answers are memory already.
        structured: Whether the agent's last words are the arguments of a call, as LangChain asks for structured answers.
    """
    last = (
        max((i for i, m in enumerate(messages) if isinstance(m, AIMessage)), default=-1)
        if structured
        else len(messages)
    )
    tainted = False
    for place, message in enumerate(messages[start:], start):
        words, key = recall_marks.strip(text_of(message)), key_of(conversation.session, message)
        if is_from_user(message):
            before = _last_answer(messages[:place])
            answering = "" if before is None else recall_marks.strip(_answer_text(before))
            answering_key = None if before is None else key_of(conversation.session, before)
            conversation.user_said(words, answering=answering, key=key, answering_key=answering_key)
            tainted = False
        elif isinstance(message, AIMessage):
            conversation.agent_said(
                recall_marks.strip(_answer_text(message)) if place == last else words, key=key, tainted=tainted
            )
        elif isinstance(message, ToolMessage) and message.name in own:
            tainted |= _is_doubtful(message.artifact)
        elif isinstance(message, ToolMessage) and place < last + 1:
            conversation.tool_said(words, key=key)


def _last_answer(messages: Sequence[BaseMessage]) -> AIMessage | None:
    """What a reply answers: the agent's last words, or the call that a turn ended with, as structured answers do."""
    ended = bool(messages) and isinstance(messages[-1], ToolMessage)
    spoken = (m for m in reversed(messages) if isinstance(m, AIMessage) and (ended or text_of(m).strip()))
    return next(spoken, None)


def _answer_text(message: AIMessage) -> str:
    """An agent's words; where it has none, what it called with."""
    return text_of(message) or "\n".join(json.dumps(c["args"], ensure_ascii=False) for c in message.tool_calls)


def _is_doubtful(answer: Any) -> bool:
    """Whether memory answered with what a tool or document once said."""
    results = answer.get("results", ()) if isinstance(answer, dict) else ()
    return any(isinstance(found, dict) and found.get("trust") == 0 for found in results)
