"""Loops, and what outcomes taught."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from eider.model.clock import from_db, to_db
from eider.model.outcomes import Loop, Recalled
from eider.model.values import Usage
from eider.store.protocols import LearnedDocument
from eider.store.sql import rows
from eider.store.sql.session import Cursor, Database

_LEARNS: Final = 3
"""The first schema with a table of what was learned."""
_LOOP: Final = "id, user_id, agent, opened_at, expires_at, closed_at, outcome, recalled"


class SqlLoops:
    """`LoopStore`."""

    def __init__(self, database: Database) -> None:
        """Work on an open database."""
        self._database = database

    def get(self, id: str, *, user: str) -> Loop | None:  # noqa: A002 (the word users know)
        """Return a user's loop; another user's does not exist."""
        with self._database.reading(user) as db:
            return read(db, id, user)

    def save(self, loop: Loop) -> None:
        """Write a loop, new or known; no event tells of it."""
        with self._database.writing(loop.user) as db:
            put(db, loop)

    def note(
        self, id: str, *, user: str, add: Callable[[tuple[Recalled, ...]], tuple[Recalled, ...]]  # noqa: A002
    ) -> None:  # fmt: skip
        """Replace what was recalled in a loop by `add(it)`, in one transaction; nothing where it is closed or gone."""
        with self._database.writing(user) as db:
            known = read(db, id, user)
            if known is not None and known.closed_at is None:
                put(db, replace(known, recalled=add(known.recalled)))

    def expired(self, *, user: str, now: datetime) -> list[str]:
        """Return ids of open loops that nobody will judge any more, the oldest first."""
        sql = "SELECT id FROM loops WHERE user_id = ? AND closed_at IS NULL AND expires_at <= ? ORDER BY expires_at, id"
        with self._database.reading(user) as db:
            return [row[0] for row in db.execute(sql, [user, to_db(now)]).fetchall()]

    def next_expiry(self, *, user: str) -> datetime | None:
        """Return when the next open loop is given up."""
        sql = "SELECT min(expires_at) FROM loops WHERE user_id = ? AND closed_at IS NULL"
        with self._database.reading(user) as db:
            at = db.execute(sql, [user]).fetchall()[0][0]
        return None if at is None else from_db(at)

    def counts(self, *, user: str) -> tuple[int, int]:
        """Return how many loops are open, and how many were closed."""
        sql = "SELECT count(*) FILTER (WHERE closed_at IS NULL), count(closed_at) FROM loops WHERE user_id = ?"
        with self._database.reading(user) as db:
            found = db.execute(sql, [user]).fetchall()[0]
        return int(found[0]), int(found[1])


class SqlLearned:
    """`LearnedStore`."""

    def __init__(self, database: Database) -> None:
        """Work on an open database, which may be of an older schema."""
        self._database = database
        self.available = database.schema >= _LEARNS

    def documents(self, *, user: str) -> dict[str, LearnedDocument]:
        """Return what was learned, by name."""
        sql = "SELECT name, version, content, changed_at FROM learned WHERE user_id = ?"
        with self._database.reading(user) as db:
            return {
                name: LearnedDocument(version=version, content=json.loads(content), changed_at=from_db(at))
                for name, version, content, at in db.execute(sql, [user]).fetchall()
            }

    def usage_before(self, *, user: str) -> dict[str, Usage]:
        """Return usage as it was before outcomes changed it, by memory."""
        sql = f"SELECT {rows.columns(rows.USAGE)} FROM unlearned WHERE user_id = ? ORDER BY id"  # noqa: S608
        with self._database.reading(user) as db:
            return {row[0]: rows.usage_of(row) for row in db.execute(sql, [user]).fetchall()}


def put(db: Cursor, loop: Loop) -> None:
    """Write a loop, new or known."""
    db.change("DELETE FROM loops WHERE id = ? AND user_id = ?", [loop.id, loop.user])
    values = [
        loop.id, loop.user, str(loop.agent), to_db(loop.opened_at), to_db(loop.expires_at),
        None if loop.closed_at is None else to_db(loop.closed_at), loop.outcome, json.dumps([[r.id, r.ask, r.words, r.meaning, r.rest] for r in loop.recalled], separators=(",", ":")),
    ]  # fmt: skip
    db.insert("loops", _LOOP.split(", "), [values])


def read(db: Cursor, id_: str, user: str) -> Loop | None:
    """A user's loop; another user's does not exist."""
    found = db.execute(f"SELECT {_LOOP} FROM loops WHERE id = ? AND user_id = ?", [id_, user]).fetchall()  # noqa: S608
    return _loop(found[0]) if found else None


def write_learned(
    db: Cursor, user: str, learned: Mapping[str, Mapping[str, Any] | None], seq: int, at: datetime
) -> None:
    """What is learned of a user from this event on; None takes it out."""
    for name, content in learned.items():
        db.change("DELETE FROM learned WHERE user_id = ? AND name = ?", [user, name])
        if content is not None:
            text = json.dumps(content, sort_keys=True, allow_nan=False)
            names = ["user_id", "name", "version", "content", "changed_at"]
            db.insert("learned", names, [(user, name, seq, text, to_db(at))])


def write_unlearned(db: Cursor, user: str, before: Sequence[Usage] | None) -> None:
    """Keep what is not kept yet; None lets go of all."""
    if before is None:
        db.change("DELETE FROM unlearned WHERE user_id = ?", [user])
        return
    db.insert("unlearned", rows.USAGE, [rows.usage_row(u, user) for u in before], "ON CONFLICT DO NOTHING")


def _loop(row: tuple[Any, ...]) -> Loop:
    id_, user, agent, opened, expires, closed, outcome, recalled = row
    return Loop(
        id=id_, user=user, agent=agent, opened_at=from_db(opened), expires_at=from_db(expires or opened),
        closed_at=None if closed is None else from_db(closed), outcome=outcome,
        recalled=tuple(
            Recalled(id=i, ask=ask, words=words, meaning=meaning, rest=rest)
            for i, ask, words, meaning, rest in json.loads(recalled or "[]")
        ),
    )  # fmt: skip
