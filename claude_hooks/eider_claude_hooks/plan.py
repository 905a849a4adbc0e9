"""An approved plan as decisions: what its points say, each a statement of its own."""

from __future__ import annotations

import re
from typing import Final

MOST: Final = 12
"""Decisions kept of one plan: its first points say what it decides. A guess."""
_LONGEST: Final = 400
_POINT: Final = re.compile(r"^(?:[-*+]|\d{1,2}[.)])\s+(?:\[[ xX]\]\s+)?(.+)$")
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+)$")
_BOLD: Final = re.compile(r"^\*\*([^*]+)\*\*:?\s*$")
_DEEPEST: Final = 7
"""Level of a heading in bold letters: below all others."""
_LEAST: Final = 10
_ASIDE: Final = re.compile(
    r"(?i)\W*(?:\d+[.)]\s*)?(?:how to )?(verif|test(?:s|ing| plan| strategy)?\b|check(?:s|ing|list)?\b|validat|acceptance|context\b|background|motivation|risks?\b"
    r"|open questions?|alternatives?\b|out of scope|non-goals?|(?:critical |key |relevant |affected )?files?\b|references?\b|appendix|notes?\b"
    r"|überprüf|prüf|tests?\b|kontext|hintergrund|risiken|offene|vérif|contexte|pruebas|verifica|contexto)"
)
"""Headings of sections that say why, where and how to check, and decide nothing."""


def decisions(plan: str) -> tuple[str, ...]:
    r"""The points of a plan under its title; a plan without points decides what its first paragraph says.

    >>> decisions("# Export\n\n1. Write CSV with semicolons.\n   - as the others do\n2. Stream the rows.\n")
    ('Plan "Export": Write CSV with semicolons.', 'Plan "Export": Stream the rows.')
    """
    title = next((m[1].strip() for line in plan.splitlines() if (m := _HEADING.match(line))), "")
    title = re.sub(r"^plan\s*[:–-]\s*", "", title, flags=re.IGNORECASE)
    plan = _decided_sections(plan)
    points = [m[1].strip() for line in plan.splitlines() if (m := _POINT.match(line)) and len(m[1].strip()) >= _LEAST]
    if not points:
        paragraphs = [p.strip() for p in re.split(r"\n\s*\n", plan) if p.strip() and not p.lstrip().startswith("#")]
        points = [" ".join(paragraphs[0].split())] if paragraphs else []
    head = f'Plan "{title[:80]}"' if title else "Approved plan"
    return tuple(f"{head}: {_shorten(point)}" for point in dict.fromkeys(points))[:MOST]


def _decided_sections(plan: str) -> str:
    """The plan without the sections that decide nothing, and what is below them."""
    kept: list[str] = []
    aside = 0
    for line in plan.splitlines():
        if heading := _HEADING.match(line) or _BOLD.match(line):
            level = len(line) - len(line.lstrip("#")) or _DEEPEST
            if not aside or level <= aside:
                aside = level if level > 1 and _ASIDE.match(heading[1]) else 0
        if not aside:
            kept.append(line)
    return "\n".join(kept)


def _shorten(point: str) -> str:
    return point if len(point) <= _LONGEST else f"{point[:_LONGEST].rsplit(' ', 1)[0]} …"
