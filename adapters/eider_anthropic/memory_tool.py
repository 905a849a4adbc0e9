"""Claude's memory tool (`memory_20250818`) on an Eider store, for `tool_runner` and for loops of one's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from anthropic.lib.tools import BetaAbstractMemoryTool, BetaAsyncAbstractMemoryTool, ToolError

from eider.model.errors import EiderError
from eider.model.visible_text import visible_lines
from eider_anthropic.files import SCOPE, FileFault, FileVersion, MemoryFiles, error_text

if TYPE_CHECKING:
    from anthropic.types.beta import (
        BetaCacheControlEphemeralParam,
        BetaMemoryTool20250818CreateCommand,
        BetaMemoryTool20250818DeleteCommand,
        BetaMemoryTool20250818InsertCommand,
        BetaMemoryTool20250818RenameCommand,
        BetaMemoryTool20250818StrReplaceCommand,
        BetaMemoryTool20250818ViewCommand,
    )

    from eider import Eider

CHANNEL = "anthropic"


def _run_command(command: Callable[..., str], *given: Any) -> str:
    """The answer of a command; every fault is an answer to the model, which may send anything."""
    if any(value is None for value in given):
        raise ToolError("An argument is missing; pass all that the command needs.")
    try:
        return visible_lines(command(*given))
    except FileFault as fault:
        raise ToolError(visible_lines(str(fault))) from None
    except EiderError as error:
        raise ToolError(error_text(error)) from None


def _open_files(memory: Eider, user: str | None, scope: str) -> MemoryFiles:
    """What Claude writes was said by an agent, whatever it claims."""
    return MemoryFiles(memory=memory.channel(CHANNEL, "agent"), user=user, scope=scope)


class EiderMemoryTool(BetaAbstractMemoryTool):
    """The files that Claude keeps under `/memories`, in a store: versions stay, deleting erases.

    runner = client.beta.messages.tool_runner(…, tools=[EiderMemoryTool(memory, user="ada")])
    """

    def __init__(
        self, memory: Eider, *, user: str | None = None, scope: str = SCOPE,
        cache_control: BetaCacheControlEphemeralParam | None = None,
    ) -> None:  # fmt: skip
        """Open the directory of one user.

        Args:
            memory: An open memory.
            user: Whose; by default as `eider.open` was told.
            scope: Where the files are kept; another scope is another directory.
            cache_control: Sent with the tool's definition.
        """
        super().__init__(cache_control=cache_control)
        self.files = _open_files(memory, user, scope)

    def view(self, command: BetaMemoryTool20250818ViewCommand) -> str:
        """A file, or a listing."""
        return _run_command(partial(self.files.view, lines=command.view_range), command.path)

    def create(self, command: BetaMemoryTool20250818CreateCommand) -> str:
        """A new file."""
        return _run_command(self.files.create, command.path, command.file_text)

    def str_replace(self, command: BetaMemoryTool20250818StrReplaceCommand) -> str:
        """A text within a file."""
        return _run_command(self.files.replace, command.path, command.old_str, command.new_str)

    def insert(self, command: BetaMemoryTool20250818InsertCommand) -> str:
        """Text after a line."""
        return _run_command(self.files.insert, command.path, command.insert_line, command.insert_text)

    def delete(self, command: BetaMemoryTool20250818DeleteCommand) -> str:
        """Erase a file or a directory for good."""
        return _run_command(self.files.delete, command.path)

    def rename(self, command: BetaMemoryTool20250818RenameCommand) -> str:
        """Move a file or a directory."""
        return _run_command(self.files.rename, command.old_path, command.new_path)

    def clear_all_memory(self) -> str:
        """Erase every file."""
        return _run_command(self.files.clear)

    def history(self, path: str) -> list[FileVersion]:
        """Every version of a file, oldest first."""
        return self.files.history(path)


class AsyncEiderMemoryTool(BetaAsyncAbstractMemoryTool):
    """`EiderMemoryTool` for an async client."""

    def __init__(
        self, memory: Eider, *, user: str | None = None, scope: str = SCOPE,
        cache_control: BetaCacheControlEphemeralParam | None = None,
    ) -> None:  # fmt: skip
        """Open the directory of one user; the arguments are those of `EiderMemoryTool`."""
        super().__init__(cache_control=cache_control)
        self.files = _open_files(memory, user, scope)

    async def view(self, command: BetaMemoryTool20250818ViewCommand) -> str:
        """A file, or a listing."""
        return await _in_thread(partial(self.files.view, lines=command.view_range), command.path)

    async def create(self, command: BetaMemoryTool20250818CreateCommand) -> str:
        """A new file."""
        return await _in_thread(self.files.create, command.path, command.file_text)

    async def str_replace(self, command: BetaMemoryTool20250818StrReplaceCommand) -> str:
        """A text within a file."""
        return await _in_thread(self.files.replace, command.path, command.old_str, command.new_str)

    async def insert(self, command: BetaMemoryTool20250818InsertCommand) -> str:
        """Text after a line."""
        return await _in_thread(self.files.insert, command.path, command.insert_line, command.insert_text)

    async def delete(self, command: BetaMemoryTool20250818DeleteCommand) -> str:
        """Erase a file or a directory for good."""
        return await _in_thread(self.files.delete, command.path)

    async def rename(self, command: BetaMemoryTool20250818RenameCommand) -> str:
        """Move a file or a directory."""
        return await _in_thread(self.files.rename, command.old_path, command.new_path)

    async def clear_all_memory(self) -> str:
        """Erase every file."""
        return await _in_thread(self.files.clear)

    async def history(self, path: str) -> list[FileVersion]:
        """Every version of a file, oldest first."""
        return await asyncio.to_thread(self.files.history, path)


async def _in_thread(command: Callable[..., str], *given: Any) -> str:
    return await asyncio.to_thread(_run_command, command, *given)
