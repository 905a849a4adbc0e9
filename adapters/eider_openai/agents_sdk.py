"""Instructions and tools for agents of OpenAI's Agents SDK; their sessions are in `eider_openai.session`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from agents import FunctionTool

from eider import Conversation
from eider.api.tools import PREFIX
from eider_openai.kit import tools
from eider_openai.wrapped import HOST

if TYPE_CHECKING:
    from eider import Eider

Whose = str | Callable[[Any], str] | None
"""A user, or a function of the run's context (`RunContextWrapper.context`) that says who it is."""


def guided(
    memory: Eider, instructions: str = "", *, user: Whose = None, scopes: Sequence[str] = (), context: str | None = None
) -> Callable[[Any, Any], Awaitable[str]]:
    """Instructions for `Agent(instructions=guided(memory, "Be brief."))`: yours, then what the user wants obeyed.

    Args:
        memory: An open memory.
        instructions: What the agent is told anyway.
        user: Whose, or a function of the run's context; by default as `eider.open` was told.
        scopes: Where the agent works.
        context: What the work is about.
    """
    fixed = Conversation(memory, scopes=scopes, context=context, host=HOST)

    async def with_guidance(run: Any, agent: Any) -> str:
        del agent
        whose = fixed.of(user=user(run.context) if callable(user) else user)
        whose.require_user()
        policy = await whose.aguidance(instructions)
        return "\n\n".join(part for part in (instructions, policy.text) if part)

    return with_guidance


def function_tools(
    memory: Eider, *, user: str, scopes: Sequence[str] | None = None, loop: object | None = None,
    context: str | None = None, prefix: str = PREFIX,
) -> list[FunctionTool]:  # fmt: skip
    """The seven memory tools for `Agent(tools=…)`; the arguments are those of `tools`."""
    kit = tools(memory, user=user, scopes=scopes, loop=loop, context=context, prefix=prefix)

    def made(name: str, description: str, schema: dict[str, Any]) -> FunctionTool:
        async def call(run: Any, arguments: str) -> str:
            return await asyncio.to_thread(kit.call, name, arguments, f"{HOST}:{run.tool_call_id}")

        return FunctionTool(
            name=name, description=description, params_json_schema=schema, on_invoke_tool=call, strict_json_schema=False
        )

    return [made(tool.name, tool.description, dict(tool.schema)) for tool in kit.toolbox.tools()]
