"""Group commit: writers that arrive while another writes share one transaction, and one wait for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from eider.model.changes import ChangeSet, Committed
from eider.model.errors import EiderError

if TYPE_CHECKING:
    from eider.store.engine import Engine

_MOST: Final = 64
"""Plans in one transaction: what eight workers and their callers can have waiting."""


class _Waiting:
    """A plan on its way, and what came of it."""

    __slots__ = ("done", "error", "plan")

    def __init__(self, plan: Callable[[], ChangeSet]) -> None:
        self.plan = plan
        self.done: Committed | None = None
        self.error: BaseException | None = None


class Together:
    """The writers' queue of one store. Only for plans that read nothing: additions."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._lock = threading.Lock()
        self._queue: list[_Waiting] = []

    def commit(self, engine: Engine, plan: Callable[[], ChangeSet]) -> Committed:
        """Commit a plan, alone or with whoever else waits; each gets its own answer or error.

        Args:
            engine: The open store.
            plan: Makes the change within the writer's turn, so that times rise.
        """
        mine = _Waiting(plan)
        with self._lock:
            self._queue.append(mine)
        with engine.turn():  # whoever has the turn writes for all who queued meanwhile
            if mine.done is None and mine.error is None:
                self._write(engine, mine)
        if mine.error is not None:
            raise mine.error
        assert mine.done is not None  # noqa: S101 (one of the two is always set)
        return mine.done

    def _write(self, engine: Engine, mine: _Waiting) -> None:
        with self._lock:
            group = self._queue[:_MOST]
            if mine not in group:
                group = [mine]
            self._queue = [w for w in self._queue if w not in group]
        if len(group) > 1:
            try:
                for waiting, done in zip(group, engine.commit_all([w.plan for w in group]), strict=True):
                    waiting.done = done
            except EiderError:  # one of them is refused: each for itself finds out which
                pass
            else:
                return
        for waiting in group:
            try:
                waiting.done = engine.commit(waiting.plan())
            except BaseException as error:  # noqa: BLE001 (raised again by the thread that waits for it)
                waiting.error = error
