"""Eider for OpenAI's library and its Agents SDK: memory for any client, the seven tools, and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eider.model.errors import MissingExtraError

try:
    import openai as _openai
except ImportError as error:
    raise MissingExtraError("openai", "openai") from error

from eider_openai.kit import MemoryTools, tools
from eider_openai.wrapped import conversation_of, wrap

if TYPE_CHECKING:
    from eider_openai.agents_sdk import function_tools, guided
    from eider_openai.session import EiderSession

__all__ = ["EiderSession", "MemoryTools", "conversation_of", "function_tools", "guided", "tools", "wrap"]
del _openai


def __getattr__(name: str) -> Any:
    """What serves the Agents SDK is loaded when it is asked for; a session needs no package of it."""
    from importlib import import_module

    if name == "EiderSession":
        return import_module("eider_openai.session").EiderSession
    if name in ("function_tools", "guided"):
        try:
            return getattr(import_module("eider_openai.agents_sdk"), name)
        except ModuleNotFoundError as error:
            raise ImportError(f"{name} needs the Agents SDK; run: pip install openai-agents") from error
    raise AttributeError(f"module 'eider_openai' has no attribute {name!r}")
