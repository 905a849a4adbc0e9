"""Event handler that records and learns from everything LlamaIndex runs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import active_instrument_tags
from llama_index_instrumentation.event_handlers import BaseEventHandler
from pydantic import PrivateAttr

from eider import Conversation
from eider_llamaindex import shapes
from eider_llamaindex.identity import HOST, conversation_in, is_silent, user_speaks
from eider_llamaindex.spans import watch_spans
from eider_llamaindex.turns import ALL_TURNS, EngineNames, Turn, Turns

if TYPE_CHECKING:
    from llama_index_instrumentation.base import BaseEvent

    from eider import Eider

_MAX_RECOGNISED: Final = 4_096
"""Messages of resent histories that are recognised. A guess."""


class EiderEventHandler(BaseEventHandler):
    """Keeps and learns from every exchange of chat engines, query engines, agents and plain calls of chat models.

        with EiderEventHandler(memory, user="ada"):        # or: get_dispatcher().add_event_handler(handler)
            engine.chat("Please answer in metric units.")

    What is one exchange is told by the tree of spans: the outermost call in which a user speaks. So concurrent requests
    never mix, an agent's many calls of its model are one exchange, and what programs say to a model (condensing,
    extracting, judging) is nobody's. The host never waits and never fails: what is heard is queued.
    """

    _conversation: Conversation = PrivateAttr()
    _plain: bool = PrivateAttr()
    _turns: Turns = PrivateAttr()
    _names: EngineNames = PrivateAttr(default_factory=EngineNames)
    _heard: OrderedDict[tuple[Any, ...], None] = PrivateAttr(default_factory=OrderedDict)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def __init__(
        self, memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
        context: str | None = None, loop: str | None = None, plain_calls: bool = True,
    ) -> None:  # fmt: skip
        """Create the handler; it learns once it is on a dispatcher.

        Args:
            memory: An open memory.
            user: Whose words these are, unless `speaking(user=…)` says otherwise; by default as `eider.open` was told.
            session: Name of the conversation; by default that of the engine's or agent's memory.
            scopes: Where what is learned applies: the first.
            context: What the work is about.
            loop: Open loop that this belongs to.
            plain_calls: Whether a chat model that is called directly, outside any engine, is spoken to by the user.
        """
        super().__init__()
        self._conversation = Conversation(
            memory, user=user, session=session, scopes=scopes, context=context, loop=loop, host=HOST
        )
        self._plain = plain_calls
        self._turns = Turns(self._begin_turn, self._report, self._conversation.warn_of_failure)
        watch_spans()

    @classmethod
    def class_name(cls) -> str:
        """Name in LlamaIndex."""
        return "EiderEventHandler"

    def attach(self) -> Self:
        """Learn from everything in this process; the same as adding it to the root dispatcher."""
        root = get_dispatcher()
        if not any(handler is self for handler in root.event_handlers):
            root.add_event_handler(self)
        ALL_TURNS.add(self._turns)
        watch_spans()
        return self

    def detach(self) -> None:
        """Learn no more; what was heard is still written."""
        root = get_dispatcher()
        root.event_handlers = [handler for handler in root.event_handlers if handler is not self]
        ALL_TURNS.discard(self._turns)

    def __enter__(self) -> Self:
        return self.attach()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()
        self.flush()

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was heard is written; False when that takes longer than `timeout` seconds."""
        until = time.monotonic() + timeout
        settled = self._turns.wait_for_writes(timeout)
        return self._conversation.flush(max(0.0, until - time.monotonic())) and settled

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` without blocking the loop."""
        return await asyncio.to_thread(self.flush, timeout)

    # ------------------------------------------------------------------ what LlamaIndex calls

    def handle(self, event: BaseEvent, **_: Any) -> None:
        """Handle one event; writes nothing itself."""
        name = event.class_name()
        if name.endswith("InProgressEvent"):
            return
        try:
            turn = self._turns.turn_of(event.span_id)
            if turn is not None:
                turn.seen = True
                self._update_turn(turn, name, event)
        except Exception as error:  # noqa: BLE001 (the dispatcher would swallow it without a word)
            self._conversation.warn_of_failure(error)

    def _update_turn(self, turn: Turn, name: str, event: Any) -> None:
        if name == "LLMChatStartEvent" and turn.answering is None:
            said = shapes.chat_end(event.messages)
            if said.text.strip() == turn.text.strip():
                turn.answering = said.answering.strip()
        elif name == "RetrievalEndEvent":
            turn.tainted |= shapes.least_trust(event.nodes) == 0
        elif name == "LLMChatEndEvent":
            self._turns.end_stream(turn, shapes.reply_of(event.response) or "")
        elif name == "LLMCompletionEndEvent":
            self._turns.end_stream(turn, getattr(event.response, "text", ""))

    # ------------------------------------------------------------------ turns

    def _begin_turn(
        self, span: str, method: str, arguments: dict[str, Any], instance: Any, outermost: bool
    ) -> Turn | None:
        tags = active_instrument_tags.get()
        if is_silent(tags) or not user_speaks(tags):
            return None
        said = None
        text = shapes.user_text(method, arguments)
        if text is None and self._plain and outermost and method in shapes.CHATS and "messages" in arguments:
            said = shapes.chat_end(arguments["messages"])
            text = said.text or None
        if text is None:
            return None
        start = arguments.get("start_event")
        named = getattr(getattr(start, "memory", None), "session_id", None) if start is not None else None
        if named is None and start is None and said is None:
            named = self._names.name_of(instance)
        conversation = conversation_in(self._conversation, tags, named)
        turn = Turn(id=span, text=text, conversation=conversation, plain=said)
        if said is not None:
            turn.messages = arguments["messages"]
            turn.answering, turn.met = said.answering.strip(), [*said.met]
            turn.tainted = bool(said.met)
        return turn

    def _report(self, turn: Turn, done: bool) -> None:
        """Queue a turn's words: the user's once its call returned, the agent's when it is done."""
        if turn.claimed or not turn.seen:
            return
        with self._lock:  # a stream may come to its end in another thread
            self._queue(turn, done)

    def _queue(self, turn: Turn, done: bool) -> None:
        conversation, key = turn.conversation, f"{HOST}:{turn.id}"
        if not turn.heard:
            turn.heard = True
            if not self._is_resent(turn):
                conversation.user_said(turn.text, answering=self._replied_to(turn), key=f"{key}:user")
            for number, said in enumerate(turn.met):
                conversation.tool_said(said, key=f"{key}:tool:{number}")
        if done:
            conversation.agent_said(turn.reply.strip(), key=f"{key}:agent", tainted=turn.tainted or bool(turn.met))

    @staticmethod
    def _replied_to(turn: Turn) -> str | None:
        """Return the agent's message that the user replied to."""
        if turn.answering is not None:
            return turn.answering
        return None if turn.conversation.session else ""

    def _is_resent(self, turn: Turn) -> bool:
        """Return whether a plain call's last user message was seen before, as agents and retries resend it."""
        if turn.plain is None:
            return False
        whose = turn.conversation
        mark = (whose.user, whose.session, turn.plain.number, hash(turn.plain.text), hash(turn.plain.answering))
        known = mark in self._heard
        self._heard[mark] = None
        self._heard.move_to_end(mark)
        while len(self._heard) > _MAX_RECOGNISED:
            self._heard.popitem(last=False)
        return known
