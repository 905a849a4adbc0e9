"""Reports a turn to memory: each message once, in order, streamed ones while they are read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from eider_anthropic.reading import Turn, is_from_outside, text_of, with_answer

if TYPE_CHECKING:
    from eider import Conversation

T = TypeVar("T")
HOST: Final = "anthropic"


class ReportLog(Protocol):
    """What was reported already, and the requests of threads."""

    def first(self, name: str) -> bool:
        """Return whether something is reported for the first time."""
        ...

    def keep(self, message: str, request: Mapping[str, Any]) -> None:
        """Store the request that a message of a thread answers."""
        ...


class RecentItems(Generic[T]):
    """The latest items by name; thread-safe."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._held: OrderedDict[object, T] = OrderedDict()

    def get(self, name: object) -> T | None:
        """Return the item of a name."""
        with self._lock:
            return self._held.get(name)

    def put(self, name: object, value: T) -> bool:
        """Store an item; return True if it is new."""
        with self._lock:
            new = name not in self._held
            self._held[name] = value
            while len(self._held) > self._most:
                self._held.popitem(last=False)
            return new


class TurnReport:
    """Report of one turn."""

    def __init__(self, notes: ReportLog, conversation: Conversation, turn: Turn, request: Mapping[str, Any]) -> None:
        self.conversation, self._notes, self._turn, self._request = conversation, notes, turn, request

    def report_user(self) -> None:
        """Report the user's words once, then tool results and documents."""
        turn, key = self._turn, self._key(self._turn.place)
        if self._notes.first(key):
            before = turn.answering_place
            self.conversation.user_said(
                turn.prompt, answering=turn.answering, key=key, answering_key=before and self._key(before)
            )
        for met in turn.met:
            if self._notes.first(name := self._key(met.place)):
                self.conversation.tool_said(met.text, source=met.source, key=name)

    def report_agent(self, message: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Report the agent's words once."""
        text, key = text_of(blocks), self._key(self._turn.said)
        if text.strip() and self._notes.first(key):
            outside = any(is_from_outside(block["type"]) for block in blocks)
            self.conversation.agent_said(text, key=key, tainted=outside or self._turn.tainted)
        if message and self._request.get("thread"):
            self._notes.keep(message, with_answer(self._request, blocks))

    def follow_stream(self, events: Iterator[Any]) -> Iterator[Any]:
        """Report a stream's events while the host reads them."""
        heard = _StreamedMessage()
        for event in events:
            if heard.add_event(event):
                self.report_agent(heard.message, heard.blocks)
            yield event

    async def follow_async_stream(self, events: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Report an async stream's events while the host reads them."""
        heard = _StreamedMessage()
        async for event in events:
            if heard.add_event(event):
                self.report_agent(heard.message, heard.blocks)
            yield event

    def _key(self, place: str) -> str:
        """An idempotency key from coordinates: host, conversation, place."""
        session = self.conversation.session or ""
        return f"{HOST}:{session[:96]}:{place[:128]}"


class _StreamedMessage:
    """A message collected from its stream."""

    def __init__(self) -> None:
        self.message = ""
        self.blocks: list[dict[str, Any]] = []

    def add_event(self, event: Any) -> bool:
        """Add one event; return True at the end of the message."""
        kind = getattr(event, "type", "")
        if kind == "message_start":
            self.message = event.message.id
        elif kind == "content_block_start":
            block = event.content_block
            self.blocks.append({name: getattr(block, name, "") for name in ("type", "id", "name", "text")})
        elif kind == "content_block_delta" and event.delta.type == "text_delta" and self.blocks:
            self.blocks[-1]["text"] += event.delta.text
        return kind == "message_stop"
