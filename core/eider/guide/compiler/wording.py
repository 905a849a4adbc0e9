"""How one memory reads within a policy: imperative where it is a rule, plain where it is a fact."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Final

from eider.model.values import GLOBAL, Memory
from eider.model.visible_text import MARK, visible_text
from eider.retrieve.rendering import Quotation, memory_line

_MARKUP: Final = re.compile(r"^(?:[#>*•\-–]+|\d+[.)])\s+")
"""What would make a line look like a heading, a list item or a quotation of the frame it stands in."""
_ENDS: Final = frozenset(".!?。！？…:;»”\"')]}`")
_HABITS: Final = {
    "prefers": "Prefer", "likes": "Prefer", "wants": "Provide", "uses": "Use", "expects": "Provide", "avoids": "Avoid",
    "dislikes": "Avoid", "hates": "Avoid",
}  # fmt: skip
"""Third person → imperative, for what is kept as a rule."""
_OPENING: Final = re.compile(r"^(?:the user |they |user )?(" + "|".join(_HABITS) + r")\b\s*", re.IGNORECASE)
_MUST: Final = re.compile(
    r"^(?:the agent |you |always remember to |please )+(?:should |must |has to |have to |need to )?", re.IGNORECASE
)
_NEVER: Final = re.compile(r"^(?:should|must) (?:not|never)\b\s*", re.IGNORECASE)


def line_of(memory: Memory) -> str:
    """A memory as one line, without any mark in front.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 5, 1, tzinfo=UTC)
    >>> rule = Memory(id="m", rev=1, kind="rule", text="prefers ISO dates", user="u", agent="a", scope="global",
    ...               origin="user", trust=2, valid_from=at, recorded_at=at)
    >>> line_of(rule)
    'Prefer ISO dates.'
    """
    text = sentence(memory.text)
    if memory.kind != "rule":
        return text
    text = _MUST.sub("", text) or text
    text = _NEVER.sub("Never ", text)
    if habit := _OPENING.match(text):
        text = f"{_HABITS[habit[1].lower()]} {text[habit.end() :]}"
    return _with_capital(text)


def line_in_policy(memory: Memory, quoted: Quotation | None, now: datetime, *, dated: bool = True) -> str:
    """Return a memory as one line of guidance: what was said as a quotation, what was given as `line_of` words it.

    Args:
        memory: The memory.
        quoted: Who said it and when, where its text is a quotation.
        now: Instant of asking.
        dated: Whether its analysis found a date; a text without one is not read for dates again.
    """
    dates = None if dated else ()
    if quoted is None:
        return memory_line(memory, None, now=now, text=line_of(memory), scoped=False, dates=dates)
    return _apart(memory_line(memory, quoted, now=now, scoped=False, dates=dates))


def _with_capital(text: str) -> str:
    """A capital at the start, unless the first word is a name of code."""
    return text[:1].upper() + text[1:] if text.split(" ", 1)[0].rstrip(",:;.").isalpha() else text


def sentence(text: str) -> str:
    """One line that ends like a sentence and cannot pass for the frame around it."""
    flat = visible_text(text)
    while (bare := _MARKUP.sub("", flat)) != flat:
        flat = bare
    flat = _apart(flat)
    if not flat:
        return flat
    flat = _with_capital(flat)
    last = flat.rstrip(MARK)[-1:]
    if not last or last in _ENDS or unicodedata.category(last) == "So":
        return flat
    return f"{flat}。" if "\u3040" <= last <= "\u9fff" else f"{flat}."


def _apart(line: str) -> str:
    """A line in which nothing looks like a tag."""
    return line.replace("<", "‹").replace(">", "›")


def label(scope: str) -> str:
    """A scope in words: `project:alpha` is "in project alpha".

    >>> label("project:alpha"), label("reviews"), label("role:reviewer")
    ('In project alpha', 'For reviews', 'As reviewer')
    """
    kind, _, name = scope.partition(":")
    if not name:
        return f"For {kind}"
    words = {"project": "In project", "role": "As", "branch": "On branch", "session": "In this session"}
    return f"{words.get(kind, f'For {kind}')} {name}"


def specificity(scope: str) -> int:
    """How narrow a scope is: 0 is everywhere; each further part is narrower."""
    return 0 if scope == GLOBAL else 1 + scope.count(":") + scope.count("/")
