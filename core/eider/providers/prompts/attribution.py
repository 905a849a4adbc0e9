"""Which memories is a statement, or an outcome, about? Numbers out of those shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, Field

from eider.model.llm import Prompt
from eider.providers.prompts import data, instructions, number_texts

NAME: Final = "attribution"
VERSION: Final = "1"
SYSTEM: Final = instructions(
    "An agent worked with numbered memories, and its user then said something about what it did. Name the memories that this "
    "is about: those the agent followed, ignored or got wrong there. A memory that merely shares a topic is not meant. Often "
    "none is: then the list is empty.",
)


class Attributed(BaseModel):
    """One memory it is about."""

    memory: int = Field(description="number of the memory")
    confidence: float = Field(description="0 to 1")


class AttributionAnswer(BaseModel):
    """What it is about."""

    reasoning: str = Field(
        description="one sentence: what of the agent's work the user speaks of, and which memory led to it"
    )
    memories: list[Attributed]


def prompt(said: str, output: str, memories: Sequence[str]) -> Prompt[AttributionAnswer]:
    """Ask which memories what was said is about."""
    return Prompt(
        name=NAME, version=VERSION, system=SYSTEM, answer=AttributionAnswer, max_tokens=600,
        text="\n".join([data("agent", output, 3_000), data("reply", said, 2_000), number_texts("memory", memories)]),
    )  # fmt: skip
