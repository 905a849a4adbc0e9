"""Notes of what was recalled in open loops: kept in memory, written in batches, for a recall only reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from eider.errors import EiderError
from eider.outcomes import Recalled
from eider.usage import FLUSH_SECONDS

MOST: Final = 400
"""Lines noted of one loop: forty recalls of ten. A guess; later ones go without credit or blame."""

Notes = Sequence[Sequence[Recalled]]


class LoopNotes:
    """What was recalled in which loop; a timer writes it a few seconds later."""

    def __init__(self, save: Callable[[str, str, Notes], None]) -> None:
        """Start empty; `save(user, loop, answers)` writes one loop's notes, an answer per recall."""
        self._save = save
        self._waiting: dict[tuple[str, str], list[Sequence[Recalled]]] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def noted(self, user: str, loop: str, answer: Sequence[Recalled]) -> None:
        """Note one answer of an open loop."""
        if not answer:
            return
        with self._lock:
            if self._closed:
                return
            self._waiting.setdefault((user, loop), []).append(answer)
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what is buffered; notes are not worth an error in the host."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
        for (user, loop), answers in waiting.items():
            with suppress(EiderError):
                self._save(user, loop, answers)

    def forget(self, user: str, ids: Collection[str], *, everything: bool = False) -> None:
        """Drop the notes of what is being erased."""
        gone = set(ids)
        with self._lock:
            for place in [p for p in self._waiting if p[0] == user]:
                if everything:
                    del self._waiting[place]
                else:
                    left = [[r for r in answer if r.id not in gone] for answer in self._waiting[place]]
                    self._waiting[place] = [answer for answer in left if answer]

    def close(self) -> None:
        """Write what is left and take nothing more."""
        self.flush()
        with self._lock:
            self._closed = True


def joined(known: Sequence[Recalled], answers: Notes) -> tuple[Recalled, ...]:
    """Notes with those of further answers; each recall keeps a number of its own, policies keep theirs below 0."""
    found = list(known)
    last = max((r.ask for r in found), default=-1)
    for answer in answers:
        ranked = answer[0].ask >= 0
        last += ranked
        found += [
            Recalled(id=r.id, ask=last if ranked else -1, words=r.words, meaning=r.meaning, rest=r.rest)
            for r in answer
        ]  # fmt: skip
    return tuple(found[:MOST])
