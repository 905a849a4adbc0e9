"""Eider as an MCP server: tools, resources and prompts over one memory, on stdio and streamable HTTP.

from eider_mcp import server

server(memory, user="ada").run()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server import MCPServer

    import eider

__all__ = ["server"]


def server(
    memory: eider.Eider | Callable[[], eider.Eider], *, user: str, scopes: Sequence[str] | None = None,
    context: str | None = None, loop: object | None = None, read_only: bool = False, turns: bool = True,
) -> MCPServer[Any]:  # fmt: skip
    """An MCP server over a memory; tools, resources and prompts of your own can be added to it.

    What enters through it was said by an agent, whatever it claims, and no model can change whose memory it is.

    Args:
        memory: An open memory, or what opens one: asked with the first call, and again where that failed.
        user: Whose.
        scopes: Where the agent works: it sees these and what is global, and keeps things under the first.
        context: What the work is about; recalled for where a model asks nothing in particular.
        loop: Open loop, or its id, that recalls belong to and outcomes are told of. Without one an outcome is told
            of what the conversation recalled since the last.
        read_only: Offer nothing that writes.
        turns: Whether the server serves one conversation. If many share it, nothing can be told of what was
            recalled, unless a loop is given.

    Raises:
        MissingExtraError: The package `mcp` is not installed.
        InputError: An argument cannot be used.
    """
    from eider.model.errors import InputError

    if isinstance(scopes, str):
        raise InputError(f"scopes={scopes!r} is one text; pass a list of scopes.")
    require()
    from eider_mcp.access import MemoryAccess
    from eider_mcp.serving import server_of

    opens = memory if callable(memory) else lambda: memory
    return server_of(
        MemoryAccess(opens=opens, user=user, scopes=tuple(scopes or ()), context=context, read_only=read_only, turns=turns,
               loop=None if loop is None else str(getattr(loop, "id", loop)))
    )  # fmt: skip


def require() -> None:
    """Raise unless the SDK is there, in a version this speaks.

    Raises:
        MissingExtraError: It is not.
    """
    from importlib.util import find_spec

    from eider.model.errors import MissingExtraError

    if find_spec("mcp") is None or find_spec("mcp_types") is None:  # mcp 1.x has no mcp_types
        raise MissingExtraError("mcp", "mcp")
