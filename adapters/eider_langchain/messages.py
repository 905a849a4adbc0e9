"""Reads LangChain's messages: who said what, under which key."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    message_to_dict,
    messages_from_dict,
)

from eider.api.host_values import (
    MAX_ATTACHMENT,
    cut_texts,
    reference_text,
    repaired_tree,
    storable_text,
    with_references,
)
from eider.model.errors import InputError
from eider.model.validation import MAX_METADATA, MAX_TEXT
from eider.privacy import recall_marks
from eider.privacy.redact import redact_tree

if TYPE_CHECKING:
    from eider.api.conversation import Conversation

_SOURCE_KEY: Final = "lc_source"
"""LangChain notes here that it wrote a message itself, a summary for instance."""
ATTACHMENTS: Final = "attachments"
"""Entry of `additional_kwargs` of a kept message that names what was too large to be kept with it."""
_NO_TEXT: Final = "(no words)"


def text_of(message: BaseMessage) -> str:
    """The words of a message; images and tool calls have none."""
    return str(message.text)


def names_of_user(user: str | None, others: Sequence[str] = ()) -> frozenset[str]:
    """Names under which the user speaks in messages: their id, and those the host says."""
    return frozenset(name.casefold() for name in (user, *others) if name)


def is_from_user(message: BaseMessage, names: Collection[str] = ()) -> bool:
    """Whether the user said it: a message for humans that no program wrote, and that bears no other's name.

    Args:
        message: Any message.
        names: Names under which the user speaks, from `names_of_user`. Graphs of agents hand on what an agent said as
            `HumanMessage(name="researcher")`.
    """
    if not isinstance(message, HumanMessage) or _SOURCE_KEY in message.additional_kwargs:
        return False
    return not message.name or message.name.casefold() in names


def last_of_user(messages: Sequence[BaseMessage], names: Collection[str] = ()) -> HumanMessage | None:
    """What the user said last."""
    return next((m for m in reversed(messages) if isinstance(m, HumanMessage) and is_from_user(m, names)), None)


def kept_message(message: BaseMessage) -> tuple[str, dict[str, Any]]:
    """A message as a row keeps it: its words, and the rest of it as JSON.

    Characters that no database keeps are repaired. Large pictures, recordings and files are taken out of the content and
    named in `additional_kwargs["attachments"]` with kind, size and digest. What is too long for a row is cut.

    Raises:
        InputError: It could not be read back.
    """
    words = storable_text(text_of(message))[:MAX_TEXT]  # content that is a text is the utterance itself
    data: dict[str, Any] = repaired_tree(message_to_dict(message))
    for most in (MAX_ATTACHMENT, 0):
        kept = _without_attachments(data, most)
        if len(json.dumps(kept, ensure_ascii=False)) <= MAX_METADATA:
            break
    else:  # what a tool or a model was given at such length is named by its size
        kept = {**kept, "data": cut_texts(kept["data"])}
    if parsed_message(redact_tree(kept), words or _NO_TEXT) is None:
        raise InputError(f"a message of type {message.type!r} cannot be read back once its secrets are redacted.")
    return words, kept


def _without_attachments(kept: Mapping[str, Any], most: int) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def note(about: Mapping[str, Any]) -> None:
        found.append({**about})

    data = {**kept["data"]}
    content = with_references(data.pop("content"), note, most)
    data = with_references(data, lambda about: {"type": "text", "text": reference_text(about)}, most)
    if isinstance(content, list):
        content = [part for part in content if part is not None] or "\n".join(map(reference_text, found))
    if found:
        data["additional_kwargs"] = {**data.get("additional_kwargs", {}), ATTACHMENTS: found}
    if not isinstance(content, str) or not isinstance(kept["data"]["content"], str):
        data["content"] = content
    return {**kept, "data": data}


def parsed_message(kept: Any, text: str) -> BaseMessage | None:
    """The message of a row; None where it cannot be read."""
    try:
        return messages_from_dict([{**kept, "data": {"content": text, **kept["data"]}}])[0]
    except (KeyError, TypeError, ValueError):
        return None


def latest(messages: Sequence[BaseMessage], limit: int | None) -> list[BaseMessage]:
    """The last so many messages, beginning with what a person said; of a longer turn all of it.

    So no answer of a tool comes without its call, and no answer of the agent without what it answers.
    """
    if limit is None or len(messages) <= limit:
        return [*messages]
    if limit <= 0:
        return []
    starts = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage)]
    first = next((i for i in starts if i >= len(messages) - limit), starts[-1] if starts else len(messages) - limit)
    while not starts and first < len(messages) and isinstance(messages[first], ToolMessage):
        first += 1
    return [*messages[first:]]


def key_of(session: str | None, message: BaseMessage) -> str | None:
    """A message's place in the world; None for one without an id, which is new each time."""
    if message.id is None:
        return None
    place = f"langchain:{session or ''}:{message.id}"
    return place if len(place) <= 160 else f"langchain:{sha256(place.encode()).hexdigest()}"  # noqa: PLR2004 (a key has 256)


def latest_turn_start(messages: Sequence[BaseMessage], names: Collection[str] = ()) -> int:
    """Where the latest turn begins: the first words of the user since the agent last finished.

    A turn that failed, or was interrupted and left, did not finish: it belongs to the one that follows.
    """
    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    last = max((i for i, m in enumerate(messages) if is_from_user(m, names)), default=len(messages))
    done = next((i for i in range(last - 1, -1, -1) if _is_finished(messages[i], answered)), -1)
    return next((i for i in range(done + 1, len(messages)) if is_from_user(messages[i], names)), len(messages))


def _is_finished(message: BaseMessage, answered: Collection[str]) -> bool:
    return isinstance(message, AIMessage) and all(call["id"] in answered for call in message.tool_calls)


def report(
    conversation: Conversation, messages: Sequence[BaseMessage], start: int = 0, own: Collection[str] = (),
    *, structured: bool = False, names: Collection[str] = (),
) -> None:  # fmt: skip
    """Tell a conversation what was said from a place on; each reply is judged against the agent's words before it.

    Args:
        conversation: Of this conversation.
        messages: The conversation as far as it is known.
        start: Where what is new begins.
        own: Names of Eider's own tools, whose answers are memory already.
        structured: Whether the agent's last words are the arguments of a call, as LangChain asks for structured answers.
        names: Names under which the user speaks; what comes under another is kept like a tool's words.
    """
    last = (
        max((i for i, m in enumerate(messages) if isinstance(m, AIMessage)), default=-1)
        if structured
        else len(messages)
    )
    tainted = False
    for place, message in enumerate(messages[start:], start):
        words, key = recall_marks.strip(text_of(message)), key_of(conversation.session, message)
        if is_from_user(message, names):
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
            results = message.artifact.get("results", ()) if isinstance(message.artifact, dict) else ()
            is_doubtful = any(isinstance(found, dict) and found.get("trust") == 0 for found in results)
            tainted |= is_doubtful
        elif (isinstance(message, HumanMessage) and _SOURCE_KEY not in message.additional_kwargs) or (
            isinstance(message, ToolMessage) and place <= last
        ):
            conversation.tool_said(words, key=key)


def _last_answer(messages: Sequence[BaseMessage]) -> AIMessage | None:
    """What a reply answers: the agent's last words, or the call that a turn ended with, as structured answers do."""
    ended = bool(messages) and isinstance(messages[-1], ToolMessage)
    spoken = (m for m in reversed(messages) if isinstance(m, AIMessage) and (ended or text_of(m).strip()))
    return next(spoken, None)


def _answer_text(message: AIMessage) -> str:
    """An agent's words; where it has none, what it called with."""
    return text_of(message) or "\n".join(json.dumps(c["args"], ensure_ascii=False) for c in message.tool_calls)
