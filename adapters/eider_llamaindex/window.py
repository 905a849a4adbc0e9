"""The messages of each conversation, in this process, with the meaning of LlamaIndex's own stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus
from pydantic import PrivateAttr

Row = tuple[ChatMessage, MessageStatus]
_ACTIVE, _ARCHIVED = MessageStatus.ACTIVE, MessageStatus.ARCHIVED


class ChatWindow(AsyncDBChatStore):
    """A chat store in memory. It gives out copies: LlamaIndex writes recalled text into the messages it is given."""

    _rows: dict[str, list[Row]] = PrivateAttr(default_factory=dict[str, list[Row]])
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def drop(self, key: str) -> None:
        """Drop a conversation."""
        with self._lock:
            self._rows.pop(key, None)

    async def get_messages(
        self, key: str, status: MessageStatus | None = _ACTIVE, limit: int | None = None, offset: int | None = None
    ) -> list[ChatMessage]:
        """Messages in their order."""
        first = offset or 0
        found = self._rows_of(key, status)[first : None if limit is None else first + limit]
        return [message.model_copy(deep=True) for message, _ in found]

    async def count_messages(self, key: str, status: MessageStatus | None = _ACTIVE) -> int:
        """How many there are."""
        return len(self._rows_of(key, status))

    async def add_message(self, key: str, message: ChatMessage, status: MessageStatus = _ACTIVE) -> None:
        """Add one."""
        await self.add_messages(key, [message], status)

    async def add_messages(self, key: str, messages: list[ChatMessage], status: MessageStatus = _ACTIVE) -> None:
        """Add several."""
        with self._lock:
            self._rows.setdefault(key, []).extend(_make_rows(messages, status))

    async def set_messages(self, key: str, messages: list[ChatMessage], status: MessageStatus = _ACTIVE) -> None:
        """Replace all."""
        with self._lock:
            self._rows[key] = _make_rows(messages, status)

    async def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Delete the message at a place, counted from 0 over all of the conversation."""
        with self._lock:
            rows = self._rows.get(key, [])
            return rows.pop(idx)[0] if 0 <= idx < len(rows) else None

    async def delete_messages(self, key: str, status: MessageStatus | None = None) -> None:
        """Delete all of a status, or all."""
        with self._lock:
            kept = [row for row in self._rows.pop(key, []) if status is not None and row[1] != status]
            if kept:
                self._rows[key] = kept

    async def delete_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Delete the first n active ones."""
        return self._take_oldest(key, n, lambda _: None)

    async def archive_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Archive the first n active ones."""
        return self._take_oldest(key, n, lambda message: (message, _ARCHIVED))

    async def get_keys(self) -> list[str]:
        """Conversations that hold messages."""
        with self._lock:
            return [key for key, rows in self._rows.items() if rows]

    def _rows_of(self, key: str, status: MessageStatus | None) -> list[Row]:
        with self._lock:
            return [row for row in self._rows.get(key, []) if status is None or row[1] == status]

    def _take_oldest(self, key: str, n: int, becomes: Callable[[ChatMessage], Row | None]) -> list[ChatMessage]:
        taken: list[ChatMessage] = []
        left: list[Row] = []
        with self._lock:
            for message, status in self._rows.get(key, []):
                row: Row | None = (message, status)
                if status == _ACTIVE and len(taken) < n:
                    taken.append(message)
                    row = becomes(message)
                left.extend([row] if row is not None else [])
            self._rows[key] = left
        return [message.model_copy(deep=True) for message in taken]


def _make_rows(messages: Sequence[ChatMessage], status: MessageStatus) -> list[Row]:
    return [(message.model_copy(deep=True), status) for message in messages]
