"""What tests of the LangChain adapter share: the framework's own fake model, and an eye on what it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from pydantic import Field


class Scripted(GenericFakeChatModel):
    """LangChain's fake chat model; notes what it is sent, and takes tools (the stock one raises)."""

    seen: list[list[BaseMessage]] = Field(default_factory=list)

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.seen.append(list(messages))
        return super()._generate(messages, *args, **kwargs)

    def system(self, call: int = -1) -> str:
        """The system message of a call; empty without one."""
        first = self.seen[call][0]
        return str(first.text) if first.type == "system" else ""


def scripted(*answers: str | AIMessage) -> Scripted:
    return Scripted(messages=iter([AIMessage(a) if isinstance(a, str) else a for a in answers]))


def calling(name: str, call: str = "call-1", **arguments: Any) -> AIMessage:
    """A model's turn that calls one tool."""
    return AIMessage("", tool_calls=[ToolCall(name=name, args=arguments, id=call)])


def texts(found: Iterable[Any]) -> list[str]:
    return [f.text for f in found]
