"""What a person, a job or the server asks for on an open store: a backup, a rotation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from eider.model.errors import InputError
from eider.records.backup import create, rotation
from eider.records.backup.rotation import Keep

if TYPE_CHECKING:
    from eider.records.backup.manifest import Backup
    from eider.store.engine import Engine
    from eider.store.jobs import Job

ExportFormat = Literal["jsonl", "parquet"]
_MOST: Final = 10_000


def run(engine: Engine, said: Mapping[str, Any]) -> dict[str, Any]:
    """Back a store up, and rotate if asked for.

    Args:
        engine: The open store.
        said: `to` (a directory), `export` (jsonl or parquet), `keep` (daily, weekly, monthly).
    """
    start = time.perf_counter()
    engine.writable()
    to, keep = _place(said.get("to")), _keep(said.get("keep"))
    made = create.make(engine, to, export=_export(said.get("export")))
    gone = rotation.rotate(engine, keep, before_forget=True) if keep is not None else []
    return {
        **describe_backup(made),
        "removed": [b.name for b in gone],
        "seconds": round(time.perf_counter() - start, 3),
    }


def prune(engine: Engine, said: Mapping[str, Any]) -> dict[str, Any]:
    """Remove backups by the rule (`keep`), and those that hold what was forgotten (`before_forget`)."""
    keep, before = _keep(said.get("keep")), bool(said.get("before_forget"))
    found = rotation.of(engine)
    gone = rotation.rotate(engine, keep, before_forget=before, dry_run=bool(said.get("dry_run")))
    left = [b for b in found if b not in gone]
    holding = [b.name for b in rotation.holding(left, engine)] if before else []
    return {"removed": [b.name for b in gone], "left": [b.name for b in left], "holding": holding}


def describe_backup(backup: Backup) -> dict[str, Any]:
    """What is said of a backup."""
    said = backup.manifest
    return {
        "name": backup.name, "path": str(backup.path), "store": said.store, "made_at": said.at, "bytes": backup.bytes,
        "users": len(said.users), "events": said.events, "verified": backup.verified,
        "verified_at": backup.verified_at, "findings": list(backup.findings),
    }  # fmt: skip


def _place(to: Any) -> Path | None:
    if to is None:
        return None
    if not isinstance(to, str) or not Path(to).is_absolute():
        raise InputError(f"to={to!r} cannot be used; pass the whole path of a directory.")
    return Path(to)


def _export(said: Any) -> ExportFormat | None:
    if said not in (None, "jsonl", "parquet"):
        raise InputError(f"export={said!r} is unknown; use one of 'jsonl', 'parquet'.")
    return said


def _keep(said: Any) -> Keep | None:
    if said is None:
        return None
    if not isinstance(said, Mapping):
        raise InputError(f"keep={said!r} cannot be used; pass an object such as {{'daily': 7}}.")
    rule = {name: said.get(name, getattr(Keep(), name)) for name in ("daily", "weekly", "monthly")}
    for name, count in rule.items():
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST:
            raise InputError(f"keep {name}={count!r} is out of range; pass a whole number from 0 to {_MOST:,}.")
    return Keep(**rule)


def run_scheduled_backup(engine: Engine, job: Job) -> None:
    """Do a scheduled backup; one that was made meanwhile is enough."""
    due = datetime.fromisoformat(str(job.payload["due"]))
    if not any(b.manifest.at >= due for b in rotation.of(engine)):
        run(engine, {"keep": {"daily": int(job.payload["keep"])}})
