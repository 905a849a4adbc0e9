"""Where does a statement hold? One of the scopes there are, everywhere, or a new one where that is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, Field

from eider.model.llm import Prompt
from eider.providers.prompts import data, instructions, number_texts

NAME: Final = "scope"
VERSION: Final = "1"
SYSTEM: Final = instructions(
    "You say where a statement about a user holds: in one of the numbered scopes, or everywhere (0). Choose a scope only when "
    "the statement or its context says that it is meant for that project, role or kind of work; otherwise it holds everywhere.",
    "Where no scope fits and new ones are allowed you may name one: one or two short lowercase words with a dash between them.",
)


class ScopeAnswer(BaseModel):
    """Where it holds."""

    reasoning: str = Field(description="one sentence: what ties the statement to a place, if anything does")
    scope: int = Field(description="number of the scope, 0 for everywhere, -1 for a new one")
    new: str = Field(description="name of the new scope, else empty")
    confidence: float = Field(description="0 to 1")


def prompt(statement: str, context: str, scopes: Sequence[str], *, new: bool = False) -> Prompt[ScopeAnswer]:
    """Ask where a statement holds; `new` allows scopes that are not there yet."""
    may = "New scopes are allowed." if new else "New scopes are not allowed."
    return Prompt(
        name=NAME, version=VERSION, system=SYSTEM, answer=ScopeAnswer, max_tokens=300,
        text="\n".join([data("statement", statement, 600), data("context", context, 2_000), number_texts("scope", scopes), may]),
    )  # fmt: skip
