"""Memories into text: grouped, each thing said once, the most specific first, within the budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eider.errors import BudgetExceededError
from eider.policy.wording import label, line_of, specificity
from eider.values import GLOBAL, Memory

if TYPE_CHECKING:
    from eider.protocols import TokenCounter

SECTIONS: Final = (
    ("Rules", ("rule",)), ("Preferences of the user", ("preference",)), ("Decided", ("decision",)),
    ("Worth knowing", ("fact", "insight")), ("At present", ("context",)),
)  # fmt: skip
"""Heading and the kinds below it, in the order they are read."""
_WORD: Final = re.compile(r"\w+")

Opposes = Callable[[Memory, Memory], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A compiled policy."""

    text: str
    tokens: int
    used: tuple[Memory, ...]
    """In the order of the text."""
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    """Memory id → why it is not there."""


@dataclass(slots=True, eq=False)
class _Entry:
    """One line and the memories it stands for."""

    memories: list[Memory]
    line: str
    rank: int
    """Place among what was chosen; lower is worth more."""

    @property
    def pinned(self) -> bool:
        return any(m.pinned for m in self.memories)


def compiled(
    chosen: Sequence[Memory], counter: TokenCounter, *, budget: int, exceeded: str = "truncate", known: str = "",
    opposes: Opposes | None = None,
) -> Compiled:  # fmt: skip
    """Word, group and fit memories.

    Args:
        chosen: What may be said, best first; the order decides what stays when the budget is short.
        counter: Counts tokens.
        budget: Most tokens of the text.
        exceeded: "truncate" leaves the least out; "error" refuses.
        known: Instructions the agent has already; what they say is not said again.
        opposes: Whether two memories of different scopes state different things of the same matter.

    Raises:
        BudgetExceededError: Pinned memories alone are larger than the budget, or something would be left out and
            `exceeded` is "error".
    """
    left: dict[str, str] = {}
    entries = _folded(_distinct(chosen, known, left), opposes)
    kept = sorted(entries, key=lambda e: (not e.pinned, e.rank))
    text, tokens, fitting = "", 0, []
    for entry in kept:
        longer = _text([*fitting, entry])
        size = counter.count(longer)
        if size <= budget:
            fitting.append(entry)
            text, tokens = longer, size
        elif entry.pinned:
            raise BudgetExceededError(size, budget, [m.id for e in kept if e.pinned for m in e.memories])
        elif exceeded == "error":
            raise BudgetExceededError(counter.count(_text(kept)), budget, [])
        else:
            left.update({m.id: "the budget is used up" for m in entry.memories})
    used = tuple(m for e in _ordered(fitting) for m in e.memories)
    return Compiled(text=text, tokens=tokens, used=used, left_out=left)


def _distinct(chosen: Sequence[Memory], known: str, left: dict[str, str]) -> list[_Entry]:
    """One entry per statement; what is said twice, or known to the agent, is said once."""
    said: dict[str, _Entry] = {}
    has = f" {_plain(known)} "
    entries: list[_Entry] = []
    for rank, memory in enumerate(chosen):
        line = line_of(memory)
        plain = _plain(line)
        if not plain:
            left[memory.id] = "it says nothing"
        elif plain in said:
            twin = said[plain]
            wide = min((*twin.memories, memory), key=lambda m: specificity(m.scope))
            left[memory.id] = f"{twin.memories[0].id} says the same"
            if wide is memory and not twin.pinned:  # true everywhere says more than true here
                left[twin.memories[0].id] = f"{memory.id} says the same"
                left.pop(memory.id)
                twin.memories[0] = memory
        elif f" {plain} " in has and not memory.pinned:
            left[memory.id] = "the agent's instructions say so already"
        else:
            said[plain] = _Entry([memory], line, rank)
            entries.append(said[plain])
    return entries


def _folded(entries: list[_Entry], opposes: Opposes | None) -> list[_Entry]:
    """A general statement and its exception in a scope become one line: the agent sees both, and which wins."""
    if opposes is None:
        return entries
    folded: list[_Entry] = []
    for entry in sorted(entries, key=lambda e: specificity(e.memories[0].scope)):
        one = entry.memories[0]
        wide = next((e for e in folded if _excepts(e.memories[0], one, opposes)), None)
        if wide is None:
            folded.append(entry)
            continue
        exception = f"{label(one.scope).lower()}: {entry.line[:1].lower()}{entry.line[1:]}"
        wide.line = f"{wide.line.rstrip('.')}; but {exception}"
        wide.memories.append(one)
        wide.rank = min(wide.rank, entry.rank)
    return folded


def _excepts(wide: Memory, narrow: Memory, opposes: Opposes) -> bool:
    return (
        wide.scope == GLOBAL and narrow.scope != GLOBAL and _section(wide) == _section(narrow) and opposes(wide, narrow)
    )


def _section(memory: Memory) -> int:
    return next(i for i, (_, kinds) in enumerate(SECTIONS) if memory.kind in kinds)


def _ordered(entries: Sequence[_Entry]) -> list[_Entry]:
    """As they are read: by section, the most specific scope first, then by worth."""
    return sorted(
        entries, key=lambda e: (_section(e.memories[0]), -specificity(e.memories[0].scope), e.memories[0].scope, e.rank)
    )


def _text(entries: Sequence[_Entry]) -> str:
    parts: list[str] = []
    section, scope = -1, ""
    for entry in _ordered(entries):
        first = entry.memories[0]
        if _section(first) != section:
            section, scope = _section(first), GLOBAL
            parts.append(f"{SECTIONS[section][0]}:" if not parts else f"\n{SECTIONS[section][0]}:")
        if first.scope != scope:
            scope = first.scope
            parts.append(f"{label(scope)}:" if scope != GLOBAL else "Everywhere:")
        parts.append(f"- {entry.line}")
    return "\n".join(parts)


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
