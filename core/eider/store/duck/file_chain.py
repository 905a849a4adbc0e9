"""The end of the event chain of a store in a file: what was acknowledged is noted beside it."""

from __future__ import annotations

from eider.store.duck.database import Database
from eider.store.duck.migrate import secret_of
from eider.store.files import StoreFiles
from eider.store.sql.chain import Chain


class FileChain(Chain):
    """A chain that one process moves on, whose head is noted in a file of its own after each commit."""

    def __init__(self, database: Database, files: StoreFiles | None, *, indexed: bool) -> None:
        """Read the end of the chain.

        Args:
            database: Open and migrated; the caller holds the directory's owner lock.
            files: The directory it lies in; None where it is in memory.
            indexed: Whether a search index follows what is written.
        """
        self.file, self._files = database, files
        with database.reading() as db:
            secret = secret_of(db.db, database.folder)
        super().__init__(database, secret, indexed=indexed)

    def note(self) -> None:
        """After a commit, before the next writer's turn: note its head, which a damaged file would not tell."""
        if self._files is not None:
            self._files.settle_log(self.file.path)
            self._files.note_head(*self.head)
