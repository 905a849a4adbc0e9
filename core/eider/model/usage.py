"""Use and show: what was shown is counted in memory and written in batches; only use strengthens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from eider.model.forgetting_curve import grow, initial_stability, retrievability, shrink
from eider.model.values import Memory, Usage
from eider.model.write_behind import Buffer

_DAY: Final = 86_400.0
_MOSTLY: Final = 0.5
"""Part of a good outcome from which it counts as a use. A guess."""


def fresh(memory: Memory) -> Usage:
    """Usage of a memory that nobody has used."""
    stability = initial_stability(memory.importance, memory.kind)
    return Usage(id=memory.id, stability=stability, last_used=memory.recorded_at)


def days_between(earlier: datetime, later: datetime) -> float:
    """Days from one instant to another, never negative."""
    return max(0.0, (later - earlier).total_seconds() / _DAY)


def used(usage: Usage, at: datetime) -> Usage:
    """The usage after one credited use."""
    now = float(retrievability(days_between(usage.last_used, at), usage.stability))
    return Usage(
        id=usage.id, stability=float(grow(usage.stability, now)), last_used=max(at, usage.last_used),
        uses=usage.uses + 1, shown=usage.shown,
    )  # fmt: skip


def use_of(memory: Memory, known: Mapping[str, Usage], at: datetime) -> tuple[Usage, Usage]:
    """Return a memory's usage as it is and after one credited use; `known` is id → usage of those that have one."""
    before = known.get(memory.id) or fresh(memory)
    return before, used(before, at)


def judged(usage: Usage, at: datetime, share: float, importance: int = 3) -> Usage:
    """The usage after its part of an outcome: all of it is a use, or a lapse; less of it moves a part of the way.

    Args:
        usage: As it was.
        at: When the outcome became known.
        share: In [−1, 1]; below 0 it is blamed.
        importance: Of the memory, 1 to 5.
    """
    if share <= 0:
        chance = float(retrievability(days_between(usage.last_used, at), usage.stability))
        lapsed = shrink(usage.stability, chance, importance)
        return replace(usage, stability=usage.stability + share * (usage.stability - lapsed))
    whole = used(usage, at)
    return replace(
        usage, stability=usage.stability + share * (whole.stability - usage.stability),
        last_used=usage.last_used + share * (whole.last_used - usage.last_used), uses=usage.uses + (share >= _MOSTLY),
    )  # fmt: skip


class UsageBuffer(Buffer[str, Counter[str]]):
    """Counts what was shown."""

    def __init__(self, save: Callable[[str, Mapping[str, int]], None]) -> None:
        """Start empty; `save(user, id → times)` writes one user's counts."""
        super().__init__()
        self._save = save

    def shown(self, user: str, ids: Collection[str]) -> None:
        """Note that these memories were shown."""
        if ids:
            self._gather(lambda waiting: waiting.setdefault(user, Counter()).update(ids))

    def _write(self, place: str, kept: Counter[str]) -> None:
        self._save(place, kept)

    def forget(self, user: str, ids: Collection[str], *, everything: bool = False) -> None:
        """Drop the counts of what is being erased."""
        with self._lock:
            counts = self._waiting.pop(user, Counter()) if everything else self._waiting.get(user, Counter())
            for one in ids:
                counts.pop(one, None)
