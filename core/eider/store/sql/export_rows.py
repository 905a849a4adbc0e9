"""All of one user's rows, streamed in a stable order out of one snapshot."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from eider.model.clock import from_db
from eider.model.runs import RUN_OPS, STEP_OPS, Content, Run, Step
from eider.model.values import Edge, Episode, Memory, Usage
from eider.store.sql import rows
from eider.store.sql.runs import RUN, STEP, read_contents, run_of, step_of
from eider.store.sql.session import Cursor, Database
from eider.store.transfer_rows import Happened, renumber

_FETCH: Final = 1_000
_RUNS_AT_ONCE: Final = 200
_TRAVELS: Final = "e.op NOT IN ({})".format(", ".join(f"'{op}'" for op in (*RUN_OPS, *STEP_OPS)))
"""Events that an export brings along: those of runs commit to rows as they are in this store."""


class SqlSnapshot:
    """`Snapshot`: one user's rows as they were when it was taken.

    Numbers of events are places among the user's own, so that an export says nothing about others and a
    restored store exports the same. Each stream must be read to its end before the next.
    """

    def __init__(self, db: Cursor, user: str) -> None:
        self._db, self._user = db, user
        found = db.execute(
            f"SELECT e.seq FROM events e WHERE e.user_id = ? AND {_TRAVELS} ORDER BY e.seq",  # noqa: S608 (constants)
            [user],
        ).fetchall()
        self._seqs = array("q", (row[0] for row in found))

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        found = self._db.execute(sql, [self._user])
        while batch := found.fetchmany(_FETCH):
            yield from batch

    def rev(self, seq: int | None) -> int:
        """Place of an event among the user's own, from 1; 0 when it is not there."""
        at = bisect_left(self._seqs, seq) if seq is not None else len(self._seqs)
        return at + 1 if at < len(self._seqs) and self._seqs[at] == seq else 0

    def episodes(self) -> Iterator[tuple[Episode, int]]:
        """Utterances in the order they were recorded, with the event that did."""
        sql = f"SELECT {rows.columns(rows.EPISODE)} FROM episodes WHERE user_id = ? ORDER BY rev, id"  # noqa: S608
        for row in self._rows(sql):
            yield rows.episode_of(row), self.rev(row[1])

    def utterances(self) -> Iterator[Episode]:
        """Utterances session by session, the session that began first before the others."""
        sql = (
            f"SELECT {rows.columns(rows.EPISODE)} FROM episodes WHERE user_id = ? "  # noqa: S608
            "ORDER BY min(said_at) OVER (PARTITION BY session), session, seq, id"
        )
        return (rows.episode_of(row) for row in self._rows(sql))

    def memories(self) -> Iterator[Memory]:
        """All versions, those of one memory together and in order; tombstones as well."""
        sql = f"SELECT {rows.columns(rows.MEMORY)} FROM memories WHERE user_id = ? ORDER BY id, rev"  # noqa: S608
        for row in self._rows(sql):
            yield replace(rows.memory_of(row), rev=self.rev(row[1]))

    def edges(self) -> Iterator[tuple[Edge, int]]:
        """Links between memories."""
        sql = (
            "SELECT source, target, kind, weight, rev FROM edges WHERE user_id = ? "
            "ORDER BY source, target, kind, weight, rev"
        )
        for source, target, kind, weight, rev in self._rows(sql):
            yield Edge(source=source, target=target, kind=kind, weight=weight), self.rev(rev)

    def usage(self) -> Iterator[Usage]:
        """Counters by memory."""
        sql = f"SELECT {rows.columns(rows.USAGE)} FROM usage WHERE user_id = ? ORDER BY id"  # noqa: S608
        return (rows.usage_of(row) for row in self._rows(sql))

    def events(self) -> Iterator[Happened]:
        """What changed, oldest first, with what it said where that is not erased."""
        sql = (
            "SELECT e.seq, e.happened_at, e.actor, e.op, e.ids, p.payload FROM events e LEFT JOIN event_payloads p "  # noqa: S608 (constants)
            f"ON p.seq = e.seq AND p.user_id = e.user_id WHERE e.user_id = ? AND {_TRAVELS} ORDER BY e.seq"
        )
        for seq, at, actor, op, ids, payload in self._rows(sql):
            said = (
                None
                if payload is None
                else renumber({k: v for k, v in json.loads(payload).items() if k != "user"}, self.rev)
            )
            yield Happened(
                seq=self.rev(seq), at=from_db(at), actor=actor, op=op, ids=tuple(json.loads(ids)), payload=said
            )

    def contents(self) -> Iterator[tuple[str, Content]]:
        """What runs with history were given and what their steps gave, by digest."""
        sql = (
            "SELECT digest, octet_length(content) FROM run_contents WHERE user_id = $1 AND digest IN ("
            "SELECT inputs FROM runs WHERE user_id = $1 AND history UNION SELECT s.digest FROM run_steps s "
            "JOIN runs r ON r.id = s.run_id AND r.user_id = s.user_id WHERE s.user_id = $1 AND r.history) ORDER BY digest"
        )
        return read_contents(self._db, self._user, self._db.execute(sql, [self._user]).fetchall())

    def runs(self) -> Iterator[Run]:
        """Runs with history and their steps, a run before its sub-runs."""
        sql = f"SELECT {rows.columns(RUN)} FROM runs WHERE user_id = ? AND history ORDER BY started_at, id"  # noqa: S608
        found = [run_of(row) for row in self._db.execute(sql, [self._user]).fetchall()]
        sql = f"SELECT {rows.columns(STEP)} FROM run_steps WHERE user_id = ? AND run_id IN (SELECT unnest(?)) ORDER BY seq"  # noqa: S608
        for place in range(0, len(found), _RUNS_AT_ONCE):
            part = found[place : place + _RUNS_AT_ONCE]
            steps: dict[str, list[Step]] = {run.id: [] for run in part}
            for row in self._db.execute(sql, [self._user, list(steps)]).fetchall():
                steps[row[0]].append(step_of(row))
            yield from (replace(run, steps=tuple(steps[run.id])) for run in part)


@contextmanager
def snapshot(database: Database, user: str) -> Generator[SqlSnapshot]:
    """One user's rows within one read transaction: what is written meanwhile is not half in it."""
    with database.snapshot(user) as db:
        yield SqlSnapshot(db, user)
