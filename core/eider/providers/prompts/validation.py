"""Is a direction meant to stand? What hedges, asks or holds for one turn only is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, Field

from eider.model.llm import Prompt
from eider.providers.prompts import instructions, number_texts

NAME: Final = "validation"
VERSION: Final = "1"
SYSTEM: Final = instructions(
    "A user gave an agent numbered directions. Say of each whether it is meant to stand for later work: true for what is said "
    "firmly or as a habit, false for what only hedges ('maybe', 'I might want', 'not sure'), asks, wonders, or holds for one "
    "turn only. A polite or short direction stands. When in doubt it stands: the user gave it on purpose.",
)


class DirectionVerdict(BaseModel):
    """What one direction is."""

    direction: int = Field(description="number of the direction")
    reasoning: str = Field(description="a few words")
    stands: bool
    confidence: float = Field(description="0 to 1")


class ValidationAnswer(BaseModel):
    """What all of them are."""

    verdicts: list[DirectionVerdict]


def prompt(directions: Sequence[str]) -> Prompt[ValidationAnswer]:
    """Ask which directions stand."""
    return Prompt(
        name=NAME, version=VERSION, system=SYSTEM, answer=ValidationAnswer, max_tokens=200 + 80 * len(directions),
        text=number_texts("direction", directions),
    )  # fmt: skip
