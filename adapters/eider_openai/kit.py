"""The seven memory tools for chat completions and Responses: their definitions, and answers to what the model calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from eider.api.tools import ClientTools
from eider_openai.reading import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryTools(ClientTools):
    """Seven tools over one user's memory, for loops of one's own."""

    CHANNEL: ClassVar[str] = "openai"

    def definitions(self) -> list[Any]:
        """For `tools=` of `responses.create`."""
        return [{"type": "function", "strict": False, **definition} for definition in self.toolbox.definitions()]

    def chat_definitions(self) -> list[Any]:
        """For `tools=` of `chat.completions.create`."""
        return self.toolbox.openai()

    def answer(self, response: Any) -> list[Any]:
        """Answers to what an answer of the model calls of these tools, for the next request's `input` or `messages`.

        Calls of other tools are left to the host. A call that is answered twice is carried out once.

        Args:
            response: A response, a chat completion, or the output or message of one.
        """
        message: Any = getattr(response, "choices", None)
        message = message[0].message if isinstance(message, list) else response
        calls = plain(message).get("tool_calls")
        if calls:
            return [
                {"role": "tool", "tool_call_id": call["id"], "content": text}
                for call in map(plain, calls) if (text := self._text(plain(call.get("function")), call["id"])) is not None
            ]  # fmt: skip
        output = message if isinstance(message, (list, tuple)) else getattr(message, "output", ())
        return [
            {"type": "function_call_output", "call_id": call["call_id"], "output": text}
            for call in map(plain, output)
            if call.get("type") == "function_call" and (text := self._text(call, call["call_id"])) is not None
        ]

    async def aanswer(self, response: Any) -> list[Any]:
        """`answer` for async code."""
        return await asyncio.to_thread(self.answer, response)

    def call(self, name: str, arguments: str, key: str | None = None) -> str:
        """Answer one call; its arguments are JSON as the model wrote it."""
        try:
            given: Any = json.loads(arguments or "{}")
        except ValueError:
            given = arguments
        return json.dumps(self.toolbox.call(name, given, key=key), ensure_ascii=False)

    def _text(self, call: Mapping[str, Any], key: str) -> str | None:
        """The answer to a call; None to one of another tool."""
        name = str(call.get("name", ""))
        if name not in {tool.name for tool in self.toolbox.tools()}:
            return None
        return self.call(name, str(call.get("arguments") or ""), f"{self.CHANNEL}:{key}")


tools = MemoryTools.bound
