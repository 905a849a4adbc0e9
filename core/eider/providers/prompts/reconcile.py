"""What does a new statement mean for an older one? A relation for each pair that structure leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, Literal

from pydantic import BaseModel, Field

from eider.model.llm import Prompt
from eider.providers.prompts import instructions

ModelRelation = Literal["none", "add", "merge", "supersede", "retract", "scope_override", "contradiction"]
NAME: Final = "reconcile"
VERSION: Final = "1"
SYSTEM: Final = instructions(
    "You compare statements an agent keeps about its user. For each numbered pair say what the new statement means for the "
    "older one: none (it says the same, or nothing new), add (both hold, side by side), merge (the new one only refines the "
    "older), supersede (the same attribute of the same subject has another value now), retract (the older one no longer "
    "holds, and nothing takes its place), scope_override (the new one is an exception for some place or time; elsewhere the "
    "older one holds), contradiction (both cannot be true, and nothing says which is).",
    "Only the same subject and the same attribute can be superseded or retracted. When you are not sure, say add with a low "
    "confidence: losing what is true is worse than keeping both.",
)


class PairVerdict(BaseModel):
    """What one pair comes to."""

    pair: int = Field(description="number of the pair")
    reasoning: str = Field(description="one sentence: subject and attribute of both, and whether both can hold")
    relation: ModelRelation
    confidence: float = Field(description="0 to 1")


class ReconcileAnswer(BaseModel):
    """What all pairs come to."""

    verdicts: list[PairVerdict]


def prompt(pairs: Sequence[tuple[str, str]]) -> Prompt[ReconcileAnswer]:
    """Ask about pairs of an older and a new statement."""
    lines = [
        f'<pair n="{n}"><older>{escape(old, quote=False)}</older><new>{escape(new, quote=False)}</new></pair>'
        for n, (old, new) in enumerate(pairs, 1)
    ]
    return Prompt(
        name=NAME,
        version=VERSION,
        system=SYSTEM,
        answer=ReconcileAnswer,
        max_tokens=200 + 120 * len(pairs),
        text="\n".join(lines),
    )
