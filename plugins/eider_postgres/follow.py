"""Hearing what other processes wrote to the same store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Final

import psycopg
from psycopg import Connection

from eider.model.clock import from_db
from eider.model.errors import EiderError
from eider.store.protocols import ForeignChange
from eider.store.sql import rows
from eider.store.sql.session import EVERYONE
from eider_postgres.chain import DOCUMENTS, PostgresChain
from eider_postgres.database import PATIENCE, PostgresDatabase
from eider_postgres.jobs import ALIVE

_PAUSE: Final = 0.25
"""Seconds between two tries to reach the server again."""
_LOOK: Final = 5.0
"""Seconds after which is looked without having heard anything: a pooler may swallow notifications."""
_BATCH: Final = 1_000


class Listener:
    """Waits for commits of other processes on a connection of its own, and tells of them.

    The connection also holds the lock by which others see that this process lives. While it is broken the last event
    heard of is remembered, so that nothing is missed.
    """

    def __init__(self, database: PostgresDatabase, chain: PostgresChain) -> None:
        """Begin with what is the last event now."""
        self._database, self._chain = database, chain
        self._seen = chain.head[0]
        self._mine: set[int] = set()
        self._tell: Callable[[Sequence[ForeignChange]], None] = lambda _: None
        self._reread: Callable[[], None] = lambda: None
        self._stopped = threading.Event()
        self._listening = threading.Event()
        self._catching_up = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="eider-postgres-listener", daemon=True)

    def subscribe(self, tell: Callable[[Sequence[ForeignChange]], None], reread: Callable[[], None]) -> None:
        """Tell somebody of each change that others commit, in order; and when documents may have changed."""
        self._tell, self._reread = tell, reread

    def start(self) -> None:
        """Listen in a thread; returns when that hears."""
        self._thread.start()
        self._listening.wait(PATIENCE)

    def stop(self) -> None:
        """Hear no more."""
        self._stopped.set()
        with suppress(EiderError), self._database.writing(EVERYONE) as db:  # who waits for the others is woken
            self._chain.notify(db, self._seen)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)

    def catch_up(self) -> None:
        """Read what was committed since the last look, and tell of what others wrote."""
        sql = "SELECT seq, user_id, op, ids, happened_at FROM events WHERE seq > $1 ORDER BY seq LIMIT $2"
        with self._catching_up:
            while True:
                with self._database.reading(EVERYONE) as db:
                    found = db.execute(sql, [self._seen, _BATCH]).fetchall()
                if not found:
                    return
                changes = [
                    ForeignChange(user=user, op=op, ids=rows.ids_of(ids), at=from_db(at))
                    for seq, user, op, ids, at in found
                    if not self._chain.wrote(seq)
                ]
                self._seen = found[-1][0]
                if changes:
                    self._tell(changes)

    def _run(self) -> None:
        while not self._stopped.is_set():
            with suppress(psycopg.Error, EiderError):
                self._listen()
            self._stopped.wait(_PAUSE)

    def _listen(self) -> None:
        info = self._database.address.conninfo
        with psycopg.connect(info, autocommit=True) as connection:
            connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [ALIVE + self._chain.me])
            self._hear(connection)

    def _hear(self, connection: Connection[Any]) -> None:
        listen: Any = f"LISTEN {self._chain.channel}"
        connection.execute(listen)
        self.catch_up()
        self._reread()
        self._listening.set()
        looked = monotonic()
        while not self._stopped.is_set():
            told = [n.payload for n in connection.notifies(timeout=_PAUSE, stop_after=1)]
            others = [one for one in told if not one.startswith(self._chain.me)]
            due = monotonic() - looked > _LOOK
            if due or any(not one.endswith(DOCUMENTS) for one in others):
                self.catch_up()
                looked = monotonic()
            if due or any(one.endswith(DOCUMENTS) for one in others):
                self._reread()
