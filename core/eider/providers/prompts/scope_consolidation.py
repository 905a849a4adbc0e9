"""Which scopes mean the same, or too much? A plan of merges, renames and splits for a person to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, Literal

from pydantic import BaseModel, Field

from eider.model.llm import Prompt
from eider.providers.prompts import instructions

NAME: Final = "scope_consolidation"
VERSION: Final = "1"
SYSTEM: Final = instructions(
    "You tidy up the scopes an agent files its memories under. Given each scope with examples of what is in it, propose: merge "
    "(two or more that mean the same; the result is one of them), rename (a name that does not say what is in it), split (one "
    "that holds two separate kinds of work). Propose only what is clearly better; mostly nothing is to be done.",
    "Names are one or two short lowercase words with a dash between them, or keep their prefix, such as 'project:'.",
)


class ScopeStep(BaseModel):
    """One change."""

    reasoning: str = Field(description="one sentence")
    op: Literal["merge", "rename", "split"]
    scopes: list[int] = Field(description="numbers of the scopes it is about")
    into: list[str] = Field(description="the resulting name; for a split the two or more resulting names")


class ScopeConsolidationAnswer(BaseModel):
    """The plan."""

    reasoning: str = Field(description="in one or two sentences: what overlaps, what is too wide")
    steps: list[ScopeStep]


def prompt(scopes: Mapping[str, Sequence[str]]) -> Prompt[ScopeConsolidationAnswer]:
    """Ask for a plan; scopes are given with examples of their memories."""
    blocks: list[str] = []
    for n, (name, texts) in enumerate(scopes.items(), 1):
        lines = "\n".join(f"- {escape(' '.join(t.split())[:200], quote=False)}" for t in texts[:8])
        blocks.append(f'<scope n="{n}" name="{escape(name)}">\n{lines}\n</scope>')
    return Prompt(
        name=NAME,
        version=VERSION,
        system=SYSTEM,
        answer=ScopeConsolidationAnswer,
        max_tokens=1_500,
        text="\n".join(blocks),
    )
