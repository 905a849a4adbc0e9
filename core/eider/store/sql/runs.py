"""Runs of workflows and what their steps gave."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from eider.model.clock import from_db, to_db
from eider.model.failpoints import point
from eider.model.runs import Content, Cut, Run, Seen, Step
from eider.store.sql import rows
from eider.store.sql.chain import Chain
from eider.store.sql.session import Cursor
from eider.store.transfer_rows import BYTES_AT_ONCE, ROWS_AT_ONCE

RUNS_SINCE: Final = 4
"""The first schema with runs."""
RUN: Final = (
    "id user_id agent name run_key status sees history scope session trust started_at active_at ended_at expires_at "
    "parent parent_step error outcome attempts inputs holder holds_until output"
).split()
STEP: Final = (
    "run_id user_id name number kind status seq after started_at ended_at trust media size tokens digest model error "
    "attempts sees saw cut child promoted in_order"
).split()
CONTENT: Final = "user_id digest media content".split()
_RUNS: Final = f"SELECT {rows.columns(RUN)} FROM runs"  # noqa: S608 (constants)
_STEPS: Final = f"SELECT {rows.columns(STEP)} FROM run_steps"  # noqa: S608 (constants)


class SqlRuns:
    """`RunStore`."""

    def __init__(self, chain: Chain) -> None:
        """Write to the end of `chain`; its database may be of an older schema."""
        self._chain, self._database = chain, chain.database
        self.available = self._database.schema >= RUNS_SINCE

    def get(self, id: str, *, user: str) -> Run | None:  # noqa: A002 (the word users know)
        """Return a user's run; another user's does not exist."""
        found = self._found(user, "id = ?", [id])
        return found[0] if found else None

    def by_key(self, name: str, key: str, *, user: str) -> Run | None:
        """Return the run that was begun with this name and key."""
        found = self._found(user, "name = ? AND run_key = ?", [name, key])
        return found[0] if found else None

    def save(self, run: Run, inputs: Content | None = None, *, op: str, actor: str, at: datetime) -> None:
        """Write a run, new or known, what went in, and the event of it."""
        with self._chain.transaction(run.user) as (db, heads):
            if inputs is not None:
                put_content(db, inputs, run.user)
            row = run_row(run)
            nonce, head = self._chain.append_row(db, run.user, actor, op, at, (run.id,), lasting(row))
            db.change("DELETE FROM runs WHERE id = ? AND user_id = ?", [run.id, run.user])
            db.insert("runs", [*RUN, "rev", "nonce"], [(*row, head[0], nonce)])
            point("run.written")
            heads.append(head)
        point("run.durable")

    def renew(self, run: Run) -> None:
        """Write when a run was last active and until when it is held; no event tells of it."""
        with self._database.writing(run.user) as db:
            given = [to_db(run.active_at or run.started_at), _at(run.holds_until), run.id, run.user]
            db.change("UPDATE runs SET active_at = ?, holds_until = ? WHERE id = ? AND user_id = ?", given)

    def listed(
        self, *, user: str, name: str | None = None, session: str | None = None, parent: str | None = None, limit: int
    ) -> list[Run]:  # fmt: skip
        """Return runs, newest first; without a parent only those that have none."""
        where, given = ["true"], list[str]()
        for column, value in (("name", name), ("session", session), ("parent", parent)):
            if value is not None:
                where.append(f"{column} = ?")
                given.append(value)
        if parent is None:
            where.append("parent IS NULL")
        return self._found(user, f"{' AND '.join(where)} ORDER BY started_at DESC, id DESC LIMIT {limit}", given)

    def unkept(self, *, user: str) -> list[Run]:
        """Return runs without history and without a parent, which are erased some time after their end."""
        return self._found(user, "NOT history AND parent IS NULL ORDER BY started_at")

    def _found(self, user: str, where: str, given: Sequence[Any] = ()) -> list[Run]:
        if not self.available:
            return []
        with self._database.reading(user) as db:
            found = db.execute(f"{_RUNS} WHERE user_id = ? AND {where}", [user, *given])
            return [run_of(row) for row in found.fetchall()]


class SqlSteps:
    """`StepStore`."""

    def __init__(self, chain: Chain) -> None:
        """Write to the end of `chain`; its database may be of an older schema."""
        self._chain, self._database = chain, chain.database

    def save(self, step: Step, content: Content | None, *, user: str, op: str, actor: str, at: datetime) -> None:
        """Write a step, what it gave, and the event of it, durably and whole or not at all; one that is there is replaced."""
        with self._chain.transaction(user) as (db, heads):
            if content is not None:
                put_content(db, content, user)
            row, writes = step_row(step, user), 1
            nonce, head = self._chain.append_row(db, user, actor, op, at, (step.run,), row)
            if step.attempts > 1 or step.promoted:
                same = "DELETE FROM run_steps WHERE run_id = ? AND user_id = ? AND name = ? AND number = ? RETURNING writes"
                before = db.execute(same, [step.run, user, str(step.name), step.number]).fetchall()
                writes += sum(n for (n,) in before)
            db.insert("run_steps", [*STEP, "rev", "nonce", "writes"], [(*row, head[0], nonce, writes)])
            point("step.written")
            heads.append(head)
        point("step.durable")

    def of(self, runs: Sequence[str], *, user: str) -> dict[str, list[Step]]:
        """Return run → its steps in the order of completion."""
        found: dict[str, list[Step]] = {run: [] for run in runs}
        if len(runs) == 1:
            where, given = "run_id = ? AND user_id = ?", [runs[0], user]
        else:
            where, given = "run_id IN (SELECT unnest(?)) AND user_id = ?", [list(runs), user]
        with self._database.reading(user) as db:
            for row in db.execute(f"{_STEPS} WHERE {where}", given).fetchall():
                found[row[0]].append(step_of(row))
        return {run: sorted(steps, key=lambda s: s.seq) for run, steps in found.items()}

    def contents(self, digests: Sequence[str], *, user: str) -> Mapping[str, Content]:
        """Return digest → content, as far as it is there."""
        wanted = [d for d in dict.fromkeys(digests) if d]
        if not wanted:
            return {}
        sql = "SELECT digest, media, content FROM run_contents WHERE digest IN (SELECT unnest(?)) AND user_id = ?"
        given: list[Any] = [wanted, user]
        if len(wanted) == 1:
            sql, given = sql.replace("IN (SELECT unnest(?))", "= ?"), [wanted[0], user]
        with self._database.reading(user) as db:
            return {d: Content(media, data) for d, media, data in db.execute(sql, given).fetchall()}

    def outcomes(self, *, user: str, since: datetime | None = None) -> list[Run]:
        """Return ended runs with history that failed or have a known outcome, with their steps, oldest first."""
        sql = f"{_RUNS} WHERE user_id = ? AND history AND ended_at IS NOT NULL AND (outcome IS NOT NULL OR status = 'failed')"
        given: list[Any] = [user]
        if since is not None:
            sql, given = f"{sql} AND ended_at > ?", [user, to_db(since)]
        with self._database.reading(user) as db:
            found = [run_of(row) for row in db.execute(f"{sql} ORDER BY ended_at, id", given).fetchall()]
        steps = self.of([run.id for run in found], user=user) if found else {}
        return [replace(run, steps=tuple(steps[run.id])) for run in found]


def read_contents(db: Cursor, user: str, sizes: Sequence[tuple[str, int]]) -> Iterator[tuple[str, Content]]:
    """Yield contents of a user, given (digest, bytes) of each; not many bytes are held at once."""
    part: list[str] = []
    held = 0
    for place, (digest, size) in enumerate(sizes, 1):
        part.append(digest)
        held += size
        if held >= BYTES_AT_ONCE or len(part) >= ROWS_AT_ONCE or place == len(sizes):
            sql = "SELECT digest, media, content FROM run_contents WHERE user_id = ? AND digest IN (SELECT unnest(?)) ORDER BY digest"
            yield from (
                (name, Content(media, bytes(data))) for name, media, data in db.execute(sql, [user, part]).fetchall()
            )
            part, held = [], 0


def put_content(db: Cursor, content: Content, user: str) -> None:
    """Keep a content unless the user has it."""
    known = "SELECT 1 FROM run_contents WHERE digest = ? AND user_id = ?"
    if not db.execute(known, [content.digest, user]).fetchall():
        db.insert("run_contents", CONTENT, [(user, content.digest, content.media, content.data)])


def lasting(row: rows.Row) -> rows.Row:
    """Return what of a run's row its event commits to: all but what renewing changes."""
    return tuple(v for name, v in zip(RUN, row, strict=True) if name not in ("active_at", "holds_until"))


def _at(value: datetime | None) -> datetime | None:
    return None if value is None else to_db(value)


def run_row(run: Run) -> rows.Row:
    """A run as it is stored."""
    return (
        run.id, run.user, str(run.agent), str(run.name), run.key and str(run.key), run.status, run.sees, run.history,
        str(run.scope), run.session and str(run.session), run.trust, to_db(run.started_at),
        to_db(run.active_at or run.started_at), _at(run.ended_at), _at(run.expires_at), run.parent, run.parent_step,
        str(run.error), run.outcome, run.attempts, run.inputs, str(run.holder), _at(run.holds_until), run.output,
    )  # fmt: skip


def run_of(row: Sequence[Any]) -> Run:
    """A run as it was stored, without its steps."""
    named = dict(zip(RUN, row, strict=True))
    named |= {n: None if named[n] is None else from_db(named[n]) for n in named if n.endswith(("_at", "_until"))}
    return Run(user=named.pop("user_id"), key=named.pop("run_key"), **named)


def step_row(step: Step, user: str) -> rows.Row:
    """A step as it is stored."""
    return (
        step.run, user, str(step.name), step.number, step.kind, step.status, step.seq, step.after,
        to_db(step.started_at), to_db(step.ended_at), step.trust, step.media, step.size, step.tokens, step.digest,
        step.model, str(step.error), step.attempts, step.sees, _packed(step.saw), _packed(step.cut), step.child,
        json.dumps(step.promoted), step.in_order,
    )  # fmt: skip


def _packed(values: Sequence[Seen | Cut]) -> str:
    return json.dumps([list(asdict(v).values()) for v in values], ensure_ascii=False) if values else "[]"


def step_of(row: Sequence[Any]) -> Step:
    """A step as it was stored."""
    named = dict(zip(STEP, row, strict=True))
    del named["user_id"]
    named |= {n: from_db(named[n]) for n in ("started_at", "ended_at")}
    named["saw"] = tuple(Seen(step=s, why=w, field=f) for s, w, f in json.loads(named["saw"]))
    named["cut"] = tuple(Cut(step=s, kept=k, of=o, why=w) for s, k, o, w in json.loads(named["cut"]))
    named["promoted"] = tuple(json.loads(named["promoted"]))
    return Step(run=named.pop("run_id"), **named)
