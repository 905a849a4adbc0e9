"""Groups LlamaIndex's spans into turns, from the tree of spans alone."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from eider_llamaindex import shapes, streams

if TYPE_CHECKING:
    from eider import Conversation

STREAMS: Final = 1_000
"""Streams nobody has read to their end; of the oldest beyond that, the answer is not waited for. A guess."""


@dataclass(slots=True, eq=False)
class Turn:
    """One exchange: what a user asked with one call, and all that happened until it was answered."""

    id: str
    """The span of the call; it is unique, so keys are made of it."""
    text: str
    conversation: Conversation
    plain: shapes.ChatEnd | None = None
    """The messages, where a model was called without any engine."""
    answering: str | None = None
    """What the agent had said before, as the model was shown it; None while that is unknown."""
    met: list[str] = field(default_factory=list[str])
    """What tools said."""
    tainted: bool = False
    """Whether the answer rests on documents or tools."""
    reply: str = ""
    messages: Any = None
    """The very list that a plain call was given."""
    seen: bool = False
    """Whether the handler was told of it by an event; it is attached then."""
    claimed: bool = False
    """Whether a chat store of the same memory keeps it."""
    heard: bool = False
    ended: bool = False
    """The call has returned, though perhaps only with a stream."""
    written: bool = False
    """Its stream is written to a history by the engine, which says when that is done."""
    streamed: bool = False
    """The stream has been written."""
    spans: set[str] = field(default_factory=set[str])


BeginTurn = Callable[[str, str, "dict[str, Any]", Any, bool], "Turn | None"]
ReportTurn = Callable[[Turn, bool], None]


class Turns:
    """The open spans and the turns they belong to; safe for threads. Knows nothing of memory."""

    def __init__(self, begin: BeginTurn, tell: ReportTurn, failed: Callable[[Exception], None]) -> None:
        """Create it.

        Args:
            begin: Called with (span, method, arguments, instance, outermost) of a call in no turn; a turn if it
                begins one.
            tell: Called with (turn, done) when a turn's call has returned, and when it is done.
            failed: Called with what went wrong with a span.
        """
        self._begin, self._tell, self.failed = begin, tell, failed
        self._open: dict[str, Turn | bool] = {}
        self._streams: OrderedDict[str, Turn] = OrderedDict()
        self._lock = threading.Condition(threading.Lock())
        ALL_TURNS.add(self)

    def turn_of(self, span: str | None) -> Turn | None:
        """The turn a span belongs to."""
        found = self._open.get(span) if span is not None else None
        return found if isinstance(found, Turn) else None

    def enter_span(self, span: str, parent: str | None, arguments: dict[str, Any], instance: Any) -> None:
        """A call begins: within the turn of its parent, within a program's own work, or as a turn."""
        here: Turn | bool | None = self._open.get(parent) if parent is not None else self._continued_call(arguments)
        if here is None or here is False:
            method = shapes.method_of(span)
            program = shapes.is_program(method, instance)
            here = program or self._begin(span, method, arguments, instance, here is None) or False
        with self._lock:
            self._open[span] = here
            if isinstance(here, Turn):
                here.spans.add(span)

    def _continued_call(self, arguments: dict[str, Any]) -> Turn | None:
        """The plain call whose stream makes this one: it is made where the stream is read, so it has no parent."""
        messages = arguments.get("messages")
        with self._lock:
            waiting = list(self._streams.values()) if messages is not None else []
        return next((turn for turn in waiting if turn.messages is messages), None)

    def leave_span(self, span: str, instance: Any, result: Any) -> None:
        """A call has returned; `result` is None where it failed."""
        turn = self.turn_of(span)
        if turn is None:
            self._open.pop(span, None)
            return
        method = shapes.method_of(span)
        if span == turn.id:
            self._end_turn(turn, result)
        elif method in shapes.WRITES:
            turn.reply, turn.streamed = getattr(instance, "response", "") or "", True
            self._finish_if_ended(turn)
        elif method in shapes.CALLS and (said := shapes.tool_output(instance, result)) and said not in turn.met:
            turn.met.append(said)
        elif method in shapes.CALLS and shapes.is_ours(instance):
            turn.tainted |= '"trust": 0' in shapes.text_of(result)

    def end_stream(self, turn: Turn, text: str) -> None:
        """A model that was called directly has finished its stream."""
        if turn.ended and turn.plain is not None and turn.id in self._streams:
            turn.reply = text
            self._finish(turn)

    def _end_turn(self, turn: Turn, result: Any) -> None:
        reply = shapes.reply_of(result)
        if reply is None and not turn.streamed:
            turn.written = shapes.is_written(result)
            with self._lock:
                self._streams[turn.id] = turn
            if not turn.written:
                streams.follow(result, turn.id, partial(self._stream_read, turn))
            turn.ended = True
            self._tell(turn, False)
            self._finish_if_ended(turn)  # its writer may have come to the end meanwhile
            self._drop_oldest()
            return
        turn.reply, turn.ended = reply or turn.reply, True
        self._finish(turn)

    def _stream_read(self, turn: Turn, text: str) -> None:
        turn.reply = text
        self._finish(turn)

    def wait_for_writes(self, timeout: float) -> bool:
        """Wait until no engine is about to write a stream to its history; False when that takes too long."""
        with self._lock:
            return self._lock.wait_for(lambda: not any(t.written for t in self._streams.values()), timeout)

    def _finish_if_ended(self, turn: Turn) -> None:
        if turn.ended and turn.streamed:
            self._finish(turn)

    def _finish(self, turn: Turn) -> None:
        with self._lock:
            first = turn.id in turn.spans
            for span in turn.spans:
                self._open.pop(span, None)
            turn.spans.clear()
        if first:
            turn.messages = None
            self._tell(turn, True)
        with self._lock:
            self._streams.pop(turn.id, None)
            self._lock.notify_all()

    def _drop_oldest(self) -> None:
        while len(self._streams) > STREAMS:
            with self._lock:
                _, turn = self._streams.popitem(last=False)
            self._finish(turn)


ALL_TURNS: Final[weakref.WeakSet[Turns]] = weakref.WeakSet()


def claim(span: str | None, memory: object) -> None:
    """Say that what a span's turn says is kept by a chat store; a handler over the same memory leaves it alone."""
    for turns in list(ALL_TURNS):
        turn = turns.turn_of(span)
        if turn is not None and turn.conversation.memory is memory:
            turn.claimed = True


class EngineNames:
    """A name for each engine that has none: its conversation goes on for as long as it lives."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def name_of(self, instance: Any) -> str | None:
        """The framework's own name of the conversation, or one that is given once."""
        if instance is None:
            return None
        memory = getattr(instance, "_memory", None)
        named = getattr(memory, "session_id", None)
        if isinstance(named, str) and named:
            return named
        if id(instance) not in self._names:
            try:
                weakref.finalize(instance, self._names.pop, id(instance), None)
            except TypeError:
                return None
            self._names[id(instance)] = f"{type(instance).__name__}-{uuid4().hex[:12]}"
        return self._names[id(instance)]
