"""Eider for pydantic-ai: memory as a capability or a toolset, message histories, and models that Eider may ask."""

from __future__ import annotations

from eider.errors import MissingExtraError

try:
    import pydantic_ai as _pydantic_ai
except ImportError as error:
    raise MissingExtraError("pydantic-ai-slim", "pydantic-ai") from error

from eider_pydantic_ai.capability import EiderCapability
from eider_pydantic_ai.history import EiderHistory
from eider_pydantic_ai.model import EiderModel, as_model
from eider_pydantic_ai.toolset import memory_toolset

__all__ = ["EiderCapability", "EiderHistory", "EiderModel", "as_model", "memory_toolset"]
del _pydantic_ai
