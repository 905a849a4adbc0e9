"""Which backups to keep: the newest of each of the last days, weeks and months that have any."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many days, weeks and months to keep one backup of. Days are counted in UTC, weeks begin on Monday."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 6


def kept(made: Collection[datetime], keep: Keep) -> frozenset[datetime]:
    """The instants whose backups stay.

    Days, weeks and months without a backup do not count: after a long pause nothing is lost at once. The newest
    always stays.

    >>> days = [datetime(2026, 5, day) for day in (1, 2, 3)]
    >>> sorted(at.day for at in kept(days, Keep(daily=2, weekly=0, monthly=0)))
    [2, 3]
    """
    newest_first = sorted(made, reverse=True)
    stays = set(newest_first[:1])
    rules: tuple[tuple[int, Callable[[datetime], object]], ...] = (
        (keep.daily, lambda at: at.date()),
        (keep.weekly, lambda at: at.isocalendar()[:2]),
        (keep.monthly, lambda at: (at.year, at.month)),
    )
    for count, period in rules:
        seen: set[object] = set()
        for at in newest_first:
            if period(at) not in seen and len(seen) < count:
                seen.add(period(at))
                stays.add(at)
    return frozenset(stays)
