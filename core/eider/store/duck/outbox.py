"""From the truth to the index: what was committed and not yet indexed, brought over in any order, any number of times.

A commit leaves `(rev, id)` in the table `outbox`, in the transaction that wrote the row. Draining reads the row as it
is by then, so it does not matter which of several entries is drained, nor whether one is drained twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from eider.model.clock import from_db, local_date
from eider.model.errors import IndexDamagedError, InputError
from eider.model.failpoints import point
from eider.store.duck.cursor import Cursor
from eider.store.duck.database import Database
from eider.store.protocols import Index, IndexRow

_BATCH: Final = 512
"""Ids per application: one of 512 costs little more than one of 64."""
_PAGE: Final = 4096
"""Rows per application when everything is built anew: about 8 MB."""
_MONTHS: Final = ("January February March April May June July August September October November December").split()

# A memory is several rows, its versions; the one that is not retired is current. Erased ones are tombstones.
_CURRENT: Final = "m.retired_at IS NULL AND m.state <> 'erased'"
_VECTOR: Final = """
    CASE WHEN v.spare_embedder = (SELECT content FROM meta WHERE name = 'embedder') THEN v.spare_vector
         WHEN v.embedder = coalesce((SELECT content FROM meta WHERE name = 'embedder'), v.embedder) THEN v.vector END
"""
_EPISODES: Final = f"""
    SELECT e.id, e.rev, e.user_id, e.content, {_VECTOR}, e.speaker, e.said_at, e.tz
    FROM episodes e LEFT JOIN embeddings v ON v.id = e.id WHERE e.id IN (SELECT unnest($1))
"""  # noqa: S608 (constants)
_MEMORIES: Final = f"""
    SELECT m.id, m.rev, m.user_id, m.content, {_VECTOR}
    FROM memories m LEFT JOIN embeddings v ON v.id = m.id WHERE m.id IN (SELECT unnest($1)) AND {_CURRENT}
"""  # noqa: S608 (constants)
_TRUTH: Final = f"""
    SELECT id, rev FROM episodes UNION ALL SELECT m.id, max(m.rev) FROM memories m WHERE {_CURRENT} GROUP BY m.id
"""  # noqa: S608 (constants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed:
    """What it took to bring the index in line with the truth."""

    drained: int = 0
    repaired: int = 0
    """Rows that were missing or stale although nothing said so."""
    removed: int = 0
    """Rows of which the truth knows nothing."""
    rebuilt: str = ""
    """Why everything was built anew; empty when it was not."""


def local_day(at: datetime, tz: str) -> str:
    """The speaker's own date, as people write it; in UTC when the zone is unknown.

    >>> from datetime import UTC
    >>> local_day(datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "Europe/Berlin")
    '1 January 2026'
    """
    try:
        day = local_date(at, tz)
    except InputError:
        day = local_date(at, None)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def searchable(text: str, speaker: str, at: datetime, tz: str) -> str:
    """What is indexed of an episode: who said it and when is asked for as often as what was said.

    >>> from datetime import UTC
    >>> searchable("The heron is back.", "Ada", datetime(2026, 5, 8, tzinfo=UTC), "UTC")
    'Ada, 8 May 2026: The heron is back.'
    """
    return f"{speaker}, {local_day(at, tz)}: {text}"


class Outbox:
    """Keeps an index in line with the truth; one drain, comparison or rebuild at a time."""

    def __init__(self, database: Database, index: Index, turn: AbstractContextManager[object] | None = None) -> None:
        """Connect the two.

        Args:
            database: The open truth.
            index: What is derived from it.
            turn: Held by whoever writes the index, where several processes do; a thread may take it again.
        """
        self._database, self._index = database, index
        self._lock = turn or threading.RLock()

    def pending(self, user: str | None = None) -> int:
        """Entries that wait: of one user, or all."""
        sql, given = (
            ("SELECT count(*) FROM outbox", [])
            if user is None
            else ("SELECT count(*) FROM outbox WHERE user_id = ?", [user])
        )
        with self._database.reading() as db:
            return int(db.execute(sql, given).fetchall()[0][0])

    def drain(self, limit: int | None = None) -> int:
        """Bring what waits to the index, oldest first; returns how many ids that were.

        Args:
            limit: At most so many ids; None: all.

        Raises:
            IndexDamagedError: The index cannot be written; what waits goes on waiting.
        """
        done = 0
        with self._lock:
            while limit is None or done < limit:
                entries = self._oldest(_BATCH if limit is None else min(_BATCH, limit - done))
                if not entries:
                    break
                self._bring([id_ for id_, _ in entries])
                point("outbox.applied")
                ids, revs = [list(column) for column in zip(*entries, strict=True)]
                sql = (
                    "DELETE FROM outbox USING (SELECT unnest($1) AS id, unnest($2) AS rev) AS done "
                    "WHERE outbox.id = done.id AND outbox.rev <= done.rev"
                )
                with self._database.writing() as db:
                    db.execute(sql, [ids, revs])
                point("outbox.trimmed")
                done += len(entries)
        return done

    def _oldest(self, count: int) -> list[tuple[str, int]]:
        sql = "SELECT id, max(rev) FROM outbox GROUP BY id ORDER BY max(rev), id LIMIT $1"
        with self._database.reading() as db:
            return db.execute(sql, [count]).fetchall()

    def _bring(self, ids: Sequence[str]) -> None:
        """Make the index say of these ids what the truth says now."""
        with self._database.reading() as db:
            rows = current(db, ids)
        there = {row.id for row in rows}
        self._index.apply(rows, [i for i in ids if i not in there])

    def compare(self) -> tuple[list[str], list[str]]:
        """Ids that are missing or stale in the index, and ids it has too many; what waits is not counted.

        Only ids and revisions are compared: a flipped bit within a text or a vector goes unnoticed here,
        because LanceDB keeps no checksums. `rebuild` repairs that.

        Raises:
            IndexDamagedError: The index cannot be read.
        """
        with self._lock:
            found = self._index.inventory()
            sql = f"SELECT id, rev, false FROM ({_TRUTH}) UNION ALL SELECT DISTINCT id, 0, true FROM outbox"  # noqa: S608
            with self._database.reading() as db:  # one statement sees one moment
                rows = db.execute(sql).fetchall()
        waiting = {id_ for id_, _, waits in rows if waits}
        truth = {id_: rev for id_, rev, waits in rows if not waits}
        missing = [i for i, rev in truth.items() if found.get(i) != rev and i not in waiting]
        return missing, [i for i in found if i not in truth and i not in waiting]

    def heal(self) -> Healed:
        """After an unclean stop: drain, compare, bring the differences; rebuild what cannot be read."""
        with self._lock:
            try:
                drained = self.drain()
                missing, extra = self.compare()
                wrong = missing + extra
                for start in range(0, len(wrong), _BATCH):
                    self._bring(wrong[start : start + _BATCH])
            except IndexDamagedError as error:
                self.rebuild()
                self.drain()
                return Healed(rebuilt=str(error))
            return Healed(drained=drained, repaired=len(missing), removed=len(extra))

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Throw the index away and build it from the truth; vectors are kept there, so nothing is embedded again.

        Args:
            progress: Told (rows done, rows in all) after each batch.

        Returns:
            Rows in the new index.
        """
        with self._lock:
            self._index.reset()
            with self._database.reading() as db:
                ids = [row[0] for row in db.execute(f"SELECT id FROM ({_TRUTH}) ORDER BY rev").fetchall()]  # noqa: S608
            for start in range(0, len(ids), _PAGE):
                self._bring(ids[start : start + _PAGE])
                if progress is not None:
                    progress(min(start + _PAGE, len(ids)), len(ids))
            self._index.compact()
        return len(ids)


def current(db: Cursor, ids: Sequence[str]) -> list[IndexRow]:
    """Rows of the truth as the index keeps them; ids that are gone or erased are left out."""
    given = [list(ids)]
    rows = [_episode(row) for row in db.execute(_EPISODES, given).fetchall()]
    return rows + [_memory(row) for row in db.execute(_MEMORIES, given).fetchall()]


def _episode(row: tuple[Any, ...]) -> IndexRow:
    id_, rev, user, text, vector, speaker, said_at, tz = row
    return IndexRow(
        id=id_, rev=rev, user=user, text=searchable(text, speaker, from_db(said_at), tz), vector=vector or b""
    )


def _memory(row: tuple[Any, ...]) -> IndexRow:
    id_, rev, user, text, vector = row
    return IndexRow(id=id_, rev=rev, user=user, text=text, vector=vector or b"")
