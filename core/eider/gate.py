"""The gate before injection: lets a line through only when it is likely to help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from eider.rank import Ranked
from eider.segment import Segment

_FLOOR: Final = 0.45
"""Mean of coverage and cosine; a first guess, to be fitted."""


def admit(segment: Segment, found: Sequence[Ranked], prompt: str) -> tuple[list[Ranked], str]:
    """The lines that may be injected, and why these or none."""
    del segment, prompt
    good = [r for r in found if (r.coverage + r.cosine) / 2 >= _FLOOR][:5]
    if not good:
        best = max(((r.coverage + r.cosine) / 2 for r in found), default=0.0)
        return [], f"silent: the best line scores {best:.2f}, below {_FLOOR}"
    return good, f"{len(good)} line(s) score {_FLOOR} or more"
