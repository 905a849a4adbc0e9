"""Whether runs are as they were written: each row is what its event committed to, and none is gone unforgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from eider.model.runs import RUN_OPS, STEP_OPS
from eider.store import event_chain
from eider.store.sql import rows
from eider.store.sql.runs import RUN, STEP, lasting, read_contents
from eider.store.sql.session import Cursor

SINCE: Final = 6
"""The first schema in which runs have events."""
PUBLISHED: Final = "published"
"""Name in `meta` of a snapshot, which has the events of runs and not the runs."""
_BATCH: Final = 2_000
_SHOWN: Final = 5
_RESTORE: Final = "restore a backup"


def check_runs(db: Cursor, findings: list[str], schema: int) -> dict[str, int]:
    """Check runs, steps and what they gave; returns how many there are of each."""
    if schema < SINCE:
        return {}
    found = [*_altered_runs(db), *_missing_runs(db), *_contents(db)]
    if len(found) > _SHOWN:
        found[_SHOWN:] = [f"… and {len(found) - _SHOWN} more findings about runs"]
    findings += [f"{one}; {_RESTORE}" for one in found]
    counted = "SELECT count(*) FROM {}"
    return {t: db.execute(counted.format(t)).fetchall()[0][0] for t in ("runs", "run_steps")}


def _altered_runs(db: Cursor) -> Iterator[str]:
    for table, names in (("runs", RUN), ("run_steps", STEP)):
        last = 0
        sql = (
            f"SELECT t.rev, t.nonce, e.commitment, {rows.columns(names, 't')} FROM {table} t LEFT JOIN events e ON e.seq = t.rev "  # noqa: S608
            f"WHERE t.rev > ? ORDER BY t.rev LIMIT {_BATCH}"
        )
        while batch := db.execute(sql, [last]).fetchall():
            for _, nonce, commitment, *row in batch:
                said = event_chain.encode_row(lasting(tuple(row)) if table == "runs" else row)
                if commitment is None or event_chain.commit_to(said, nonce)[1] != commitment:
                    yield (
                        f"run {row[0]} was altered"
                        if table == "runs"
                        else f"step {row[2]!r} of run {row[0]} was altered"
                    )
            last = batch[-1][0]


def _missing_runs(db: Cursor) -> Iterator[str]:
    """Runs and steps that events tell of, and that nothing has erased."""
    if db.execute("SELECT 1 FROM meta WHERE name = ?", [PUBLISHED]).fetchall():
        return
    unnamed: list[Any] = db.execute("SELECT run_id, name FROM run_steps WHERE rev = 0 AND writes > 0").fetchall()
    yield from (f"step {name!r} of run {run} was altered" for run, name in unnamed)
    named = "e.user_id = {0}.user_id AND e.ids = '[\"' || {0}.{1} || '\"]'"
    told = "SELECT user_id, ids, {} FROM events WHERE op IN (SELECT unnest(?)) AND user_id <> '' GROUP BY user_id, ids"
    sql = (
        f"SELECT e.ids, r.rev FROM ({told.format('max(seq) AS last')}) e LEFT JOIN runs r ON {named.format('r', 'id')} "  # noqa: S608
        "WHERE coalesce(r.rev, 0) <> e.last"
    )
    runs: list[Any] = db.execute(sql, [list(RUN_OPS)]).fetchall()
    written = "SELECT user_id, run_id, sum(writes) AS writes FROM run_steps GROUP BY user_id, run_id"
    sql = (
        f"SELECT e.ids, e.told - coalesce(s.writes, 0) FROM ({told.format('count(*) AS told')}) e "  # noqa: S608
        f"LEFT JOIN ({written}) s ON {named.format('s', 'run_id')} WHERE coalesce(s.writes, 0) <> e.told"
    )
    steps: list[Any] = db.execute(sql, [list(STEP_OPS)]).fetchall()
    forgotten: set[str] = set()
    if runs or steps:
        for (ids,) in db.execute("SELECT ids FROM events WHERE op = 'forget'").fetchall():
            forgotten.update(json.loads(ids))
    for ids, rev in runs:
        if (run := json.loads(ids)[0]) not in forgotten:
            yield f"run {run} is gone" if rev is None else f"the last change of run {run} is gone"
    for ids, missing in steps:
        if (run := json.loads(ids)[0]) not in forgotten:
            yield f"{missing} step(s) of run {run} are gone"


def _contents(db: Cursor) -> Iterator[str]:
    """What runs were given and what steps gave is there, and is what its digest names."""
    sql = (
        "SELECT count(*) FROM (SELECT user_id, digest FROM run_steps WHERE digest <> '' UNION "
        "SELECT user_id, inputs FROM runs) w WHERE NOT EXISTS "
        "(SELECT 1 FROM run_contents c WHERE c.digest = w.digest AND c.user_id = w.user_id)"
    )
    if missing := db.execute(sql).fetchall()[0][0]:
        yield f"{missing} output(s) of steps are gone"
    sizes: dict[str, list[tuple[str, int]]] = {}
    sql = "SELECT user_id, digest, octet_length(content) FROM run_contents ORDER BY digest"
    for user, digest, size in db.execute(sql).fetchall():
        sizes.setdefault(user, []).append((digest, size))
    for user, listed in sizes.items():
        yield from (
            f"output {name} was altered" for name, content in read_contents(db, user, listed) if content.digest != name
        )
