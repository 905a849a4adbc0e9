"""An agent of OpenAI's Agents SDK that is told once: its session learns, its instructions obey, in another session too.

Run it: python examples/openai_agent.py (without a key: the model is a few lines that quote their instructions)
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

import eider
from eider_openai import EiderSession, guided


class Quoting(Model):
    """Stands in for a model; yours is "gpt-5" or any other."""

    async def get_response(self, system_instructions: str | None, *args: Any, **kwargs: Any) -> ModelResponse:
        """Say what the agent was told."""
        del args, kwargs
        told = " ".join((system_instructions or "nothing").split())
        text = ResponseOutputText(type="output_text", text=f"I was told: {told}", annotations=[])
        message = ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[text])
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        """Refuse: this stand-in answers whole."""
        del args, kwargs
        raise TypeError("this stand-in does not stream; use Runner.run")


async def main(memory: eider.Eider) -> None:
    """Two sessions; what is said in the first is obeyed in the second."""
    agent = Agent(name="reviewer", model=Quoting(), instructions=guided(memory, "You help with reviews."))
    monday, tuesday = EiderSession(memory, "monday"), EiderSession(memory, "tuesday")
    for session, text in (
        (monday, "How do I write a review?"), (monday, "No, please write in paragraphs."), (tuesday, "And a commit message?"),
    ):  # fmt: skip
        result = await Runner.run(agent, text, session=session)
        print(f"{session.session_id}, user:  {text}\n{session.session_id}, agent: {result.final_output}")
        await session.aflush(10)  # only because this script is faster than people
    print("monday holds", len(await monday.get_items()), "items")


if __name__ == "__main__":
    set_tracing_disabled(True)
    with tempfile.TemporaryDirectory() as folder, eider.open(f"{folder}/m.eider", user="ada") as opened:
        asyncio.run(main(opened))
