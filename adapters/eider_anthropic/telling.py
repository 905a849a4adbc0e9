"""Reports a turn to memory: each message once, in order, streamed ones while they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eider.api.client_turns import RecentItems, TurnReport
from eider_anthropic.reading import is_from_outside, text_of, with_answer

if TYPE_CHECKING:
    from eider import Conversation
    from eider.api.client_turns import ClientListener, Turn

Threads = RecentItems[Mapping[str, Any]]
"""Message of a thread → the request that it answers."""


class MessageReport(TurnReport):
    """Report of one turn of the Messages API."""

    def __init__(
        self, listener: ClientListener, conversation: Conversation, turn: Turn, request: Mapping[str, Any], threads: Threads
    ) -> None:  # fmt: skip
        """Report nothing yet."""
        super().__init__(listener, conversation, turn)
        self._request, self._threads = request, threads

    def report_message(self, message: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Report the agent's message once."""
        self.report_agent(text_of(blocks), outside=any(is_from_outside(block["type"]) for block in blocks))
        if message and self._request.get("thread"):
            self._threads.put(message, with_answer(self._request, blocks))

    def follow_stream(self, events: Iterator[Any]) -> Iterator[Any]:
        """Report a stream's events while the host reads them."""
        heard = _StreamedMessage()
        for event in events:
            if heard.add_event(event):
                self.report_message(heard.message, heard.blocks)
            yield event

    async def follow_async_stream(self, events: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Report an async stream's events while the host reads them."""
        heard = _StreamedMessage()
        async for event in events:
            if heard.add_event(event):
                self.report_message(heard.message, heard.blocks)
            yield event


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
