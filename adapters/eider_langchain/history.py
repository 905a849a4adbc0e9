"""A chat's history kept in Eider: every process finds it again, and what lasts in it is learned."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from eider.api.conversation import Conversation
from eider.model.errors import ErasedError
from eider.privacy import recall_marks
from eider_langchain.messages import (
    is_from_user,
    kept_message,
    key_of,
    latest,
    names_of_user,
    parsed_message,
    text_of,
)
from eider_langchain.quietly import FailSafe

if TYPE_CHECKING:
    from eider import Eider, Episode
    from eider.model.values import Origin, Role

_PAGE: Final = 10_000
_BEFORE: Final = 50
"""Utterances in which the agent's last words are looked for. A guess."""
_NO_TEXT: Final = "(no words)"
"""Stands as the text of a message that has none, such as a call of a tool."""


class EiderChatMessageHistory(BaseChatMessageHistory):
    """The messages of one session, in order; what the user says is learned from as a reply to the agent.

    RunnableWithMessageHistory(chain, lambda session: EiderChatMessageHistory(memory, session, user="ada"))
    """

    def __init__(
        self, memory: Eider, session_id: str, *, user: str | None = None, scopes: Sequence[str] = (),
        learn: bool = True, limit: int | None = None, names: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Go on with a session, or begin it.

        Args:
            memory: An open memory.
            session_id: Name of the session.
            user: Whose; by default as `eider.open` was told.
            scopes: What is learned is kept under the first.
            learn: Whether what the user says is learned from, and not only kept.
            limit: `messages` are the last so many, from a message of a person on; by default all.
            names: Names under which the user speaks (`HumanMessage(name=…)`) besides their id; under any other name it
                is another agent, whose words are kept and not learned from.
        """
        self._conversation = Conversation(memory, user=user, session=session_id, scopes=scopes, host="langchain")
        self._quietly, self._learn, self._limit = FailSafe(), learn, limit
        self._names = names_of_user(self._conversation.require_user(), names)
        self.session_id = session_id

    @property
    def messages(self) -> list[BaseMessage]:  # pyright: ignore[reportIncompatibleVariableOverride] (as LangChain documents it)
        """The session's messages, oldest first."""
        return latest([_message_of(row) for row in self._quietly.answer_or(self._rows, [])], self._limit)

    async def aget_messages(self) -> list[BaseMessage]:
        """Run the sync method in a worker thread."""
        return await asyncio.to_thread(lambda: self.messages)

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Keep messages, each once where it has an id; learning happens behind."""
        self._quietly.answer_or(partial(self._add, messages), None)

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Run the sync method in a worker thread."""
        await asyncio.to_thread(self.add_messages, messages)

    def clear(self) -> None:
        """Erase the session's messages for good, with what was learned from them alone."""
        self._conversation.flush()
        rows = self._quietly.answer_or(partial(self._rows, every=True), [])
        forget = partial(
            self._conversation.memory.forget_many, [row.id for row in rows], user=self._conversation.user, wait=False
        )
        if rows:
            self._quietly.answer_or(forget, None)

    async def aclear(self) -> None:
        """Run the sync method in a worker thread."""
        await asyncio.to_thread(self.clear)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was added is learned from; False when that takes longer than `timeout` seconds."""
        return self._conversation.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` for async code."""
        return await self._conversation.aflush(timeout)

    # ------------------------------------------------------------------

    def _rows(self, most: int | None = None, *, every: bool = False) -> list[Episode]:
        """What is kept of the session, oldest first: its messages, the last so many, or every utterance."""
        found: list[Episode] = []
        total = 1
        while len(found) < total:
            page = self._conversation.memory.search(
                user=self._conversation.user, session=self.session_id, kinds=["episode"], limit=most or _PAGE, offset=len(found)
            )  # fmt: skip
            found += [r.episode for r in page.items if r.episode is not None]
            total = page.total if page.items and most is None else 0
        return sorted((e for e in found if every or "message" in e.metadata), key=lambda e: e.seq)

    def _add(self, messages: Sequence[BaseMessage]) -> None:
        rows = self._rows(_BEFORE)
        told = [_message_of(row) for row in rows[-1:]]
        before = next((r for r in reversed(rows) if r.role == "agent" and r.text != _NO_TEXT), None)
        answering, answering_key = (before.text, before.key) if before else ("", None)
        tainted = bool(told) and isinstance(told[0], ToolMessage)
        for message in messages:
            key = key_of(self.session_id, message) or f"langchain:{self.session_id[:120]}:{uuid4().hex}"
            key = self._record(message, key, tainted=tainted)
            if is_from_user(message, self._names):
                if self._learn:
                    self._conversation.user_said(
                        text_of(message), answering=answering, key=key, answering_key=answering_key
                    )
                tainted = False
            elif isinstance(message, ToolMessage):
                tainted = True
            elif isinstance(message, AIMessage) and text_of(message).strip():
                answering, answering_key = text_of(message), key

    def _record(self, message: BaseMessage, key: str, *, tainted: bool) -> str:
        """Keep one message; returns the key it is kept under: another one where its own was erased."""
        role, door = self._channel_trust(message, tainted=tainted)
        words, kept = kept_message(message)
        if not recall_marks.strip(words).strip():
            kept["data"].setdefault("content", "")
            words = _NO_TEXT
        tell = partial(
            self._conversation.memory.channel("langchain", door).record, words, user=self._conversation.user, role=role,
            session=self.session_id, metadata={"message": kept},
        )  # fmt: skip
        of_user = ":user" if role == "user" else ""
        try:
            tell(key=f"{key}{of_user}")
        except ErasedError:  # forgotten once, and said again
            key = f"langchain:{self.session_id[:120]}:{uuid4().hex}"
            tell(key=f"{key}{of_user}")
        return key

    def _channel_trust(self, message: BaseMessage, *, tainted: bool) -> tuple[Role, Origin]:
        if is_from_user(message, self._names):
            return "user", "user"
        if isinstance(message, AIMessage):
            return "agent", "tool" if tainted else "agent"
        return "other", "tool" if isinstance(message, ToolMessage) else "document"


def _message_of(row: Episode) -> BaseMessage:
    """The message of a row; what cannot be read is a message that says so, so that the others load."""
    return parsed_message(row.metadata["message"], row.text) or AIMessage(
        f"[a damaged message, kept as {row.id}] {row.text}"
    )
