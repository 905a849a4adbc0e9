"""The reasons for a score in words; imports nothing, because the command line prints them within milliseconds."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

_SHOWN: Final = 0.005
"""A smaller share would read as 0.00."""


def reasons(shares: Mapping[str, float], notes: Iterable[str]) -> str:
    """Shares of a score, the largest first, then the marks a reader should see.

    >>> reasons({"words": 0.2, "recency": -0.31, "pin": 0.001}, ("said by an agent",))
    'recency -0.31 · words +0.20 · said by an agent'
    """
    parts = sorted(shares.items(), key=lambda part: -abs(part[1]))
    shown = [f"{name} {share:+.2f}" for name, share in parts if abs(share) >= _SHOWN]
    return " · ".join((*shown, *notes))
