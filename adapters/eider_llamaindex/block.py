"""A memory block: what to obey and what helps, in every prompt that LlamaIndex's `Memory` puts together."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import BaseMemoryBlock
from pydantic import PrivateAttr

from eider import Conversation
from eider_llamaindex import shapes
from eider_llamaindex.identity import HOST, current_conversation

if TYPE_CHECKING:
    from eider import Eider

_MAX_TURNS: Final = 512
"""Conversations whose last turn is kept at hand. A guess."""


class EiderMemoryBlock(BaseMemoryBlock[str]):
    """Recalls for `Memory`; learns only what falls out of a long chat, so give it an `EiderChatStore` as well.

    `eider_memory` wires both.
    """

    _conversation: Conversation = PrivateAttr()
    _guidance: bool = PrivateAttr()
    _learn: bool = PrivateAttr()
    _turns: OrderedDict[tuple[Any, ...], tuple[str, str]] = PrivateAttr(default_factory=OrderedDict)
    """Conversation → what the user said last in it, and what was found for that."""

    def __init__(
        self, memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
        context: str | None = None, budget: int = 400, loop: str | None = None, guidance: bool = True,
        learn: bool = True, name: str = "eider", priority: int = 0,
    ) -> None:  # fmt: skip
        """Create it.

        Args:
            memory: An open memory.
            user: Whose, unless `speaking(user=…)` says otherwise; by default as `eider.open` was told.
            session: Name of the conversation; by default that of the `Memory`.
            scopes: Where the agent works.
            context: What the work is about.
            budget: Most tokens of recalled lines in one prompt.
            loop: Open loop that this belongs to.
            guidance: Whether the user's rules and preferences enter each prompt as well.
            learn: Whether messages that fall out of the chat are learned from; not where a chat store tells them.
            name: Name of the block.
            priority: As LlamaIndex means it: 0 is never left out.
        """
        super().__init__(name=name, description="What is remembered of this user.", priority=priority)
        self._conversation = Conversation(
            memory, user=user, session=session, scopes=scopes, context=context, budget=budget, loop=loop, host=HOST
        )
        self._guidance, self._learn = guidance, learn

    @property
    def conversation(self) -> Conversation:
        """The conversation it uses."""
        return self._conversation

    async def _aget(self, messages: list[ChatMessage] | None = None, **block_kwargs: Any) -> str:
        """Guidance and recalled lines for the last thing the user said; empty when there are none.

        Raises:
            InputError: Nobody said whose memory it is.
        """
        conversation = current_conversation(self._conversation, block_kwargs.get("session_id"))
        conversation.require_user()
        messages = messages or []
        prompt = shapes.chat_end(messages).text
        whose = (
            conversation.user,
            conversation.session,
            conversation.work_context,
            conversation.loop,
            *conversation.scopes,
        )
        if shapes.is_continuation(messages) and (found := self._turns.get(whose)) and found[0] == prompt:
            return found[1]  # agents ask at every step, and once more when they are done
        said = [text for m in messages if (text := shapes.text_of(m))]
        words = await asyncio.to_thread(self._memory_text, conversation, prompt, said)
        self._turns[whose] = (prompt, words)
        self._turns.move_to_end(whose)
        while len(self._turns) > _MAX_TURNS:
            self._turns.popitem(last=False)
        return words

    def _memory_text(self, conversation: Conversation, prompt: str, said: Sequence[str]) -> str:
        policy = conversation.guidance(context=prompt or None) if self._guidance else None
        guidance, shown = (policy.text, [m.id for m in policy.memories]) if policy is not None else ("", [])
        recalled = conversation.context(prompt, without=shown, known=said).text if prompt else ""
        return "\n\n".join(part for part in (guidance, recalled) if part)

    async def _aput(self, messages: list[ChatMessage]) -> None:
        """Learn from what falls out of the chat."""
        if not self._learn:
            return
        try:
            said = ""
            for message in messages:
                conversation = current_conversation(self._conversation, message.additional_kwargs.get("session_id"))
                role, text = shapes.role_of(message), shapes.text_of(message).strip()
                if role == "user":
                    conversation.user_said(text, answering=said or None)
                elif role == "assistant" and text:
                    conversation.agent_said(text)
                    said = text
                elif role in {"tool", "function"}:
                    conversation.tool_said(text)
        except Exception as error:  # noqa: BLE001 (a chat goes on whatever happens to its memory)
            self._conversation.warn_of_failure(error)
