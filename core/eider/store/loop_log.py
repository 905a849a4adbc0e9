"""Loops of one open store: looked up, saved, and noted what was recalled in them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from eider.model.errors import UnknownIdError
from eider.model.outcomes import Loop
from eider.store.protocols import Store
from eider.store.recall_log import RecallLog, Recalls, join_recalls


class LoopLog:
    """Open and closed loops, and the recalls that wait to be written into them."""

    def __init__(self, store: Store, turn: Callable[[], AbstractContextManager[None]]) -> None:
        """Work on an open store; `turn()` is the writer's turn."""
        self._store, self._turn = store, turn
        self.recalls = RecallLog(self._save_recalls)
        self.sweeps: dict[str, datetime] = {}
        """When the job is due that closes a user's forgotten loops."""

    def get(self, id: str, user: str) -> Loop:  # noqa: A002 (the word users know)
        """Return a user's loop.

        Raises:
            UnknownIdError: There is none; another user's is not there either.
        """
        found = self._store.loops.get(id, user=user) if self._store.learned.available else None
        if found is None:
            raise UnknownIdError("loop", id, user)
        return found

    def save(self, loop: Loop) -> None:
        """Write an open loop; nothing is learned from it yet, so it is no event."""
        with self._turn():
            self._store.place.check_writable()
            self._store.loops.save(loop)

    def _save_recalls(self, user: str, loop: str, answers: Recalls) -> None:
        if self._store.place.read_only:
            return
        with self._turn():
            self._store.loops.note(loop, user=user, add=lambda known: join_recalls(known, answers))
