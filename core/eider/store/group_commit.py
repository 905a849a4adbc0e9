"""Group commit: writers that arrive while another writes share one transaction, and one wait for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from eider.model.changes import ChangeSet, Committed
from eider.model.errors import EiderError

_MOST: Final = 64
"""Plans in one transaction: what eight workers and their callers can have waiting."""

Plan = Callable[[], ChangeSet]
"""Makes a change within the writer's turn, so that times rise."""


class _Waiting:
    """A plan on its way, and what came of it."""

    __slots__ = ("done", "error", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.done: Committed | None = None
        self.error: BaseException | None = None


class GroupCommit:
    """The writers' queue of one store. Only for plans that read nothing: additions."""

    def __init__(
        self, commit: Callable[[ChangeSet], Committed], commit_all: Callable[[Sequence[Plan]], list[Committed]],
        turn: Callable[[], AbstractContextManager[None]],
    ) -> None:  # fmt: skip
        """Start with nobody waiting.

        Args:
            commit: Writes one change.
            commit_all: Writes the changes of several plans in one transaction, or none.
            turn: Waits for the writer's turn and holds it.
        """
        self._commit, self._commit_all, self._turn = commit, commit_all, turn
        self._lock = threading.Lock()
        self._queue: list[_Waiting] = []

    def commit(self, plan: Plan) -> Committed:
        """Commit a plan, alone or with whoever else waits; each gets its own answer or error."""
        mine = _Waiting(plan)
        with self._lock:
            self._queue.append(mine)
        with self._turn():  # whoever has the turn writes for all who queued meanwhile
            if mine.done is None and mine.error is None:
                self._write(mine)
        if mine.error is not None:
            raise mine.error
        assert mine.done is not None  # noqa: S101 (one of the two is always set)
        return mine.done

    def _write(self, mine: _Waiting) -> None:
        with self._lock:
            group = self._queue[:_MOST]
            if mine not in group:
                group = [mine]
            self._queue = [w for w in self._queue if w not in group]
        if len(group) > 1:
            try:
                for waiting, done in zip(group, self._commit_all([w.plan for w in group]), strict=True):
                    waiting.done = done
            except EiderError:  # one of them is refused: each for itself finds out which
                pass
            else:
                return
        for waiting in group:
            try:
                waiting.done = self._commit(waiting.plan())
            except BaseException as error:  # noqa: BLE001 (raised again by the thread that waits for it)
                waiting.error = error
