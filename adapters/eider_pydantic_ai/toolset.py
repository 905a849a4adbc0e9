"""The seven memory tools as a toolset of pydantic-ai."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pydantic_ai import FunctionToolset, RunContext, Tool
from pydantic_ai.messages import ToolReturn

from eider.api.tools import PREFIX, bind

if TYPE_CHECKING:
    from eider import Eider

T = TypeVar("T")
FromRun = T | Callable[[RunContext[Any]], T]
"""A value, or a function that finds it in a run: `lambda ctx: ctx.deps.user`."""
HOST: Final = "pydantic-ai"
TRUST: Final = "eider_trust"
"""In the metadata of what memory's own tools return: the least trust of what they showed."""


def memory_toolset(
    memory: Eider, *, user: FromRun[str | None] = None, scopes: FromRun[Sequence[str]] = (),
    loop: FromRun[str | None] = None, context: FromRun[str | None] = None, id: str | None = "eider",  # noqa: A002
    prefix: str = PREFIX,
) -> FunctionToolset[Any]:  # fmt: skip
    """The seven memory tools, for `Agent(toolsets=[…])`; what enters through them was said by an agent.

    A tool never raises: a fault is an answer that names the fix, and a memory that fails does not fail the run.

    Args:
        memory: An open memory.
        user: Whose, or a function of the run that says so; by default as `eider.open` was told.
        scopes: Where the agent works, or a function: it sees these and what is global, and keeps things under the first.
        loop: Open loop that recalls belong to, or a function.
        context: What the work is about, or a function.
        id: Name of the toolset.
        prefix: Put before the names of the tools, so that they do not meet the agent's own.
    """
    shown = bind(
        memory, user="anybody", scopes=() if callable(scopes) else scopes,
        context=None if callable(context) else context, channel=HOST, prefix=prefix,
    )  # fmt: skip

    def tool(about: Mapping[str, Any]) -> Tool[Any]:
        name = str(about["name"])

        def call(ctx: RunContext[Any], **arguments: Any) -> ToolReturn:
            toolbox = bind(
                memory, user=value_for_run(user, ctx) or memory.user or "", scopes=value_for_run(scopes, ctx),
                loop=value_for_run(loop, ctx), context=value_for_run(context, ctx), channel=HOST, prefix=prefix,
            )  # fmt: skip
            answer = toolbox.call(name, arguments, key=f"{HOST}:{ctx.run_id}:{ctx.tool_call_id}")
            trusts = [result["trust"] for result in answer.get("results", ())]
            return ToolReturn(return_value=answer, metadata={TRUST: min(trusts, default=2)})

        return Tool[Any].from_schema(call, name, about["description"], dict(about["parameters"]), takes_ctx=True)

    return FunctionToolset[Any]([tool(about) for about in shown.definitions()], id=id)


def value_for_run(found: FromRun[T], ctx: RunContext[Any]) -> T:
    """A value, or what the run says it is."""
    return cast("Callable[[RunContext[Any]], T]", found)(ctx) if callable(found) else cast("T", found)
