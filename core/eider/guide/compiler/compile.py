"""Memories into text: grouped, each thing said once, the most specific first, within the budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eider.guide.compiler.wording import label, line_of, specificity
from eider.model.errors import BudgetExceededError
from eider.model.values import GLOBAL, Memory

if TYPE_CHECKING:
    from eider.model.protocols import TokenCounter

SECTIONS: Final = (
    ("Rules", ("rule",)), ("Preferences of the user", ("preference",)), ("Decided", ("decision",)),
    ("Worth knowing", ("fact", "insight")), ("At present", ("context",)),
)  # fmt: skip
"""Heading and the kinds below it, in the order they are read."""
_WORD: Final = re.compile(r"\w+")
_NO_ROOM: Final = "the budget is used up"
OPENING: Final = "These are the user's standing instructions; follow them."
"""First line of guidance."""

_ROOM: Final = 4
"""A budget has an opening line if it is so many times as large. A guess."""
_JOIN: Final = 2
"""Tokens that joining a line to a text may cost or save, beside its own, with any counter. A guess, and on the safe side."""

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


def compile_policy(
    chosen: Sequence[Memory], counter: TokenCounter, *, budget: int, exceeded: str = "truncate", known: str = "",
    opposes: Opposes | None = None, lines: Mapping[str, str] | None = None, opening: str = "",
) -> Compiled:  # fmt: skip
    """Group memories and fit them into a budget.

    Args:
        chosen: What may be said, best first; the order decides what stays when the budget is short.
        counter: Counts tokens.
        budget: Most tokens of the text. Pinned memories are said all the same, and nothing beside them then.
        exceeded: "truncate" leaves the least out; "error" refuses, for pinned memories as well.
        known: Instructions the agent has already; what they say is not said again.
        opposes: Whether two memories of different scopes state different things of the same matter.
        lines: Memory id → how it reads; by default `line_of`.
        opening: First line, part of the budget; left out where it would leave no room for another.

    Raises:
        BudgetExceededError: `exceeded` is "error", and something would be left out or pinned memories alone are larger
            than the budget.
    """
    left: dict[str, str] = {}
    entries = _fold_exceptions(_distinct(chosen, known, left, lines or {}), opposes)
    kept = sorted(entries, key=lambda e: (not e.pinned, e.rank))
    opening = opening if opening and _ROOM * counter.count(opening) <= budget else ""
    page = _Page(counter, budget, opening)
    for entry in kept:
        if entry.pinned:
            page.adds(entry)
        elif not page.takes(entry):
            left.update({m.id: _NO_ROOM for m in entry.memories})
    while (tokens := counter.count(text := _text(page.entries, opening))) > budget and not page.entries[-1].pinned:
        left.update({m.id: _NO_ROOM for m in page.entries.pop().memories})
    if exceeded == "error" and (tokens > budget or _NO_ROOM in left.values()):
        pinned = [m.id for e in page.entries for m in e.memories if m.pinned] if tokens > budget else []
        raise BudgetExceededError(counter.count(_text(kept, opening)), budget, pinned)
    used = tuple(m for e in _in_reading_order(page.entries) for m in e.memories)
    return Compiled(text=text, tokens=tokens, used=used, left_out=left)


class _Page:
    """The lines that fit. The whole text is counted only where the sum of its lines does not tell."""

    def __init__(self, counter: TokenCounter, budget: int, opening: str) -> None:
        self.entries: list[_Entry] = []
        self._count, self._budget, self._opening = counter.count, budget, opening
        self._heads: set[tuple[int, str]] = set()
        self._tokens = self._count(f"{opening}\n") if opening else 0
        """Of the text when it was last counted, and of each line since."""
        self._slack = 0
        """How far the sum may be off: lines joined may cost a token more than apart."""

    def takes(self, entry: _Entry) -> bool:
        """Add a line if the text stays within the budget with it."""
        first = entry.memories[0]
        head = (_section(first), first.scope)
        line = self._count(f"\n- {entry.line}")
        heading = 0 if head in self._heads else self._count(_text([entry]) + "\n\nEverywhere:")
        if self._slack and self._tokens + line + heading + self._slack + _JOIN > self._budget:
            self._tokens, self._slack = self._count(_text(self.entries, self._opening)), 0
        if self._tokens + line > self._budget + self._slack + _JOIN:
            return False
        if self._tokens + line + heading + self._slack + _JOIN > self._budget:
            size = self._count(_text([*self.entries, entry], self._opening))
            if size > self._budget:
                return False
            self._tokens, self._slack = size, 0
        else:
            self._tokens, self._slack = self._tokens + line + heading, self._slack + _JOIN
        self._heads.add(head)
        self.entries.append(entry)
        return True

    def adds(self, entry: _Entry) -> None:
        """Add a line whether or not the text stays within the budget with it."""
        if not self.takes(entry):
            self._heads.add((_section(entry.memories[0]), entry.memories[0].scope))
            self.entries.append(entry)
            self._tokens, self._slack = self._count(_text(self.entries, self._opening)), 0


def _distinct(
    chosen: Sequence[Memory], known: str, left: dict[str, str], lines: Mapping[str, str]
) -> list[_Entry]:  # fmt: skip
    """One entry per statement; what is said twice, or known to the agent, is said once."""
    said: dict[str, _Entry] = {}
    has = f" {_plain(known)} "
    entries: list[_Entry] = []
    for rank, memory in enumerate(chosen):
        said_as = line_of(memory)
        line, plain = lines.get(memory.id, said_as), _plain(said_as)
        if not plain:
            left[memory.id] = "it says nothing"
        elif plain in said:
            twin = said[plain]
            wide = min((*twin.memories, memory), key=lambda m: specificity(m.scope))
            left[memory.id] = f"{twin.memories[0].id} says the same"
            if wide is memory and not twin.pinned:  # true everywhere says more than true here
                left[twin.memories[0].id] = f"{memory.id} says the same"
                left.pop(memory.id)
                twin.memories[0], twin.line = memory, line
        elif f" {plain} " in has and not memory.pinned:
            left[memory.id] = "the agent's instructions say so already"
        else:
            said[plain] = _Entry([memory], line, rank)
            entries.append(said[plain])
    return entries


def _fold_exceptions(entries: list[_Entry], opposes: Opposes | None) -> list[_Entry]:
    """A general statement and its exception in a scope become one line: the agent sees both, and which wins."""
    if opposes is None:
        return entries
    folded: list[_Entry] = []
    for entry in sorted(entries, key=lambda e: specificity(e.memories[0].scope)):
        one = entry.memories[0]
        general = folded if one.scope != GLOBAL else ()
        wide = next((e for e in general if _excepts(e.memories[0], one, opposes)), None)
        if wide is None:
            folded.append(entry)
            continue
        exception = f"{label(one.scope).lower()}: {_inside(entry.line)}"
        wide.line = f"{wide.line.rstrip('.')}; but {exception}"
        wide.memories.append(one)
        wide.rank = min(wide.rank, entry.rank)
    return folded


def _inside(line: str) -> str:
    """A line as the second half of another; the first word of a quotation or of a name of code stays as it is."""
    word = line.split(" ", 1)[0]
    return f"{line[:1].lower()}{line[1:]}" if word[1:].islower() or len(word) == 1 else line


def _excepts(wide: Memory, narrow: Memory, opposes: Opposes) -> bool:
    return wide.scope == GLOBAL and _section(wide) == _section(narrow) and opposes(wide, narrow)


def _section(memory: Memory) -> int:
    return next(i for i, (_, kinds) in enumerate(SECTIONS) if memory.kind in kinds)


def _in_reading_order(entries: Sequence[_Entry]) -> list[_Entry]:
    """As they are read: by section, the most specific scope first, then by worth."""
    return sorted(
        entries, key=lambda e: (_section(e.memories[0]), -specificity(e.memories[0].scope), e.memories[0].scope, e.rank)
    )


def _text(entries: Sequence[_Entry], opening: str = "") -> str:
    parts = [opening] if opening and entries else []
    section, scope = -1, ""
    for entry in _in_reading_order(entries):
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
