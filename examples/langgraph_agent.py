"""A LangGraph agent with a memory and a long-term store: what one thread taught it, the next one knows.

Runs without a key on a scripted model. With ANTHROPIC_API_KEY set, and `pip install langchain-anthropic`, on a real one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain.tools import ToolRuntime, tool
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langgraph.checkpoint.memory import InMemorySaver

import eider
from eider_langchain import EiderMemoryMiddleware, EiderStore


@tool
def note_city(city: str, runtime: ToolRuntime) -> str:
    """Note where the user lives."""
    assert runtime.store is not None  # noqa: S101 (the agent was given one)
    runtime.store.put(("users", "ada"), "city", {"city": city})
    return f"noted: {city}"


class Scripted(GenericFakeChatModel):
    """Says its lines, and shows what it was asked to obey."""

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        """Take the tools, as a real model would."""
        del tools, kwargs
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        told = messages[0].text if messages[0].type == "system" else "nothing yet"
        print(f"  the model is asked to obey: {' '.join(told.split())}")
        return super()._generate(messages, *args, **kwargs)


LINES: Iterator[AIMessage] = iter([
    AIMessage("- Name the file.\n- Say what is wrong."),
    AIMessage("", tool_calls=[ToolCall(name="note_city", args={"city": "Bergen"}, id="1")]),
    AIMessage("Name the file, and say what is wrong. Bergen is noted."),
    AIMessage("", tool_calls=[ToolCall(name="note_city", args={"city": "Oslo"}, id="2")]),
    AIMessage("Begin with the why. Oslo is noted."),
])  # fmt: skip


def model() -> BaseChatModel:
    """A real model where there is a key."""
    if os.environ.get("ANTHROPIC_API_KEY"):
        from langchain_anthropic import ChatAnthropic

        return ChatAnthropic(model_name="claude-haiku-4-5", timeout=60, stop=None)
    return Scripted(messages=LINES)


def talk(path: Path, thread: str, *lines: str) -> None:
    """One process: open the memory, build the agent, talk in one thread."""
    with eider.open(path) as memory:
        middleware = EiderMemoryMiddleware(memory)
        agent = create_agent(
            model(),
            tools=[note_city],
            middleware=[middleware],
            store=EiderStore(memory, keep_history=True),
            checkpointer=InMemorySaver(),
        )
        for line in lines:
            print(f"> {line}")
            config: Any = {"configurable": {"user_id": "ada", "thread_id": thread}}
            said: Any = {"messages": [("user", line)]}
            print(agent.invoke(said, config)["messages"][-1].text)
            middleware.flush()  # it learns behind the turn; here each turn shall know what the last one taught


with tempfile.TemporaryDirectory() as place:
    memory_path = Path(place) / "memory.eider"
    talk(memory_path, "monday", "How do I write a review?", "No, please write in paragraphs. I live in Bergen.")
    print("\n… a week later, another process, another thread …\n")
    talk(memory_path, "tuesday", "How do I write a commit message? By the way, I have moved to Oslo.")
    with eider.open(memory_path) as kept:
        versions = EiderStore(kept, keep_history=True).history(("users", "ada"), "city")
        print("\nthe store holds:", " → ".join(item.value["city"] for item in versions))
