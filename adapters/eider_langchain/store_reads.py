"""Reads items of a LangGraph store; what one batch of operations needs again is read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from langgraph.store.base import GetOp, Op, PutOp

from eider_langchain.store_filters import Namespace
from eider_langchain.store_rows import PAGE, Row, episodes, item_id, namespaces, row_of, scope_of

if TYPE_CHECKING:
    from eider import Eider, Episode

_FEW: Final = 32
"""Items of a namespace that are looked up one by one. A guess."""
_ROWS_PER_ITEM: Final = 20
"""Rows of a namespace for each wanted item beyond which the items are looked up one by one. A guess."""


class StoreReader:
    """The rows of one store, as they are when they are first asked for."""

    def __init__(self, memory: Eider, user: str, ops: Sequence[Op] = ()) -> None:
        """Begin to read.

        Args:
            memory: An open memory.
            user: The reserved user of the store.
            ops: What will be asked for; of namespaces of which much is, all rows are read at once.
        """
        self._memory, self._user = memory, user
        wanted = Counter(scope_of(op.namespace) for op in ops if isinstance(op, (GetOp, PutOp)))
        self._many = {scope: number for scope, number in wanted.items() if number > _FEW}
        self._found: dict[str, dict[str, Row]] = {}
        self._namespaces: dict[Namespace, str] | None = None
        self._sorted: dict[tuple[str, ...] | None, list[Row]] = {}

    def row(self, namespace: Namespace, key: str) -> Row | None:
        """The newest version of an item."""
        item, scope = item_id(namespace, key), scope_of(namespace)
        if scope in self._many and scope not in self._found:
            total = self._memory.search(user=self._user, kinds=["episode"], scopes=[scope], limit=1).total
            if total > self._many.pop(scope) * _ROWS_PER_ITEM:
                return self.newest(item)
            self._load([scope])
        return self._found[scope].get(item) if scope in self._found else self.newest(item)

    def newest(self, item: str) -> Row | None:
        """The newest version of an item, as it is now."""
        found = next(episodes(self._memory, self._user, session=item, most=1), None)
        return None if found is None else row_of(found)

    def versions(self, item: str) -> list[Episode]:
        """All versions of an item, newest first, as they are now."""
        return list(episodes(self._memory, self._user, session=item))

    def rows(self, scopes: Sequence[str] | None) -> list[Row]:
        """The newest version of each item of these namespaces, or of all; newest first."""
        place = None if scopes is None else tuple(scopes)
        if place not in self._sorted:
            if place is None:
                found = self._newest_of(episodes(self._memory, self._user)).values()
            else:
                self._load(place)
                found = [row for scope in dict.fromkeys(place) for row in self._found[scope].values()]
            self._sorted[place] = sorted(found, key=lambda row: row.updated, reverse=True)
        return self._sorted[place]

    def namespaces(self) -> dict[Namespace, str]:
        """Namespaces that hold something, with the memory that names each."""
        if self._namespaces is None:
            self._namespaces = namespaces(self._memory, self._user)
        return self._namespaces

    def holds_something(self, scope: str) -> bool:
        """Whether an item of a namespace is not deleted, as it is now."""
        seen: set[str] = set()
        for episode in episodes(self._memory, self._user, scopes=[scope], page=_FEW):
            row = row_of(episode)
            if row is not None and row.session not in seen and not row.deleted:
                return True
            seen.add(episode.session)
        return False

    def _load(self, scopes: Iterable[str]) -> None:
        missing = [scope for scope in scopes if scope not in self._found]
        for start in range(0, len(missing), PAGE):
            part = missing[start : start + PAGE]
            self._found |= {scope: {} for scope in part}
            for item, row in self._newest_of(episodes(self._memory, self._user, scopes=part)).items():
                self._found[scope_of(row.namespace)][item] = row

    @staticmethod
    def _newest_of(found: Iterable[Episode]) -> dict[str, Row]:
        newest: dict[str, Row] = {}
        for episode in found:
            if (row := row_of(episode)) is not None:
                newest.setdefault(row.session, row)
        return newest
