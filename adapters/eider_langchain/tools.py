"""Eider's seven tools as LangChain tools, for any agent, graph or `bind_tools`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

from eider.api import tools
from eider.api.conversation import Conversation
from eider.model.errors import InputError
from eider_langchain.identity import conversation_of_run

if TYPE_CHECKING:
    from eider import Eider


OWN_TOOL = "eider"
"""Marks Eider's own tools in their metadata: what they return is memory already."""


class EiderTool(BaseTool):
    """One of Eider's tools. It answers faults in words, so that an agent goes on without memory.

    The answer is JSON; its artifact is the same as a dict.
    """

    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    _conversation: Conversation = PrivateAttr()

    _tool: str = PrivateAttr()
    """The name that Eider knows it by, whatever it is called here."""

    def __init__(self, name: str, conversation: Conversation, prefix: str = tools.PREFIX) -> None:
        """Offer the tool of that name; whose memory it is, each run's context says where the conversation does not."""
        anybody = conversation.of(
            user=conversation.user or "anybody"
        )  # what a tool looks like does not depend on whose it is
        tool = next(t for t in anybody.toolbox(prefix).tools() if t.name == f"{prefix}{name}")
        super().__init__(
            name=tool.name, description=tool.description, args_schema=dict(tool.schema), metadata={OWN_TOOL: True}
        )
        self._conversation, self._tool = conversation, name

    def _to_args_and_kwargs(
        self, tool_input: str | dict[str, Any], tool_call_id: str | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        given = tool_input if isinstance(tool_input, dict) else {_first_argument(self): tool_input}
        return (), {"arguments": given, "call": tool_call_id}

    def _run(self, arguments: dict[str, Any], call: str | None, config: RunnableConfig) -> tuple[str, tools.Answer]:
        here = conversation_of_run(self._conversation, config)
        key = f"langchain:{here.session or ''}:{call}"[-250:] if call else None
        try:
            answer = here.toolbox().call(self._tool, arguments, key=key)
        except InputError as error:  # nobody said whose memory it is
            answer = tools.error_answer(error)
        return json.dumps(answer, ensure_ascii=False, default=str), answer


def _first_argument(tool: EiderTool) -> str:
    """The argument meant by a plain text."""
    schema: Any = tool.args_schema
    return next(iter(schema["properties"]))


def memory_tools(
    memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
    context: str | None = None, loop: str | None = None, only: Sequence[str] | None = None, prefix: str = tools.PREFIX,
) -> list[EiderTool]:  # fmt: skip
    """Tools with which a model uses memory itself: remember, recall, search, forget, correct, reinforce, signal_outcome.

    Args:
        memory: An open memory.
        user: Whose; by default as the run's context or config says, else as `eider.open` was told.
        session: Name of the conversation; by default the run's `thread_id`.
        scopes: Where the agent works.
        context: What the work is about; recalled for where the model asks nothing in particular.
        loop: Open loop that recalls belong to and an outcome is told of.
        only: Names of the tools to offer; by default all seven.
        prefix: Put before their names, so that they do not meet the agent's own tools.
    """
    conversation = Conversation(
        memory, user=user, session=session, scopes=scopes, context=context, loop=loop, host="langchain"
    )
    return tools_of(conversation, only, prefix)


def tools_of(
    conversation: Conversation, only: Sequence[str] | None = None, prefix: str = tools.PREFIX
) -> list[EiderTool]:
    """The tools over a conversation."""
    names = [*tools.TOOLS] if only is None else [*only]
    for name in names:
        if name not in tools.TOOLS:
            raise InputError(f"there is no tool {name!r}; use one of {', '.join(tools.TOOLS)}.")
    return [EiderTool(name, conversation, prefix) for name in names]
