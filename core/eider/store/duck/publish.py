"""Publishing: an immutable copy of a store that others recall beneath their own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

from eider.model.clock import to_db
from eider.model.errors import RefusedError
from eider.model.failpoints import point
from eider.store import event_chain
from eider.store.duck.database import Database
from eider.store.files import CURRENT, HEAD, PUBLISHED, sync
from eider.store.lock import LOCK
from eider.store.sql.run_checks import PUBLISHED as PUBLISHED_AT

_NUMBERS: Final = 10**9
"""One process gets the same database for the same path as long as somebody has it open: whoever still reads the old
snapshot would get that for the new one. So each has a name of its own."""


def publish(database: Database, target: Path, at: datetime) -> Path:
    """Copy the truth into a new directory that nobody will write to.

    The copy is made aside and renamed, so that readers find the old snapshot or the new one. A directory
    cannot be exchanged in one portable step: for the instant between two renames there is none, and a
    failure of the second puts the old one back.

    Args:
        database: What is published, all users of it.
        target: Where; absent, empty, or an older snapshot, which is replaced.
        at: When it was made; noted in it.

    Raises:
        RefusedError: Something else is at the target.
    """
    target = target.expanduser().absolute()
    _refuse_other(target)
    made = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    made.mkdir(mode=0o700)
    try:
        truth = f"truth-{secrets.randbelow(_NUMBERS):09}.duckdb"
        head = _copy_truth(database, made / truth, at)
        _write(made / CURRENT, truth)
        _write(made / HEAD, f"{head[0]:020d} {head[1]}")
        _write(made / LOCK, "")
        _write(made / PUBLISHED, json.dumps({"at": to_db(at).isoformat(), "events": head[0]}))
        sync(made)
        point("publish.made")
        _put_in_place(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def _refuse_other(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if target.is_symlink() or not target.is_dir():
        raise RefusedError(f"{str(target)!r} is no directory; name another place for the snapshot.")
    if any(target.iterdir()) and not (target / PUBLISHED).is_file():
        raise RefusedError(f"{str(target)!r} holds something that is no snapshot; name another place.")


def _copy_truth(database: Database, fresh: Path, at: datetime) -> tuple[int, str]:
    """Copy the truth; returns number and hash of the last event in it."""
    with database.alone() as db:
        name = db.execute("SELECT current_database()").fetchall()[0][0]
        place = str(fresh).replace("'", "''")
        db.execute(f"ATTACH '{place}' AS snapshot")
        try:
            db.execute(f'COPY FROM DATABASE "{name}" TO snapshot')
            # Work of the original, which nobody will do here; and runs, which are their own conversation's.
            for own in ("outbox", "jobs", "runs", "run_steps", "run_contents"):
                db.execute(f"DELETE FROM snapshot.{own}")  # noqa: S608 (constants)
            db.execute("INSERT OR REPLACE INTO snapshot.meta VALUES (?, ?)", [PUBLISHED_AT, to_db(at).isoformat()])
            last = db.execute("SELECT seq, hash FROM snapshot.events ORDER BY seq DESC LIMIT 1").fetchall()
            db.execute("CHECKPOINT snapshot")
        finally:
            db.execute("DETACH snapshot")
    fresh.chmod(0o600)
    sync(fresh)
    return (last[0][0], last[0][1]) if last else (0, event_chain.GENESIS)


def _put_in_place(made: Path, target: Path) -> None:
    older = target.with_name(f"{made.name}.old")
    replaced = target.exists()
    if replaced:
        target.rename(older)
    try:
        made.rename(target)
    except OSError:
        if replaced:
            older.rename(target)
        raise
    sync(target.parent)
    with contextlib.suppress(OSError):
        shutil.rmtree(older)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n" if text else "")
        file.flush()
        os.fsync(file.fileno())
