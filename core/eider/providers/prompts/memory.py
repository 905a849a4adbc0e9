"""What does a signal come to? One statement for each quotation, in the third person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, Field

from eider.model.learned import MAX_WORDING
from eider.model.llm import Prompt
from eider.model.values import MemoryKind
from eider.providers.prompts import data, instructions, number_texts

NAME: Final = "memory"
VERSION: Final = "2"
SYSTEM: Final = instructions(
    "You put into plain words what an agent's user said; the words stand beside the quotation. For each numbered quotation write one "
    f"statement: a single sentence, third person ('The user …', 'The team …') or, for a rule, imperative ('Use …', 'Never …'), "
    f"present tense, at most {MAX_WORDING} characters, in the language of the quotation, understandable without the conversation.",
    "Say what the quotation says and no more: take names and values over as they stand, resolve 'it' and 'that' from what the "
    "agent had said, add nothing. Kinds: fact, preference, rule (what the agent is to do), decision, insight, context.",
    "Leave a quotation out when it says nothing that would matter in another conversation.",
)


class KeptMemory(BaseModel):
    """One statement."""

    signal: int = Field(description="number of the quotation it comes from")
    text: str
    kind: MemoryKind
    subject: str = Field(description="whom or what it is about, in one to three words: 'user', 'agent', 'team', a name")
    importance: int = Field(description="1 (a detail) to 5 (ignoring it does harm)")


class MemoryAnswer(BaseModel):
    """What the signals come to."""

    reasoning: str = Field(description="in one or two sentences: what was meant, and what 'it' and 'that' stand for")
    memories: list[KeptMemory]


def prompt(reply: str, quotes: Sequence[str], output: str) -> Prompt[MemoryAnswer]:
    """Ask for the wording of what the quotations say."""
    parts = [data("agent", output, 3_000)] if output else []
    return Prompt(
        name=NAME, version=VERSION, system=SYSTEM, answer=MemoryAnswer, max_tokens=1_200,
        text="\n".join([*parts, data("reply", reply), number_texts("quotation", quotes)]),
    )  # fmt: skip
