"""Eider for pydantic-ai: memory as a capability or a toolset, message histories, and models that Eider may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eider.model.errors import MissingExtraError

try:
    import pydantic_ai as _pydantic_ai
except ImportError as error:
    raise MissingExtraError("pydantic-ai-slim", "pydantic-ai") from error

from eider_pydantic_ai.capability import EiderCapability
from eider_pydantic_ai.history import EiderHistory
from eider_pydantic_ai.model import EiderModel, as_model
from eider_pydantic_ai.runs import keep_agent, keep_step
from eider_pydantic_ai.toolset import memory_toolset

if TYPE_CHECKING:
    from eider_pydantic_ai.conversations import EiderConversations

__all__ = [
    "EiderCapability", "EiderConversations", "EiderHistory", "EiderModel", "as_model", "keep_agent", "keep_step",
    "memory_toolset",
]  # fmt: skip
del _pydantic_ai


def __getattr__(name: str) -> Any:
    """What only newer versions of pydantic-ai can use is looked for when it is asked for."""
    if name != "EiderConversations":
        raise AttributeError(f"module 'eider_pydantic_ai' has no attribute {name!r}")
    try:
        from eider_pydantic_ai.conversations import EiderConversations as Found
    except ModuleNotFoundError as error:
        raise ImportError(
            "EiderConversations needs pydantic-ai-slim 2.68 or newer; run: pip install -U pydantic-ai-slim"
        ) from error
    return Found
