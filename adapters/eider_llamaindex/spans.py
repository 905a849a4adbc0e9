"""The one span handler of this process: passes LlamaIndex's spans to the turns of every event handler.

It also knows which spans run within a tool, so that what an agent says to another one it calls is not the user's.
"""

from __future__ import annotations

import inspect
import threading
from typing import Any, Final

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.span import BaseSpan
from llama_index_instrumentation.span_handlers import BaseSpanHandler

from eider_llamaindex import shapes
from eider_llamaindex.turns import ALL_TURNS

_in_tool: Final[set[str]] = set()
"""Open spans that run within a call of a tool."""
_lock: Final = threading.Lock()


def within_tool(span: str | None) -> bool:
    """Return whether a span runs within a call of a tool."""
    return span in _in_tool


def watch_spans() -> None:
    """Have LlamaIndex tell its spans, once."""
    root = get_dispatcher()
    with _lock:
        if not any(isinstance(handler, SpanHandler) for handler in root.span_handlers):
            root.add_span_handler(SpanHandler())


def ignore_spans() -> None:
    """Have LlamaIndex tell no spans any more."""
    root = get_dispatcher()
    root.span_handlers = [handler for handler in root.span_handlers if not isinstance(handler, SpanHandler)]


class SpanHandler(BaseSpanHandler[BaseSpan]):
    """Passes spans on; keeps none."""

    def new_span(
        self, id_: str, bound_args: inspect.BoundArguments, instance: Any | None = None,
        parent_span_id: str | None = None, tags: dict[str, Any] | None = None, **_: Any,
    ) -> None:  # fmt: skip
        """A call begins."""
        del tags
        if parent_span_id in _in_tool or shapes.is_tool_call(id_, instance):
            _in_tool.add(id_)
        for turns in list(ALL_TURNS):
            try:
                turns.enter_span(id_, parent_span_id, bound_args.arguments, instance)
            except Exception as error:  # noqa: BLE001 (the dispatcher would swallow it without a word)
                turns.failed(error)

    def prepare_to_exit_span(
        self, id_: str, bound_args: inspect.BoundArguments, instance: Any | None = None, result: Any | None = None,
        **_: Any,
    ) -> None:  # fmt: skip
        """A call has returned."""
        del bound_args
        _in_tool.discard(id_)
        for turns in list(ALL_TURNS):
            try:
                turns.leave_span(id_, instance, result)
            except Exception as error:  # noqa: BLE001 (the dispatcher would swallow it without a word)
                turns.failed(error)

    def prepare_to_drop_span(
        self, id_: str, bound_args: inspect.BoundArguments, instance: Any | None = None,
        err: BaseException | None = None, **_: Any,
    ) -> None:  # fmt: skip
        """A call has failed."""
        del err
        self.prepare_to_exit_span(id_, bound_args, instance, None)
