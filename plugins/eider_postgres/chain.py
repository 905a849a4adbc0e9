"""The end of an event chain that several processes move on."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from eider.model.changes import ChangeSet
from eider.model.errors import StaleChangeError, StoreDamagedError
from eider.model.values import Metadata
from eider.store.event_chain import Link
from eider.store.sql.chain import Chain, Head
from eider.store.sql.session import EVERYONE, Cursor
from eider_postgres.database import PostgresDatabase

_REMEMBERED: Final = 100_000
"""Own events that are told from others'; one that is not is read once too often."""
DOCUMENTS: Final = "documents"
"""Told instead of an event's number when documents changed."""
_DISOWN: Final = (
    "WITH gone AS (DELETE FROM events WHERE user_id = ? RETURNING *) INSERT INTO events (seq, happened_at, user_id, "
    "actor, op, ids, commitment, previous, hash) "
    "SELECT seq, happened_at, '', actor, op, ids, commitment, previous, hash FROM gone"
)


class PostgresChain(Chain):
    """A chain whose head is a row: whoever writes holds it until the commit."""

    def __init__(self, database: PostgresDatabase, *, indexed: bool = False) -> None:
        """Read the end of the chain; `indexed` where a search index of its own follows what is written."""
        self.me = secrets.token_hex(8)
        """Names this process to the others."""
        with database.reading(EVERYONE) as db:
            found = db.execute("SELECT content FROM meta WHERE name = 'secret'").fetchall()
        if not found:
            place = Path(database.address.shown)
            raise StoreDamagedError(place, "its secret is missing", "Restore the schema from a backup.")
        super().__init__(database, bytes.fromhex(found[0][0]), indexed=indexed)
        self._written: dict[int, None] = {}
        self.channel = f"eider_{self.digest('channel', '', database.address.schema)[:32]}"

    def begin(self, db: Cursor) -> None:
        """Take the head; what was remembered between writes holds where nobody else has written."""
        seq, hash_, tombstoned = db.execute(
            "SELECT seq, hash, EXISTS (SELECT 1 FROM tombstones) FROM chain FOR UPDATE"
        ).fetchall()[0]
        self._before = self.head[0]
        if (seq, hash_) != self.head:
            self.head = (seq, hash_)
            self.sequences = {}
        self._begun, self.tombstoned = seq, tombstoned

    def stand_still(self, db: Cursor) -> None:
        """Take the head until the transaction ends."""
        db.execute("SELECT 1 FROM chain FOR UPDATE")

    def announce_documents(self, db: Cursor) -> None:
        """Let whoever listens read documents anew."""
        db.execute("SELECT pg_notify($1, $2)", [self.channel, f"{self.me} {DOCUMENTS}"])

    def check_overtaken(self, db: Cursor, changes: ChangeSet) -> None:
        """Refuse a plan whose user's rows another process changed since this one wrote last: it is made again.

        A statement that both were told at once would stand there twice, as each looked for it before the other wrote.

        Raises:
            StaleChangeError: Somebody else was faster.
        """
        if self._before == self._begun:
            return
        sql = "SELECT 1 FROM events WHERE user_id = $1 AND seq > $2 LIMIT 1"
        if db.execute(sql, [changes.user, self._before]).fetchall():
            raise StaleChangeError([str(m.id) for m in changes.memories])

    def end(self, db: Cursor, head: Head) -> None:
        """Keep the new head, and tell the others when it is committed."""
        db.execute("UPDATE chain SET seq = $1, hash = $2", list(head))
        self.notify(db, head[0])

    def notify(self, db: Cursor, seq: int) -> None:
        """Tell whoever listens of an event; who wrote it is named, so that its own listener reads nothing."""
        db.execute("SELECT pg_notify($1, $2)", [self.channel, f"{self.me} {seq}"])

    def note(self) -> None:
        """After a commit: remember that it was this process's."""
        first = self._begun + 1
        self._written.update(dict.fromkeys(range(first, self.head[0] + 1)))
        while len(self._written) > _REMEMBERED:
            self._written.pop(next(iter(self._written)))

    def wrote(self, seq: int) -> bool:
        """Return whether this process wrote an event, as far as it remembers."""
        return seq in self._written

    def append(
        self, db: Cursor, user: str, actor: str, op: str, at: datetime, ids: tuple[str, ...], payload: Metadata
    ) -> tuple[Link, Head]:  # fmt: skip
        """Add the next event; what an erasure deletes is counted as soon as it is committed, for who writes the tables anew."""
        if op == "forget":
            db.execute("SELECT pg_stat_force_next_flush()")
        return super().append(db, user, actor, op, at, ids, payload)

    def disown(self, db: Cursor, user: str) -> None:
        """Take a user's name out of the events; no row changes its place, which a divided table may refuse."""
        db.change(_DISOWN, [user])
