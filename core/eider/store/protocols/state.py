"""Protocols of the small state beside the rows: usage, scopes, loops, what outcomes taught, named documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from eider.model.outcomes import Loop, Recalled
from eider.model.values import Usage


class UsageStore(Protocol):
    """Counters of how memories are used."""

    def get(self, ids: Sequence[str] | None, *, user: str) -> dict[str, Usage]:
        """Return usage by memory id (None: all); memories never used have none."""
        ...

    def save(self, usage: Sequence[Usage], *, user: str) -> None:
        """Replace the counters of these memories."""
        ...


class ScopeStore(Protocol):
    """Scopes that agents registered."""

    def registered(self, *, user: str) -> list[tuple[str, str]]:
        """Return (agent, name) in the order they came."""
        ...


class LoopStore(Protocol):
    """Loops: what was recalled in an agent's turn, and how it went."""

    def get(self, id: str, *, user: str) -> Loop | None:  # noqa: A002 (the word users know)
        """Return a user's loop; another user's does not exist."""
        ...

    def save(self, loop: Loop) -> None:
        """Write a loop, new or known; no event tells of it."""
        ...

    def note(
        self, id: str, *, user: str, add: Callable[[tuple[Recalled, ...]], tuple[Recalled, ...]]  # noqa: A002
    ) -> None:  # fmt: skip
        """Replace what was recalled in a loop by `add(it)`, in one transaction; nothing where it is closed or gone."""
        ...

    def expired(self, *, user: str, now: datetime) -> list[str]:
        """Return ids of open loops that nobody will judge any more, the oldest first."""
        ...

    def next_expiry(self, *, user: str) -> datetime | None:
        """Return when the next open loop is given up."""
        ...

    def counts(self, *, user: str) -> tuple[int, int]:
        """Return how many loops are open, and how many were closed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedDocument:
    """One thing learned of a user, as stored."""

    version: int
    """Number of the event that wrote it."""
    content: Mapping[str, Any]
    changed_at: datetime


class LearnedStore(Protocol):
    """What outcomes taught about a user; commits write it."""

    @property
    def available(self) -> bool:
        """Whether the schema holds it; older snapshots are read as they are."""
        ...

    def documents(self, *, user: str) -> dict[str, LearnedDocument]:
        """Return what was learned, by name."""
        ...

    def usage_before(self, *, user: str) -> dict[str, Usage]:
        """Return usage as it was before outcomes changed it, by memory."""
        ...


class Documents(Protocol):
    """Small named texts of the store as a whole: settings of agents, tokens spent per day."""

    def get(self, name: str) -> str | None:
        """Return a document; None where there is none."""
        ...

    def update(self, name: str, change: Callable[[str | None], str]) -> None:
        """Replace a document by `change(it)`; nobody writes in between."""
        ...

    def drop(self, first: str, before: str) -> None:
        """Remove documents whose name is greater than `first` and less than `before`."""
        ...
