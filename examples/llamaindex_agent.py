"""A LlamaIndex agent with a memory: it is told once, in one session, and obeys in another; two workers share a session.

Run it: python examples/llamaindex_agent.py (without a key: a mock model of the framework)
"""

from __future__ import annotations

import asyncio
import tempfile
import warnings
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.mock import MockFunctionCallingLLM

import eider
from eider_llamaindex import EiderToolSpec, eider_memory

told: list[str] = []


async def answers(messages: Any, **_: Any) -> Any:
    """Stands in for a model, and notes what it was sent."""
    told.append("\n".join(str(message.content) for message in messages))
    yield ChatMessage(role="assistant", content="- Name the file.\n- Say what is wrong.")


async def main(memory: eider.Eider) -> None:
    """Monday's correction is in Tuesday's prompt."""
    model: Any = answers
    agent: Any = FunctionAgent(
        llm=MockFunctionCallingLLM(response_generator=model), tools=EiderToolSpec(memory).to_tool_list(),
    )  # fmt: skip
    for session, text in (
        ("monday", "How do I write a review?"), ("monday", "No, please write in paragraphs."), ("tuesday", "And a message?"),
    ):  # fmt: skip
        talk = eider_memory(memory, session=session)
        await agent.run(user_msg=text, memory=talk)
        talk.sql_store.flush(10)  # pyright: ignore[reportAttributeAccessIssue] (only because this script is so fast)
        print(f"{session} > {text}; the model is told of paragraphs: {'standing instructions' in told[-1]}")
    one, two = eider_memory(memory, session="monday"), eider_memory(memory, session="monday")
    await one.aput(ChatMessage(role="user", content="Said to the first worker."))
    print("the second worker sees:", (await two.aget_all())[-1].content)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of the framework's own
    with tempfile.TemporaryDirectory() as place, eider.open(f"{place}/m.eider", user="ada") as opened:
        asyncio.run(main(opened))
