"""A chat store that tells memory every message at once: a memory block alone is told only when a chat grows long."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus
from llama_index_instrumentation.dispatcher import active_instrument_tags
from llama_index_instrumentation.span import active_span_id
from pydantic import PrivateAttr

from eider import Conversation
from eider_llamaindex import shapes
from eider_llamaindex.identity import HOST, current_conversation, user_speaks
from eider_llamaindex.shared_chats import Chat, SharedChats, shared_chats, spoken_after
from eider_llamaindex.spans import watch_spans, within_tool
from eider_llamaindex.turns import claim

if TYPE_CHECKING:
    from eider import Eider

_ACTIVE: Final = MessageStatus.ACTIVE


class EiderChatStore(AsyncDBChatStore):
    """Messages for LlamaIndex's `Memory`, kept and learned from as they come.

        memory = Memory.from_defaults(session_id="chat-7", chat_store=EiderChatStore(store, user="ada"))

    The conversation itself is in this process, or in the `inner` store; it goes on where an earlier process stopped, and
    all stores over one memory show the same. What another process adds meanwhile is there once that has written it.
    What is deleted here is gone from the conversation only: `eider.Eider.forget` erases.
    """

    _conversation: Conversation = PrivateAttr()
    _inner: AsyncDBChatStore = PrivateAttr()
    _chats: SharedChats = PrivateAttr()
    _follows: bool = PrivateAttr()

    def __init__(
        self, memory: Eider, *, user: str | None = None, scopes: Sequence[str] = (), context: str | None = None,
        loop: str | None = None, inner: AsyncDBChatStore | None = None, restore: bool = True,
    ) -> None:  # fmt: skip
        """Create the store.

        Args:
            memory: An open memory.
            user: Whose, unless `speaking(user=…)` says otherwise; by default as `eider.open` was told.
            scopes: Where what is learned applies: the first.
            context: What the work is about.
            loop: Open loop that this belongs to.
            inner: Keeps the messages; by default this process does.
            restore: Whether a conversation begins with what memory holds of it, from the user's words on, and takes in what
                other processes add.
        """
        super().__init__()
        self._conversation = Conversation(memory, user=user, scopes=scopes, context=context, loop=loop, host=HOST)
        self._chats = shared_chats(memory) if restore and inner is None else SharedChats()
        self._inner = inner if inner is not None else self._chats.window
        self._follows = restore and inner is None
        watch_spans()

    @classmethod
    def class_name(cls) -> str:
        """Name in LlamaIndex."""
        return "EiderChatStore"

    @property
    def conversation(self) -> Conversation:
        """The conversation it reports to."""
        return self._conversation

    # ------------------------------------------------------------------ what enters

    async def add_message(self, key: str, message: ChatMessage, status: MessageStatus = _ACTIVE) -> None:
        """Add one message."""
        await self.add_messages(key, [message], status)

    async def add_messages(self, key: str, messages: list[ChatMessage], status: MessageStatus = _ACTIVE) -> None:
        """Add messages; each is new."""
        conversation, chat, place = await self._at(key)
        before = await self._inner.get_messages(place, status=None)
        await self._inner.add_messages(place, messages, status)
        self._report_new(conversation, chat, before, messages, again=False)

    async def set_messages(self, key: str, messages: list[ChatMessage], status: MessageStatus = _ACTIVE) -> None:
        """Replace the conversation; what it said before is not learned again."""
        conversation, chat, place = await self._at(key)
        await self._inner.set_messages(place, messages, status)
        self._report_new(conversation, chat, [], messages, again=True)

    def _report_new(
        self, conversation: Conversation, chat: Chat, before: list[ChatMessage], messages: list[ChatMessage], *, again: bool
    ) -> None:  # fmt: skip
        """Report new messages to memory, each reply with what it answers; not those of an agent that a tool runs."""
        if not user_speaks(active_instrument_tags.get()) or within_tool(active_span_id.get()):
            return
        try:
            claim(active_span_id.get(), conversation.memory)
            there: Counter[tuple[str, str]] = Counter()
            said = next((t for m in reversed(before) if (t := _text_if_role(m, "assistant"))), "")
            for message in messages:
                mark = (shapes.role_of(message), shapes.text_of(message))
                there[mark] += 1
                if not again or there[mark] > chat.reported[mark]:
                    chat.reported[mark] += 1
                    _report(conversation, chat, message, said)
                said = _text_if_role(message, "assistant") or said
        except Exception as error:  # noqa: BLE001 (a chat goes on whatever happens to its memory)
            self._conversation.warn_of_failure(error)

    async def _at(self, key: str) -> tuple[Conversation, Chat, str]:
        """The conversation, its state and its name in the inner store, with what memory holds beyond that.

        Raises:
            InputError: Nobody said whose it is.
        """
        conversation = current_conversation(self._conversation, key)
        name = f"{conversation.require_user()}\n{key}"
        chat, place = self._chats.chat(name), name if self._inner is self._chats.window else key
        if self._follows:
            try:
                spoken = await asyncio.to_thread(spoken_after, conversation, chat.seq)
                if news := chat.take(spoken):
                    await self._inner.add_messages(place, news)
            except Exception as error:  # noqa: BLE001 (a chat goes on whatever happens to its memory)
                self._conversation.warn_of_failure(error)
        return conversation, chat, place

    # ------------------------------------------------------------------ what only concerns the conversation

    async def get_messages(
        self, key: str, status: MessageStatus | None = _ACTIVE, limit: int | None = None, offset: int | None = None
    ) -> list[ChatMessage]:
        """Messages in their order."""
        _, _, place = await self._at(key)
        return await self._inner.get_messages(place, status, limit, offset)

    async def count_messages(self, key: str, status: MessageStatus | None = _ACTIVE) -> int:
        """How many there are."""
        _, _, place = await self._at(key)
        return await self._inner.count_messages(place, status)

    async def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Delete one from the conversation."""
        _, _, place = await self._at(key)
        return await self._inner.delete_message(place, idx)

    async def delete_messages(self, key: str, status: MessageStatus | None = None) -> None:
        """Delete all of a status, or all, from the conversation."""
        _, _, place = await self._at(key)
        await self._inner.delete_messages(place, status)

    async def delete_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Delete the first n active ones from the conversation."""
        _, _, place = await self._at(key)
        return await self._inner.delete_oldest_messages(place, n)

    async def archive_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Archive the first n active ones."""
        _, _, place = await self._at(key)
        return await self._inner.archive_oldest_messages(place, n)

    async def get_keys(self) -> list[str]:
        """The user's conversations of this process."""
        keys = await self._inner.get_keys()
        if self._inner is not self._chats.window:
            return keys
        mine = f"{current_conversation(self._conversation).require_user()}\n"
        return [key.removeprefix(mine) for key in keys if key.startswith(mine)]

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was told is written; False when that takes longer than `timeout` seconds."""
        return self._conversation.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` without blocking the loop."""
        return await self._conversation.aflush(timeout)


def _text_if_role(message: ChatMessage, role: str) -> str:
    return shapes.text_of(message).strip() if shapes.role_of(message) == role else ""


def _report(conversation: Conversation, chat: Chat, message: ChatMessage, said: str) -> None:
    role, text = shapes.role_of(message), shapes.text_of(message).strip()
    if role == "user":
        known = chat.answer_key if said == chat.answer else None
        conversation.user_said(text, answering=said, answering_key=known, key=chat.new_key() if text else None)
    elif role == "assistant":
        conversation.agent_said(text, key=chat.new_key() if text else None)
    elif role in {"tool", "function"}:
        conversation.tool_said(text)
