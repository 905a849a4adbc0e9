"""Guidance in a model's words, held against the memories it speaks for; what says more than they do is thrown away."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from eider.guide.compiler import OPENING, line_of
from eider.guide.compiler.wording import label, sentence
from eider.model.errors import ConfigError, MissingExtraError, ModelError
from eider.model.values import GLOBAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.model.answers import Policy
    from eider.model.values import Memory
    from eider.providers.prompts.policy import PolicyLine
    from eider.store.engine import Engine

_DENIES: Final = re.compile(
    r"\b(?:not|never|no|don't|doesn't|without|avoid|nor|kein\w*|nicht|nie|jamais|pas|nunca|no)\b|n't\b|不|别|勿",
    re.IGNORECASE,
)


def word_by_model(engine: Engine, agent: str, found: Policy, *, context: str, budget: int) -> Policy:
    """The guidance as the agent's model words it, or as it was where no model is asked or its text does not hold.

    Args:
        engine: The open store.
        agent: Whose settings decide: only "eager" asks a model to word guidance.
        found: What was compiled without a model.
        context: What the work is about.
        budget: Most tokens.
    """
    settings = engine.agents.of(agent)
    if settings.mode != "eager" or not found.memories:
        return found
    from eider.providers.prompts import policy as asked

    said = [_numbered(memory) for memory in found.memories]
    pinned = [n for n, memory in enumerate(found.memories, 1) if memory.pinned]
    prompt = asked.prompt(said, context=context, pinned=pinned)
    try:
        answer = engine.agents.model(settings).ask(prompt)
    except (ModelError, MissingExtraError, ConfigError) as error:
        return replace(found, why=f"{found.why}; in our own words, because the model did not answer: {error}")
    lines = check_lines(answer.lines, found.memories)
    text = "\n".join([OPENING, *(f"- {line}" for _, line in lines or ())])
    tokens = engine.counter.count(text)
    if not lines or tokens > budget:
        why = "is too long" if lines else "says what the memories do not, or leaves out what is pinned"
        return replace(found, why=f"{found.why}; in our own words, because the model's text {why}")
    used = tuple(dict.fromkeys(m for memories, _ in lines for m in memories))
    left = {m.id: "the model found that it does not matter to the context" for m in found.memories if m not in used}
    source = f"{settings.model} {asked.NAME}/{asked.VERSION}"
    return replace(
        found, text=text, tokens=tokens, memories=used, left_out={**found.left_out, **left}, over_budget=0,
        why=f"{found.why}; worded by {source}",
    )  # fmt: skip


def check_lines(lines: Sequence[PolicyLine], memories: Sequence[Memory]) -> list[tuple[tuple[Memory, ...], str]] | None:
    """The lines with the memories they rest on; None when one of them does not hold, or a pinned memory is missing."""
    from eider.understand.grounding import grounded  # loads the language data of learning

    found: list[tuple[tuple[Memory, ...], str]] = []
    for line in lines:
        if not line.memories or not all(1 <= n <= len(memories) for n in line.memories):
            return None
        rests = tuple(memories[n - 1] for n in dict.fromkeys(line.memories))
        own = " ".join(f"{m.text} {line_of(m)} {label(m.scope) if m.scope != GLOBAL else ''}" for m in rests)
        text = sentence(line.text)
        if not text or not grounded(text, own, own) or bool(_DENIES.search(text)) != bool(_DENIES.search(own)):
            return None
        found.append((rests, text))
    said = {m.id for rests, _ in found for m in rests}
    return found if all(m.id in said for m in memories if m.pinned) else None


def _numbered(memory: Memory) -> str:
    where = "" if memory.scope == GLOBAL else f"{label(memory.scope)}: "
    return f"{where}{line_of(memory)}{' (pinned)' if memory.pinned else ''}"
