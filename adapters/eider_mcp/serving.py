"""The MCP server: tools, resources and prompts over one memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, TextContent, ToolAnnotations

from eider_mcp.access import MemoryAccess
from eider_mcp.offered import about_server, instructions, offered
from eider_mcp.prompts import add_prompts
from eider_mcp.resources import add_resources
from eider_mcp.shapes import ToolForm

if TYPE_CHECKING:
    from eider.api.tools import Answer

_EMPTY_TEXTS: Final = {"recall": "Nothing is known about that.", "search": "Nothing is kept that fits.",
                   "policy": "Nothing is known that guides this work."}  # fmt: skip


def server_of(access: MemoryAccess, *, listens: bool = True) -> MCPServer[Any]:
    """An MCP server over one memory; any transport of the SDK serves it.

    Args:
        access: What it may ask of the memory.
        listens: Whether a client may wait for news, which keeps its request open.
    """
    about = about_server()
    made: MCPServer[Any] = MCPServer(
        about["name"], title=about["title"], instructions=instructions(access), version=about["version"], log_level="WARNING",
        tools=[_tool(access, name, about, schema, form) for name, about, schema, form in offered(access)],
        subscriptions=None if listens else False,
    )  # fmt: skip
    add_resources(made, access)
    add_prompts(made, access)
    return made


class MemoryTool(Tool):
    """One tool whose arguments are checked, and whose calls are answered, by the memory."""

    async def run(self, arguments: dict[str, Any], context: Any, convert_result: bool = False) -> Any:
        """Answer one call; a fault is an answer that says what to do."""
        del context, convert_result
        begun = self.fn(self.name, arguments)  # before anything is waited for: a client may be gone by then
        answer = await to_thread.run_sync(begun.result, abandon_on_cancel=True)
        if "error" in answer:
            fault: Mapping[str, str] = answer["error"]
            return CallToolResult(content=[_text_content(f"{fault['message']}; {fault['fix']}")], is_error=True)
        return CallToolResult(content=[_text_content(_answer_text(self.name, answer))], structured_content=answer)


def _answer_text(name: str, answer: Answer) -> str:
    """The answer for clients that show a model text only."""
    if name in _EMPTY_TEXTS:
        return str(answer["text"]) or _EMPTY_TEXTS[name]
    facts = ", ".join(
        f"{key}: {_value_text(value)}" for key, value in answer.items() if key != "text" and value not in ([], None)
    )
    return "\n".join(filter(None, (facts, answer.get("text"))))


def _value_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{k}={_value_text(v)}" for k, v in value.items())
    return (
        " ".join(map(str, value))
        if isinstance(value, list)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def _text_content(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _tool(access: MemoryAccess, name: str, about: str, schema: dict[str, Any], form: ToolForm) -> Tool:
    hints = ToolAnnotations(
        title=form.title, read_only_hint=not form.writes, destructive_hint=form.destroys, idempotent_hint=form.repeats,
        open_world_hint=False,
    )  # fmt: skip
    return MemoryTool(
        fn=access.start_call, name=name, context_kwarg=None, title=form.title, description=about, parameters=schema, is_async=False, annotations=hints,
        meta={"anthropic/alwaysLoad": True} if form.first else None,
        fn_metadata=FuncMetadata(arg_model=ArgModelBase, output_schema=dict(form.answer)),
    )  # fmt: skip
