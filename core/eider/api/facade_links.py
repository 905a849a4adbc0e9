"""The façade's verbs about links between what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from eider.api.facade_learning import listed
from eider.model.requests_links import LinkTogether, RebuildLinks, RelatedTo, Unlink
from eider.model.values import HasId, id_of

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.model.links import LinkCounts, Related
    from eider.model.values import Edge


class Linking:
    """What `Eider` offers about links; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def related(
        self, id: str | HasId, *, user: str | None = None, kinds: Iterable[str] | None = None, limit: int = 20  # noqa: A002
    ) -> list[Related]:  # fmt: skip
        """What a memory or an utterance is linked to: what the user said first, then kind by kind, the closest first.

        Args:
            id: A memory, an utterance, or the id of one.
            user: Whose.
            kinds: Only links of these kinds: causal, supersedes, evidence, entity, semantic, temporal.
            limit: Most links.

        Returns:
            Links with the row at their other end.

        Raises:
            UnknownIdError: The user has none of that id.
        """
        return self._backend.execute(RelatedTo(id=id_of(id), user=self._whose(user), kinds=listed(kinds), limit=limit))

    def link(
        self, source: str | HasId, target: str | HasId, *, kind: str = "semantic", user: str | None = None
    ) -> Edge:
        """Say that two lines belong together; it is kept, exported, and forgotten with either of them.

        Args:
            source: A memory, an utterance, or an id; for "causal" the cause.
            target: Another one.
            kind: causal, entity, temporal or semantic.
            user: Whose.

        Returns:
            The link.

        Raises:
            UnknownIdError: The user has none of that id.
        """
        return self._backend.execute(
            LinkTogether(source=id_of(source), target=id_of(target), kind=kind, user=self._whose(user))
        )

    def unlink(
        self, source: str | HasId, target: str | HasId, *, kind: str | None = None, user: str | None = None
    ) -> int:
        """Take back what was said of two lines, in either direction; returns how many links that were.

        Args:
            source: A memory or utterance, or its id.
            target: Likewise.
            kind: Only links of this kind.
            user: Whose memory; by default the one given to `open`.

        Returns:
            How many links were taken back.

        Raises:
            UnknownIdError: The user has none of that id.
        """
        return self._backend.execute(
            Unlink(source=id_of(source), target=id_of(target), kind=kind, user=self._whose(user))
        )

    def rebuild_links(self, *, user: str | None = None, dry_run: bool = False) -> LinkCounts:
        """Derive all links anew from the rows, and count the rows that have them.

        Args:
            user: Whose memory; by default the one given to `open`.
            dry_run: Only count.

        Returns:
            How many rows have links of each kind, and which names link nothing because too many share them.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(RebuildLinks(user=self._whose(user), dry_run=dry_run))
