"""An approved plan as decisions: what its points say, each a statement of its own."""

from __future__ import annotations

import re
from typing import Final

MOST: Final = 12
"""Decisions kept of one plan: its first points say what it decides. A guess."""
_LONGEST: Final = 400
_POINT: Final = re.compile(r"^(?:[-*+]|\d{1,2}[.)])\s+(?:\[[ xX]\]\s+)?(.+)$")
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+)$")
_LEAST: Final = 10


def decisions(plan: str) -> tuple[str, ...]:
    r"""The points of a plan under its title; a plan without points decides what its first paragraph says.

    >>> decisions("# Export\n\n1. Write CSV with semicolons.\n   - as the others do\n2. Stream the rows.\n")
    ('Plan "Export": Write CSV with semicolons.', 'Plan "Export": Stream the rows.')
    """
    title = next((m[1].strip() for line in plan.splitlines() if (m := _HEADING.match(line))), "")
    title = re.sub(r"^plan\s*[:–-]\s*", "", title, flags=re.IGNORECASE)
    points = [m[1].strip() for line in plan.splitlines() if (m := _POINT.match(line)) and len(m[1].strip()) >= _LEAST]
    if not points:
        paragraphs = [p.strip() for p in re.split(r"\n\s*\n", plan) if p.strip() and not p.lstrip().startswith("#")]
        points = [" ".join(paragraphs[0].split())] if paragraphs else []
    head = f'Plan "{title[:80]}"' if title else "Approved plan"
    return tuple(f"{head}: {_shorten(point)}" for point in dict.fromkeys(points))[:MOST]


def _shorten(point: str) -> str:
    return point if len(point) <= _LONGEST else f"{point[:_LONGEST].rsplit(' ', 1)[0]} …"
