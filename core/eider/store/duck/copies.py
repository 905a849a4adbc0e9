"""Copies of the whole truth: a snapshot for others, and the next generation without erased bytes."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from eider.model.errors import EiderError
from eider.model.failpoints import point
from eider.store.duck.database import Database
from eider.store.duck.publish import publish
from eider.store.files import StoreFiles


class DuckCopies:
    """`Copies`."""

    def __init__(self, database: Database, files: StoreFiles | None) -> None:
        """Copy an open database; `files` is its directory, None where it is in memory."""
        self._database, self._files = database, files

    def publish(self, target: Path, at: datetime) -> Path:
        """Copy the store into a new directory that nobody will write to; an older snapshot there is replaced."""
        return publish(self._database, target, at)

    def wasted(self) -> tuple[int, int]:
        """Return how many bytes of the file hold nothing, and of how many: a table that grows is written anew."""
        if self._files is None:
            return 0, 0
        with self._database.reading() as db:
            sql = "SELECT block_size * free_blocks, block_size * total_blocks FROM pragma_database_size()"
            free, whole = db.execute(sql).fetchall()[0]
        return int(free), int(whole)

    def unreached(self) -> tuple[str, ...]:
        """Nowhere: the old file is gone."""
        return ()

    def rewrite(self) -> None:
        """Copy the truth into its next generation and go on with that; the old bytes leave the disk.

        Readers go on meanwhile; writers wait. A kill at any step leaves one valid file: `CURRENT` names it.
        DuckDB keeps deleted text in its file after checkpoint and vacuum, so only a copy is free of it.
        """
        if self._files is not None:
            self._write_anew(self._files)
        with self._database.writing() as db:  # nothing waits for a rewrite any longer
            db.execute("DELETE FROM jobs WHERE kind = 'scrub' AND state = 'waiting'")

    def _write_anew(self, files: StoreFiles) -> None:
        with self._database.turn():
            old, fresh = self._database.path, files.next_truth()
            _remove(fresh)
            try:
                place = str(fresh).replace("'", "''")
                with self._database.alone() as db:
                    name = db.execute("SELECT current_database()").fetchall()[0][0]
                    db.execute(f"ATTACH '{place}' AS fresh")
                    try:
                        db.execute(f'COPY FROM DATABASE "{name}" TO fresh')
                        db.execute("CHECKPOINT fresh")
                    finally:
                        db.execute("DETACH fresh")
                point("erase.copied")
                # Synced while nobody has it open: any descriptor closed later would drop DuckDB's lock.
                files.settle(fresh)
                self._database.swap(fresh, lambda: files.point_to(fresh))
            except BaseException:
                with suppress(OSError, EiderError):
                    if files.truth() != old:
                        files.point_to(old)
                    _remove(fresh)
                raise
            point("erase.pointed")
            _remove(old)
            point("erase.swapped")


def _remove(path: Path) -> None:
    for left in (path, path.with_name(path.name + ".wal")):
        left.unlink(missing_ok=True)
