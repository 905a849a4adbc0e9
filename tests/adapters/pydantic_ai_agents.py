"""Agents with scripted models, and what a memory holds afterwards."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

import eider


@pytest.fixture(autouse=True)
def own_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """`run_sync` runs on the thread's loop, and makes one that nobody closes where there is none."""
    if inspect.iscoroutinefunction(request.function):
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


Said = str | ToolCallPart


class Script:
    """Answers in order, whole or streamed, the last one again and again; keeps what it was sent."""

    def __init__(self, *answers: Said) -> None:
        self._answers = list(answers) or ["Done."]
        self.sent: list[tuple[list[ModelMessage], AgentInfo]] = []
        self.model = FunctionModel(self._whole, stream_function=self._stream)

    def instructions(self, at: int = -1) -> str:
        return self.sent[at][1].instructions or ""

    def prompts(self, at: int = -1) -> list[str]:
        """The user's parts of the last request the model saw."""
        requests = [m for m in self.sent[at][0] if isinstance(m, ModelRequest)]
        return [str(p.content) for m in requests for p in m.parts if p.part_kind == "user-prompt"]

    def _next(self, messages: list[ModelMessage], info: AgentInfo) -> Said:
        self.sent.append((messages, info))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def _whole(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        said = self._next(messages, info)
        return ModelResponse(parts=[TextPart(said) if isinstance(said, str) else said])

    async def _stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        said = self._next(messages, info)
        if isinstance(said, str):
            for word in said.split(" "):
                yield f"{word} "
        else:
            yield {
                0: DeltaToolCall(name=said.tool_name, json_args=said.args_as_json_str(), tool_call_id=said.tool_call_id)
            }


def agent(script: Script, *capabilities: Any, **more: Any) -> Agent[Any, Any]:
    return Agent(script.model, capabilities=capabilities, **more)


def kept(memory: eider.Eider, user: str = "ada") -> list[tuple[str, int, str]]:
    """What is kept verbatim: (role, trust, text), oldest first."""
    found = [r.episode for r in memory.search(kinds=["episode"], user=user, limit=100).items if r.episode]
    return [(e.role, e.trust, e.text.strip()) for e in sorted(found, key=lambda e: (e.recorded_at, e.seq))]


def texts(messages: Sequence[ModelMessage]) -> str:
    return "\n".join(str(part) for message in messages for part in message.parts)
