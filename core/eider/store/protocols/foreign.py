"""Protocol of a store that several processes write to at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignChange:
    """One event that another process committed."""

    user: str
    """Whose rows it changed; empty where a whole user was forgotten."""
    op: str
    ids: tuple[str, ...]
    at: datetime


class Others(Protocol):
    """What other processes do to the same store."""

    def subscribe(self, tell: Callable[[Sequence[ForeignChange]], None], reread: Callable[[], None]) -> None:
        """Tell somebody of each change that others commit, in order, from now on; and when documents may have changed."""
        ...

    def catch_up(self) -> None:
        """Tell of all that others have committed by now."""
        ...
