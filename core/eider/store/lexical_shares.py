"""How much words weigh against meaning for a user, as outcomes taught it."""

from __future__ import annotations

from collections.abc import Callable

from eider.model.lexical_balance import NEUTRAL, Balance
from eider.store.protocols import LearnedStore


class LexicalShares:
    """Each user's share, read once and again after it was taught; never changed by a recall."""

    def __init__(self, learned: LearnedStore, version: Callable[[str], int]) -> None:
        """Read what was learned; `version(user)` grows with every change to a user's rows."""
        self._learned, self._version = learned, version
        self._shares: dict[str, float] = {}

    def of(self, user: str) -> float:
        """Return the weight of words against meaning for a user, in [0, 1]."""
        if (known := self._shares.get(user)) is not None:
            return known
        if not self._learned.available:
            return NEUTRAL
        version = self._version(user)
        kept = self._learned.documents(user=user).get("balance")
        share = Balance.of(kept.content if kept else None).share
        if version == self._version(user):  # else it may be older than what was learned meanwhile
            self._shares[user] = share
        return share

    def forget(self, user: str) -> None:
        """Read a user's share anew when next asked."""
        self._shares.pop(user, None)
