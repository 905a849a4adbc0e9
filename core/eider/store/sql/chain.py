"""The end of the event chain of one open store: every write of rows goes through here."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from eider.model.changes import ChangeSet
from eider.model.clock import to_db
from eider.model.errors import EiderError, StoreError
from eider.model.failpoints import point
from eider.model.values import Episode, Memory, Metadata
from eider.store import event_chain
from eider.store.sql import rows
from eider.store.sql.session import EVERYONE, Cursor, Database

Head = tuple[int, str]
"""Number and hash of an event."""


class Chain:
    """Transactions that move the chain on, and what writers have to remember between them."""

    def __init__(self, database: Database, secret: bytes, *, indexed: bool) -> None:
        """Read the end of the chain.

        Args:
            database: Open and migrated.
            secret: Key of this store's digests.
            indexed: Whether a search index of its own follows what is written.
        """
        self.database, self.secret, self.indexed = database, secret, indexed
        with database.reading(EVERYONE) as db:
            self.tombstoned = bool(db.execute("SELECT 1 FROM tombstones LIMIT 1").fetchall())
        self.head: Head = self._last_event()
        self._sequences: dict[tuple[str, str], int] = {}

    def _last_event(self) -> Head:
        with self.database.reading(EVERYONE) as db:
            last = db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchall()
        return (last[0][0], last[0][1]) if last else (0, event_chain.GENESIS)

    def link(self, seq: int) -> str | None:
        """Return the hash of an event; None when there is none of that number."""
        with self.database.reading(EVERYONE) as db:
            found = db.execute("SELECT hash FROM events WHERE seq = ?", [seq]).fetchall()
        return found[0][0] if found else event_chain.GENESIS if seq == 0 else None

    # ------------------------------------------------------------------ writing

    @contextmanager
    def transaction(self, user: str | None) -> Generator[tuple[Cursor, list[Head]]]:
        """Open a transaction that moves the chain on; the caller puts the new head into the list.

        The new head is noted before the next writer's turn. When the commit itself fails, the database is asked
        whether it was written all the same: a write is kept or refused, never perhaps.
        """
        heads: list[Head] = []
        with self.database.turn():
            try:
                with self.database.writing(user) as db:
                    self.begin(db)
                    yield db, heads
                    if heads:
                        self.end(db, heads[-1])
            except StoreError:
                if not heads:
                    raise
                with suppress(EiderError):
                    self.head = self._last_event()
                if heads[-1] != self.head:
                    raise
            if heads:
                point("commit.durable")
                self.head = heads[-1]
                self.note()

    def begin(self, db: Cursor) -> None:
        """Within a transaction, before anything is written: make sure that nobody else moves the chain on."""

    def stand_still(self, db: Cursor) -> None:
        """Within a transaction: let nobody else move the chain on until it ends."""

    def announce_documents(self, db: Cursor) -> None:
        """Within a transaction: tell other processes, when it is committed, that documents of the store changed."""

    def check_overtaken(self, db: Cursor, changes: ChangeSet) -> None:
        """Refuse a plan whose user's rows another process changed after this one looked last; alone, none can."""

    def end(self, db: Cursor, head: Head) -> None:
        """Within a transaction, after all was written: keep the new head where others look for it."""

    def disown(self, db: Cursor, user: str) -> None:
        """Take a user's name out of the events, within the caller's transaction."""
        db.change("UPDATE events SET user_id = '' WHERE user_id = ?", [user])

    def note(self) -> None:
        """After a commit, before the next writer's turn: note its head."""

    def append(
        self, db: Cursor, user: str, actor: str, op: str, at: datetime, ids: tuple[str, ...], payload: Metadata
    ) -> tuple[event_chain.Link, Head]:  # fmt: skip
        """Add the next event within the caller's transaction; returns it and the new head."""
        text = event_chain.encode(payload)
        nonce, commitment = event_chain.commit_to(text)
        link = self._follow(db, user, actor, op, at, ids, commitment)
        db.insert("event_payloads", ["seq", "user_id", "nonce", "payload"], [(link.seq, user, nonce, text)])
        return link, (link.seq, link.hash)

    def append_row(
        self, db: Cursor, user: str, actor: str, op: str, at: datetime, ids: tuple[str, ...], row: rows.Row
    ) -> tuple[str, Head]:  # fmt: skip
        """Add the next event, whose content is a row that the caller writes; returns the row's nonce and the new head."""
        nonce, commitment = event_chain.commit_to(event_chain.encode_row(row))
        link = self._follow(db, user, actor, op, at, ids, commitment)
        return nonce, (link.seq, link.hash)

    def _follow(
        self, db: Cursor, user: str, actor: str, op: str, at: datetime, ids: tuple[str, ...], commitment: str
    ) -> event_chain.Link:  # fmt: skip
        seq, previous = self.head[0] + 1, self.head[1]
        link = event_chain.Link(seq=seq, at=at, actor=actor, op=op, ids=ids, commitment=commitment, previous=previous)
        values = (seq, to_db(at), user, actor, op, json.dumps(list(ids)), commitment, previous, link.hash)
        db.insert("events", rows.EVENT, [values])
        return link

    def queue_for_index(self, db: Cursor, entries: Iterable[tuple[int, str]], user: str, op: str = "put") -> None:
        """Note (revision, id) of rows that the search index has to follow, within the caller's transaction."""
        if self.indexed:
            db.insert("outbox", ["rev", "id", "user_id", "op"], [(rev, i, user, op) for rev, i in entries])

    # ------------------------------------------------------------------ places in sessions

    @property
    def sequences(self) -> dict[tuple[str, str], int]:
        """A copy of the last known place of each (user, session)."""
        return dict(self._sequences)

    @sequences.setter
    def sequences(self, known: dict[tuple[str, str], int]) -> None:
        self._sequences = known

    def count(self, episodes: Sequence[Episode]) -> None:
        """Remember the last place of each session."""
        for episode in episodes:
            place = (str(episode.user), str(episode.session))
            self._sequences[place] = max(episode.seq, self._sequences.get(place, -1))
        while len(self._sequences) > 10_000:  # noqa: PLR2004 (a cache; a miss asks the table)
            self._sequences.pop(next(iter(self._sequences)))

    def last_in(self, db: Cursor, place: tuple[str, str]) -> int:
        """Return the last place of a (user, session); -1 for a new one."""
        if place not in self._sequences:
            sql = "SELECT max(seq) FROM episodes WHERE user_id = ? AND session = ?"
            last = db.execute(sql, list(place)).fetchall()[0][0]
            return -1 if last is None else last
        return self._sequences[place]

    def forget_sequences(self, user: str) -> None:
        """Count a user's sessions anew."""
        self._sequences = {place: seq for place, seq in self._sequences.items() if place[0] != user}

    # ------------------------------------------------------------------ keyed digests

    def digest(self, what: str, user: str, name: str) -> str:
        """Return a keyed digest of a user's id or key."""
        return event_chain.keyed_digest(self.secret, what, user, name)

    def identity(self, memory: Memory) -> str:
        """Return a digest of what makes two memories the same statement."""
        said = " ".join(unicodedata.normalize("NFC", memory.text).casefold().split()).rstrip(".!")
        parts = (str(memory.user), memory.kind, str(memory.scope), str(memory.trust), said)
        return event_chain.keyed_digest(self.secret, "identity", *parts)
