"""The seven memory tools for Anthropic's Messages API: their definitions, and answers to what the model calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from anthropic.lib.tools import BetaAsyncBuiltinFunctionTool, BetaBuiltinFunctionTool, ToolError

from eider.api.tools import Answer, ClientTools, Toolbox

if TYPE_CHECKING:
    from anthropic.types.beta import BetaToolParam

Block = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryTools(ClientTools):
    """Seven tools over one user's memory, for loops of one's own and for `tool_runner`."""

    CHANNEL: ClassVar[str] = "anthropic"

    def definitions(self) -> list[Any]:
        """For `tools=` of `messages.create` and `messages.stream`."""
        return self.toolbox.anthropic()

    def answer(self, message: Any) -> list[Any]:
        """Answers to what a message calls of these tools, for the content of the next user message.

        Calls of other tools are left to the host. A call that is answered twice is carried out once.

        Args:
            message: A message of the model, or its content.
        """
        return [self._result(call) for call in _tool_calls(message, {tool.name for tool in self.toolbox.tools()})]

    async def aanswer(self, message: Any) -> list[Any]:
        """`answer` for async code."""
        return await asyncio.to_thread(self.answer, message)

    def runnable(self) -> list[BetaBuiltinFunctionTool]:
        """For `tools=` of `client.beta.messages.tool_runner`."""
        return [_Runnable(self.toolbox, definition) for definition in self.toolbox.anthropic()]

    def arunnable(self) -> list[BetaAsyncBuiltinFunctionTool]:
        """`runnable` for an async client."""
        return [_AsyncRunnable(self.toolbox, definition) for definition in self.toolbox.anthropic()]

    def _result(self, call: Mapping[str, Any]) -> Block:
        answer = self.toolbox.call(call["name"], call["input"], key=f"{self.CHANNEL}:{call['id']}")
        result: Block = {"type": "tool_result", "tool_use_id": call["id"], "content": _json_text(answer)}
        return {**result, "is_error": True} if "error" in answer else result


tools = MemoryTools.bound


class _Runnable(BetaBuiltinFunctionTool):
    """One tool as `tool_runner` runs it."""

    def __init__(self, toolbox: Toolbox, definition: Mapping[str, Any]) -> None:
        self._toolbox, self._definition = toolbox, definition

    def to_dict(self) -> BetaToolParam:
        return _tool_param(self._definition)

    def call(self, input: object) -> str:  # noqa: A002 (the name of anthropic's method)
        return _result_text(self._toolbox.call(self._definition["name"], input))


class _AsyncRunnable(BetaAsyncBuiltinFunctionTool):
    """One tool as an async `tool_runner` runs it."""

    def __init__(self, toolbox: Toolbox, definition: Mapping[str, Any]) -> None:
        self._toolbox, self._definition = toolbox, definition

    def to_dict(self) -> BetaToolParam:
        return _tool_param(self._definition)

    async def call(self, input: object) -> str:  # noqa: A002 (the name of anthropic's method)
        return _result_text(await asyncio.to_thread(self._toolbox.call, self._definition["name"], input))


def _tool_param(definition: Mapping[str, Any]) -> BetaToolParam:
    return {
        "name": definition["name"],
        "description": definition["description"],
        "input_schema": definition["input_schema"],
    }


def _result_text(answer: Answer) -> str:
    """What the runner sends; a fault goes as an error, and the model's turn goes on."""
    if "error" in answer:
        raise ToolError(_json_text(answer))
    return _json_text(answer)


def _json_text(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _tool_calls(message: Any, names: Collection[str]) -> list[Mapping[str, Any]]:
    """The calls of our tools within a message, whichever form it has."""
    content: Iterable[Any] = getattr(message, "content", message)
    if isinstance(content, Mapping):
        content = content.get("content", ())
    if isinstance(content, str):
        return []
    blocks = [block if isinstance(block, Mapping) else block.model_dump() for block in content]
    return [block for block in blocks if block.get("type") == "tool_use" and block.get("name") in names]
