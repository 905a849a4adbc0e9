"""A step of a chain that gives its model guidance and recalled lines, for chains that have no middleware."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, convert_to_messages
from langchain_core.runnables import RunnableConfig, RunnableLambda

from eider.api.conversation import Conversation
from eider_langchain.identity import conversation_of_run
from eider_langchain.messages import last_of_user, names_of_user, text_of

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from eider import Eider


def guided(
    memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
    context: str | None = None, budget: int = 400, names: Sequence[str] = (),
) -> Runnable[Any, list[BaseMessage]]:  # fmt: skip
    """Put what a model should obey and know into its system message.

        chain = prompt | guided(memory) | model

    Beside `EiderChatMessageHistory` or `EiderCallbackHandler`, which learn, this makes a chain obey.

    Args:
        memory: An open memory.
        user: Whose; by default as the run's config says, else as `eider.open` was told.
        session: Name of the conversation; by default the run's.
        scopes: Where the agent works.
        context: What the work is about.
        budget: Most tokens of recalled lines.
        names: Names under which the user speaks besides their id.

    Raises:
        InputError: In a run: nobody said whose memory it is.
    """
    fixed = Conversation(
        memory, user=user, session=session, scopes=scopes, context=context, budget=budget, host="langchain"
    )

    def with_memory(given: Any, config: RunnableConfig) -> list[BaseMessage]:
        conversation = conversation_of_run(fixed, config)
        whose = conversation.require_user()
        messages: list[BaseMessage] = given.to_messages() if hasattr(given, "to_messages") else _messages(given)
        last = last_of_user(messages, names_of_user(whose, names))
        prompt = "" if last is None else text_of(last)
        existing = messages[0] if messages and isinstance(messages[0], SystemMessage) else None
        policy = conversation.guidance("" if existing is None else text_of(existing), context=prompt or None)
        recalled = conversation.context(prompt, without=[m.id for m in policy.memories]).text if prompt else ""
        words = "\n\n".join(part for part in (policy.text, recalled) if part)
        if not words:
            return messages
        return [with_words(existing, words), *messages[0 if existing is None else 1 :]]

    async def awith_memory(given: Any, config: RunnableConfig) -> list[BaseMessage]:
        return await asyncio.to_thread(with_memory, given, config)

    return RunnableLambda(with_memory, afunc=awith_memory, name="eider_guidance")


def with_words(message: SystemMessage | None, words: str) -> SystemMessage:
    """Append a text to a system message."""
    if message is None:
        return SystemMessage(words)
    if isinstance(message.content, str):
        return message.model_copy(update={"content": f"{message.content}\n\n{words}".strip()})
    return message.model_copy(update={"content": [*message.content, {"type": "text", "text": words}]})


def _messages(given: Any) -> list[BaseMessage]:
    if isinstance(given, (str, BaseMessage)):
        return [HumanMessage(given) if isinstance(given, str) else given]
    return convert_to_messages(given)
