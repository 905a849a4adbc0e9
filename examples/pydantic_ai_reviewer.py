"""A reviewer on pydantic-ai that obeys corrections: told once, it reviews that way from then on, in every process.

Runs without a key on a scripted model. With ANTHROPIC_API_KEY set, and `pip install 'pydantic-ai-slim[anthropic]'`, on a real one.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

import eider
from eider_pydantic_ai import EiderCapability, EiderHistory

DIFFS = ("retry.py: +for n in range(99): send()", "ledger.py: +total = total + amt", "report.py: +print(secret)")


@dataclass
class Review:
    """What a review is about."""

    reviewer: str
    project: str


def scripted(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Stands in for a model: it writes bullet points until it is told not to."""
    told = (info.instructions or "").lower()
    points = ["A name says what it holds.", "Nothing is repeated without a limit."]
    return ModelResponse([TextPart(" ".join(points) if "paragraphs" in told else "\n".join(f"- {p}" for p in points))])


def model() -> Any:
    """A real model where there is a key."""
    return "anthropic:claude-haiku-4-5" if os.environ.get("ANTHROPIC_API_KEY") else FunctionModel(scripted)


def session(store: Path, *said: str) -> None:
    """One process: open the memory, make the agent, talk."""
    with eider.open(store) as memory:
        gives = EiderCapability(
            memory, user=lambda run: run.deps.reviewer, scopes=lambda run: [f"project:{run.deps.project}"]
        )
        agent = Agent(model(), capabilities=[gives], deps_type=Review, instructions="Review what you are shown.")
        history, deps = EiderHistory(memory, user="ada"), Review(reviewer="ada", project="ledger")
        for words in said:
            print(f"> {words}")
            result = agent.run_sync(words, deps=deps, message_history=history.load("reviews", limit=20))
            history.append("reviews", result.new_messages())
            print(result.output)
            gives.flush()
        policy = memory.policy(user="ada", scopes=["project:ledger"])
        print(f"  obeys: {', '.join(rule.text for rule in policy.memories) or 'nothing yet'}")


with tempfile.TemporaryDirectory() as place:
    memory_path = Path(place) / "memory.eider"
    session(memory_path, f"Review {DIFFS[0]}")
    session(memory_path, "No, please write in paragraphs.", f"Review {DIFFS[1]}")
    print("\n… a day later, in another process …\n")
    session(memory_path, f"Review {DIFFS[2]}")
