"""The façade's verbs about forgetting by time: what fades, and closing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eider.model.requests import Consolidate
from eider.model.requests_reading import RetentionOf
from eider.model.values import HasId, id_of

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.model.answers import Consolidation, Retention


class Keeping:
    """What `Eider` offers about retention; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def retention(
        self, *, user: str | None = None, candidates: bool = False, threshold: float = 0.5, limit: int = 50
    ) -> list[Retention]:  # fmt: skip
        """How current memories stand against forgetting, the least worth first: a score of named terms.

        Args:
            user: Whose.
            candidates: Only those that `consolidate` would close: below the threshold, and not immune.
            threshold: In [0, 1].
            limit: Most of them.

        Returns:
            The memories with score and terms, the least worth first.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(
            RetentionOf(user=self._whose(user), candidates=candidates, threshold=threshold, limit=limit)
        )

    def consolidate(
        self, *, user: str | None = None, prune_threshold: float = 0.5, most: int | None = None,
        protect: Sequence[str | HasId] = (), dry_run: bool = False,
    ) -> Consolidation:  # fmt: skip
        """Close memories whose retention fell below the threshold; undo with the event it returns.

        Pinned memories, those of importance 4 or 5, and those used three times are immune.

        Args:
            user: Whose.
            prune_threshold: Score in [0, 1] below which a memory is closed.
            most: How many current memories may stay; beyond that the least worth are closed too.
            protect: Memories, or their ids, that stay this time whatever their score.
            dry_run: Only say what would be closed, and why.

        Returns:
            What was closed, or would be, and the event that undoes it.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(Consolidate(
            user=self._whose(user), prune_threshold=prune_threshold, most=most, protect=[id_of(one) for one in protect],
            dry_run=dry_run,
        ))  # fmt: skip
