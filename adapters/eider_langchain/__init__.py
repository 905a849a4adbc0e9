"""Eider in LangChain and LangGraph.

    from eider_langchain import EiderMemoryMiddleware, EiderStore

Importing this costs nothing; each class brings its part of the framework when it is first named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eider_langchain.callback import EiderCallbackHandler
    from eider_langchain.classic import EiderMemory
    from eider_langchain.guidance import guided
    from eider_langchain.history import EiderChatMessageHistory
    from eider_langchain.middleware import EiderMemoryMiddleware
    from eider_langchain.model import as_model
    from eider_langchain.retriever import EiderRetriever
    from eider_langchain.runs import keep_nodes
    from eider_langchain.store import EiderStore
    from eider_langchain.store_aio import AsyncEiderStore
    from eider_langchain.tools import EiderTool, memory_tools

_HOME = {
    "AsyncEiderStore": "store_aio",
    "EiderCallbackHandler": "callback", "EiderChatMessageHistory": "history",
    "EiderMemory": "classic", "EiderMemoryMiddleware": "middleware", "EiderRetriever": "retriever",
    "EiderStore": "store", "EiderTool": "tools", "as_model": "model", "guided": "guidance", "keep_nodes": "runs", "memory_tools": "tools",
}  # fmt: skip
_EXTRAS = {"langchain_classic": "langchain-classic"}
_PACKAGES = ("langchain", "langchain_core", "langchain_classic", "langgraph")

__all__ = [
    "AsyncEiderStore", "EiderCallbackHandler", "EiderChatMessageHistory", "EiderMemory", "EiderMemoryMiddleware",
    "EiderRetriever", "EiderStore", "EiderTool", "as_model", "guided", "keep_nodes", "memory_tools",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'eider_langchain' has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f"eider_langchain.{_HOME[name]}"), name)
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _PACKAGES:
            raise
        from eider.model.errors import MissingExtraError

        raise MissingExtraError(package, _EXTRAS.get(package, "langchain")) from error


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
