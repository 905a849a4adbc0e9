"""Eider in LlamaIndex: an event handler that learns, memory and chat store, a retriever, tools.

Importing this, and the event handler, costs milliseconds: `llama_index.core` is loaded only by what needs it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eider_llamaindex.block import EiderMemoryBlock
    from eider_llamaindex.chat_store import EiderChatStore
    from eider_llamaindex.handler import EiderEventHandler
    from eider_llamaindex.identity import speaking
    from eider_llamaindex.memory import eider_memory
    from eider_llamaindex.model import as_model
    from eider_llamaindex.prompt import guided
    from eider_llamaindex.retriever import EiderRetriever
    from eider_llamaindex.runs import keep_steps
    from eider_llamaindex.tool_spec import EiderToolSpec

_HOME = {
    "EiderEventHandler": "handler", "speaking": "identity", "EiderMemoryBlock": "block",
    "EiderChatStore": "chat_store", "eider_memory": "memory", "EiderRetriever": "retriever",
    "EiderToolSpec": "tool_spec", "as_model": "model", "guided": "prompt", "keep_steps": "runs",
}  # fmt: skip

__all__ = [
    "EiderChatStore", "EiderEventHandler", "EiderMemoryBlock", "EiderRetriever", "EiderToolSpec", "as_model",
    "eider_memory", "guided", "keep_steps", "speaking",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'eider_llamaindex' has no attribute {name!r}")
    if find_spec("llama_index_instrumentation") is None:
        from eider.model.errors import MissingExtraError

        raise MissingExtraError("llama-index-core", "llamaindex")
    return getattr(import_module(f"eider_llamaindex.{_HOME[name]}"), name)
