"""Log of what was recalled in open loops: kept in memory, written in batches, for a recall only reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from eider.model.outcomes import Recalled
from eider.model.write_behind import Buffer

MOST: Final = 400
"""Lines noted of one loop: forty recalls of ten. A guess; later ones go without credit or blame."""

Recalls = Sequence[Sequence[Recalled]]


class RecallLog(Buffer[tuple[str, str], list[Sequence[Recalled]]]):
    """What was recalled in which loop."""

    def __init__(self, save: Callable[[str, str, Recalls], None]) -> None:
        """Start empty; `save(user, loop, answers)` writes one loop's notes, an answer per recall."""
        super().__init__()
        self._save = save

    def add(self, user: str, loop: str, answer: Sequence[Recalled]) -> None:
        """Note one answer of an open loop."""
        if answer:
            self._gather(lambda waiting: waiting.setdefault((user, loop), []).append(answer))

    def _write(self, place: tuple[str, str], kept: list[Sequence[Recalled]]) -> None:
        self._save(*place, kept)

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


def join_recalls(known: Sequence[Recalled], answers: Recalls) -> tuple[Recalled, ...]:
    """Recalls with those of further answers; each recall keeps a number of its own, policies keep theirs below 0."""
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
