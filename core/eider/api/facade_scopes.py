"""The façade's verbs about scopes: which there are, and keeping them few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eider.model.requests_learning import ConsolidateScopes, Scopes

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.model.learned import ScopeCount, ScopePlan, ScopeStep


class Scoping:
    """What `Eider` offers about scopes; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def scopes(self, *, user: str | None = None) -> list[ScopeCount]:
        """Where things apply, with how much is kept there: `global` first, then by size.

        Args:
            user: Whose memory; by default the one given to `open`.

        Returns:
            Each scope with its number of current memories.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(Scopes(user=self._whose(user)))

    def consolidate_scopes(
        self, *, user: str | None = None, dry_run: bool = True, steps: Sequence[ScopeStep] | None = None
    ) -> ScopePlan:
        """Merge, rename and split scopes that have become too many; by default only a plan to look at.

        In frugal mode, and below two scopes, nothing is done. Undo with the event it returns.

        Args:
            user: Whose.
            dry_run: Only say what would be done.
            steps: What a dry run proposed, or a part of it; by default proposed anew.

        Returns:
            The steps, and the event that undoes them where they were done.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(ConsolidateScopes(user=self._whose(user), dry_run=dry_run, steps=steps))
