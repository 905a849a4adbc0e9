"""Eider for Anthropic's library: memory for any client, Claude's memory tool on a store, and the seven tools."""

from __future__ import annotations

from eider.model.errors import MissingExtraError

try:
    import anthropic as _anthropic
except ImportError as error:
    raise MissingExtraError("anthropic", "anthropic") from error

from eider_anthropic.files import FileVersion
from eider_anthropic.kit import MemoryTools, tools
from eider_anthropic.memory_tool import AsyncEiderMemoryTool, EiderMemoryTool
from eider_anthropic.wrapped import conversation_of, wrap

__all__ = ["AsyncEiderMemoryTool", "EiderMemoryTool", "FileVersion", "MemoryTools", "conversation_of", "tools", "wrap"]
del _anthropic
