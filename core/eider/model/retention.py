"""What a memory is worth keeping: one score of named terms, and what no score may close.

The score of a memory that nobody used, linked or rated is its retrievability; the other terms add to it or take
from it, so that a threshold reads as a probability still. All sizes but the curve's are guesses.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from eider.model.answers import Retention
from eider.model.forgetting_curve import days_until, retrievability
from eider.model.usage import days_between
from eider.model.values import Memory, Usage

IMPORTANCE, ORDINARY = 0.05, 3
"""What each level above the ordinary one adds, and each below it takes."""
USE, USES = 0.05, 3
"""What each use adds, and how many count: the curve knows of uses already, in its stability."""
LINK, LINKS = 0.03, 5
"""What each kept link to another memory adds, and how many count."""
PIN: Final = 1.0
IMMUNE_IMPORTANCE, IMMUNE_USES = 4, 3


def retention(memory: Memory, usage: Usage, links: int, now: datetime) -> Retention:
    """Return how a memory stands against forgetting.

    Args:
        memory: A current one.
        usage: How it was used.
        links: To how many others it is linked on purpose.
        now: When.
    """
    age = days_between(usage.last_used, now)
    terms = {
        "decay": float(retrievability(age, usage.stability)),
        "importance": IMPORTANCE * (memory.importance - ORDINARY),
        "use": USE * min(usage.uses, USES),
        "links": LINK * min(links, LINKS),
        "pin": PIN * memory.pinned,
    }
    return Retention(
        memory=memory, score=min(1.0, max(0.0, sum(terms.values()))), terms=terms, immune=_immunity(memory, usage),
        stability=usage.stability, age=age,
    )  # fmt: skip


def days_left(one: Retention, threshold: float) -> float | None:
    """Return the days until a score falls below a threshold if nothing happens; None if it never does.

    Args:
        one: How the memory stands.
        threshold: In (0, 1].
    """
    left = threshold - (sum(one.terms.values()) - one.terms["decay"])
    if one.immune or left <= 0:
        return None
    return max(0.0, days_until(min(left, 1.0), one.stability) - one.age)


def _immunity(memory: Memory, usage: Usage) -> str:
    if memory.pinned:
        return "pinned"
    if memory.importance >= IMMUNE_IMPORTANCE:
        return f"importance {memory.importance}"
    return f"used {usage.uses} times" if usage.uses >= IMMUNE_USES else ""
