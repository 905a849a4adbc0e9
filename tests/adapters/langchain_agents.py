"""What tests of the LangChain adapter share: the framework's own fake model, and an eye on what it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from pydantic import Field

import eider


class Scripted(GenericFakeChatModel):
    """LangChain's fake chat model; notes what it is sent, and takes tools (the stock one raises)."""

    seen: list[list[BaseMessage]] = Field(default_factory=list)

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.seen.append(list(messages))
        answer = super()._generate(messages, *args, **kwargs)
        if (message := answer.generations[0].message).content == "fails":
            raise ConnectionError(message.content)
        return answer

    def system(self, call: int = -1) -> str:
        """The system message of a call; empty without one."""
        first = self.seen[call][0]
        return str(first.text) if first.type == "system" else ""


def scripted(*answers: str | AIMessage) -> Scripted:
    """A model that gives these answers; it breaks at the answer "fails"."""
    return Scripted(messages=iter([AIMessage(a) if isinstance(a, str) else a for a in answers]))


def calling(tool: str, call: str = "call-1", **arguments: Any) -> AIMessage:
    """A model's turn that calls one tool."""
    return AIMessage("", tool_calls=[ToolCall(name=tool, args=arguments, id=call)])


def said(memory: eider.Eider, user: str) -> list[tuple[str, str]]:
    """What is kept verbatim of a user: (origin, text), in the order it was kept."""
    page = memory.search(kinds=["episode"], user=user, limit=100)
    found = sorted((r.episode for r in page.items if r.episode), key=lambda e: (e.recorded_at, e.seq))
    return [(e.origin, e.text) for e in found]


@pytest.fixture(name="memory", scope="module")
def a_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[eider.Eider]:
    """One store for a file; each test has a user of its own."""
    with eider.open(tmp_path_factory.mktemp("langchain") / "m.eider") as opened:
        yield opened


@pytest.fixture(name="ada")
def a_user() -> str:
    """Somebody nobody else is."""
    return f"ada-{uuid4().hex[:8]}"


def run_of(user: str, thread: str = "t1") -> dict[str, Any]:
    """A run's config as hosts write it."""
    return {"configurable": {"user_id": user, "thread_id": thread}}
