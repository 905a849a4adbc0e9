"""Rows of one user on their way out and in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from eider.store.protocols import MakesMaterial
from eider.store.sql.chain import Chain
from eider.store.sql.export_rows import SqlSnapshot, snapshot

if TYPE_CHECKING:
    import pyarrow as pa

    from eider.store.sql.import_rows import SqlIntake


class SqlTransfer(ABC):
    """`Transfer`, but for `tables`."""

    def __init__(self, chain: Chain) -> None:
        """Read from, and write to, the end of `chain`."""
        self._chain, self._database = chain, chain.database

    def snapshot(self, user: str) -> AbstractContextManager[SqlSnapshot]:
        """Read one user's rows at one moment: what is written meanwhile is not half in it."""
        return snapshot(self._database, user)

    def intake(
        self, *, user: str, actor: str, embedder: str, index: MakesMaterial, person: bool, own: bool = True
    ) -> SqlIntake:  # fmt: skip
        """Begin an import."""
        from eider.store.sql.import_rows import SqlIntake

        return SqlIntake(self._chain, user=user, actor=actor, embedder=embedder, index=index, person=person, own=own)

    @abstractmethod
    def tables(self, user: str, now: datetime) -> dict[str, pa.Table]:
        """Return a user's rows as Arrow tables, by the names a query may use."""
