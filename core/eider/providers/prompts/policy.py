"""How do memories read as guidance? One line for each, in the agent's imperative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, Field

from eider.model.llm import Prompt
from eider.providers.prompts import data, instructions, number_texts

NAME: Final = "policy"
VERSION: Final = "1"
SYSTEM: Final = instructions(
    "You write the guidance an agent reads before it works for a user, from numbered memories. One line for what they come "
    "to, imperative, most important first; memories that say the same share a line; an exception stands in the line of what "
    "it excepts. Leave out what does not matter to the context, never what is marked pinned.",
    "Every line names the numbers it rests on. Take names, values and conditions over as they stand and add nothing: a line "
    "that says more than its memories is thrown away.",
)


class PolicyLine(BaseModel):
    """One line of guidance."""

    memories: list[int] = Field(description="numbers of the memories it rests on")
    text: str


class PolicyAnswer(BaseModel):
    """The guidance."""

    reasoning: str = Field(description="in one or two sentences: what matters to the context, what says the same")
    lines: list[PolicyLine]


def prompt(memories: Sequence[str], context: str = "", pinned: Sequence[int] = ()) -> Prompt[PolicyAnswer]:
    """Ask for guidance; `pinned` are the numbers, from 1, that must not be left out."""
    parts = [data("context", context, 2_000)] if context else []
    must = [f"Pinned: {', '.join(map(str, pinned))}."] if pinned else []
    return Prompt(
        name=NAME, version=VERSION, system=SYSTEM, answer=PolicyAnswer, max_tokens=2_000,
        text="\n".join([*parts, number_texts("memory", memories), *must]),
    )  # fmt: skip
