"""A chat store that tells memory every message at once: a memory block alone is told only when a chat grows long."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus
from llama_index_instrumentation.span import active_span_id
from pydantic import PrivateAttr

from eider import Conversation
from eider_llamaindex import shapes
from eider_llamaindex.identity import HOST, current_conversation
from eider_llamaindex.turns import claim
from eider_llamaindex.window import ChatWindow

if TYPE_CHECKING:
    from eider import Eider, Episode

MAX_RESTORED: Final = 100
"""Messages of an earlier process that a conversation goes on from. A guess: more is recalled, not repeated."""
_ACTIVE: Final = MessageStatus.ACTIVE
_ROLES: Final = {"user": "user", "agent": "assistant"}


class EiderChatStore(AsyncDBChatStore):
    """Messages for LlamaIndex's `Memory`, kept and learned from as they come.

        memory = Memory.from_defaults(session_id="chat-7", chat_store=EiderChatStore(store, user="ada"))

    The conversation itself is in this process, or in the `inner` store; it goes on where an earlier process stopped.
    What is deleted here is gone from the conversation only: `eider.Eider.forget` erases.
    """

    _conversation: Conversation = PrivateAttr()
    _inner: AsyncDBChatStore = PrivateAttr()
    _restored: set[tuple[str | None, str]] | None = PrivateAttr()
    _reported: dict[tuple[str | None, str], Counter[tuple[str, str]]] = PrivateAttr(default_factory=dict)
    _keys: dict[tuple[str | None, str], tuple[str, str | None]] = PrivateAttr(default_factory=dict)

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
            restore: Whether a conversation that this process does not know begins with what memory holds of it.
        """
        super().__init__()
        self._conversation = Conversation(memory, user=user, scopes=scopes, topic=context, loop=loop, host=HOST)
        self._inner = inner if inner is not None else ChatWindow()
        self._restored = set() if restore and inner is None else None

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
        await self._restore(key)
        before = await self._inner.get_messages(key, status=None)
        await self._inner.add_messages(key, messages, status)
        self._report_new(key, before, messages, again=False)

    async def set_messages(self, key: str, messages: list[ChatMessage], status: MessageStatus = _ACTIVE) -> None:
        """Replace the conversation; what it said before is not learned again."""
        await self._restore(key)
        await self._inner.set_messages(key, messages, status)
        self._report_new(key, [], messages, again=True)

    def _report_new(self, key: str, before: list[ChatMessage], messages: list[ChatMessage], *, again: bool) -> None:
        """Report new messages to memory, each reply with what it answers."""
        try:
            conversation = current_conversation(self._conversation, key)
            claim(active_span_id.get(), conversation.memory)
            told = self._reported.setdefault((conversation.user, key), Counter())
            there: Counter[tuple[str, str]] = Counter()
            said = next((t for m in reversed(before) if (t := _text_if_role(m, "assistant"))), "")
            restored, restored_key = self._keys.get((conversation.user, key), ("", None))
            for message in messages:
                mark = (shapes.role_of(message), shapes.text_of(message))
                there[mark] += 1
                if not again or there[mark] > told[mark]:
                    told[mark] += 1
                    _report(conversation, message, said, restored_key if said == restored else None)
                said = _text_if_role(message, "assistant") or said
        except Exception as error:  # noqa: BLE001 (a chat goes on whatever happens to its memory)
            self._conversation.warn_of_failure(error)

    async def _restore(self, key: str) -> None:
        """Restore the messages that an earlier process recorded."""
        if self._restored is None:
            return
        try:
            conversation = current_conversation(self._conversation, key)
            place = (conversation.user, key)
            if place in self._restored:
                return
            self._restored.add(place)
            spoken = await asyncio.to_thread(_stored_episodes, conversation)
            messages = [ChatMessage(role=_ROLES[e.role], content=e.text) for e in spoken]
            said = next((e for e in reversed(spoken) if e.role == "agent"), None)
            if said is not None:
                self._keys[place] = (said.text, said.key)
            self._reported[place] = Counter((shapes.role_of(m), shapes.text_of(m)) for m in messages)
            if messages:
                await self._inner.add_messages(key, messages)
        except Exception as error:  # noqa: BLE001 (a chat goes on whatever happens to its memory)
            self._conversation.warn_of_failure(error)

    # ------------------------------------------------------------------ what only concerns the conversation

    async def get_messages(
        self, key: str, status: MessageStatus | None = _ACTIVE, limit: int | None = None, offset: int | None = None
    ) -> list[ChatMessage]:
        """Messages in their order."""
        await self._restore(key)
        return await self._inner.get_messages(key, status, limit, offset)

    async def count_messages(self, key: str, status: MessageStatus | None = _ACTIVE) -> int:
        """How many there are."""
        await self._restore(key)
        return await self._inner.count_messages(key, status)

    async def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Delete one from the conversation."""
        await self._restore(key)
        return await self._inner.delete_message(key, idx)

    async def delete_messages(self, key: str, status: MessageStatus | None = None) -> None:
        """Delete all of a status, or all, from the conversation."""
        await self._restore(key)
        await self._inner.delete_messages(key, status)

    async def delete_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Delete the first n active ones from the conversation."""
        await self._restore(key)
        return await self._inner.delete_oldest_messages(key, n)

    async def archive_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Archive the first n active ones."""
        await self._restore(key)
        return await self._inner.archive_oldest_messages(key, n)

    async def get_keys(self) -> list[str]:
        """Conversations of this process."""
        return await self._inner.get_keys()

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was told is written; False when that takes longer than `timeout` seconds."""
        return self._conversation.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` without blocking the loop."""
        return await self._conversation.aflush(timeout)


def _text_if_role(message: ChatMessage, role: str) -> str:
    return shapes.text_of(message).strip() if shapes.role_of(message) == role else ""


def _report(conversation: Conversation, message: ChatMessage, said: str, said_key: str | None) -> None:
    role, text = shapes.role_of(message), shapes.text_of(message).strip()
    if role == "user":
        conversation.user_said(text, answering=said, answering_key=said_key)
    elif role == "assistant":
        conversation.agent_said(text)
    elif role in {"tool", "function"}:
        conversation.tool_said(text)


def _stored_episodes(conversation: Conversation) -> list[Episode]:
    """Return the latest recorded messages of a conversation, oldest first."""
    conversation.flush()
    page = conversation.memory.search(
        user=conversation.user, session=conversation.session, kinds=["episode"], limit=MAX_RESTORED
    )
    spoken = [r.episode for r in page.items if r.episode is not None and r.episode.role in _ROLES]
    return sorted(spoken, key=lambda episode: episode.seq)
