"""A store's connection to its database, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar


class Held(Protocol):
    """What a connection needs of a database."""

    forked: bool

    def check(self) -> None:
        """Refuse a handle that was closed, or opened before a fork."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Hold the writer's place."""
        ...


D = TypeVar("D", bound=Held)


class SqlConnection(Generic[D]):
    """`Connection` to a database, and what is let go with it."""

    def __init__(self, database: D, close: Callable[[], None]) -> None:
        """Take over an open database; `close()` lets go of it and of all that works behind it."""
        self.database, self._close = database, close

    @property
    def forked(self) -> bool:
        """Whether it was opened by the parent of this process, which alone may go on with it."""
        return self.database.forked

    def check(self) -> None:
        """Refuse a handle that was closed, or opened before a fork."""
        self.database.check()

    def turn(self) -> AbstractContextManager[None]:
        """Hold the writer's place, for several calls that nobody may write between."""
        return self.database.turn()

    def close(self) -> None:
        """Stop what works behind the store and release it; closing twice is harmless."""
        self._close()
