"""Is there anything lasting in a reply? Quotations of it, each with what kind of reason to remember it is."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, Field

from eider.model.llm import Prompt
from eider.model.values import Act, MemoryKind
from eider.providers.prompts import data, instructions

NAME: Final = "signal"
VERSION: Final = "2"
SYSTEM: Final = instructions(
    "You read what a user replied to an agent, and find what the agent should still know in later conversations.",
    "Kinds: rule (what the agent is to do or leave from now on, also a correction meant to last), preference (what the user "
    "likes or dislikes in general), fact (something lasting about the user, the people or the work), decision (what was "
    "decided), insight (a conclusion from work), context (background that matters for weeks). Acts: state; revoke (takes an "
    "earlier wish or fact back, with no new value); praise (what the agent did is to stay so).",
    "Not lasting, so never a signal: thanks, questions, tasks for this turn, 'this once' and 'for now', suppositions, irony, "
    "slips of the moment, what others are said to think, and anything quoted, pasted or written in code.",
    "Quote each signal word for word from the reply, the shortest clause that says it whole, without changing a letter. "
    "Most replies hold nothing lasting: then the list is empty.",
)


class FoundSignal(BaseModel):
    """One reason to remember."""

    quote: str = Field(description="word for word from the reply")
    kind: MemoryKind
    act: Act = "state"
    confidence: float = Field(description="0 to 1: how sure it is that this is meant to last")


class SignalAnswer(BaseModel):
    """What a reply holds."""

    reasoning: str = Field(description="in one or two sentences: what in the reply lasts beyond this turn, and why")
    signals: list[FoundSignal]


def prompt(reply: str, output: str, context: str = "") -> Prompt[SignalAnswer]:
    """Ask for the signals of a reply, read against what the agent had said."""
    parts = [data("context", context, 1_000)] if context else []
    parts += [data("agent", output, 3_000)] if output else []
    return Prompt(
        name=NAME, version=VERSION, system=SYSTEM, answer=SignalAnswer, max_tokens=1_000,
        text="\n".join([*parts, data("reply", reply)]),
    )  # fmt: skip
