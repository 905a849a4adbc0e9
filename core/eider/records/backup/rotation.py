"""Rotation: which backups go, by the rule and because they still hold what was forgotten; never the last good one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from eider.model import backup_paths
from eider.model.errors import EiderError
from eider.records.backup.manifest import Backup, read
from eider.records.backup.tombstones import Forgotten, forgotten_in, hits
from eider.store.files import sync
from eider.store.open import open_copy

if TYPE_CHECKING:
    from eider.store.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many days, weeks and months to keep one backup of. Days are counted in UTC, weeks begin on Monday."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 6


def instants_to_keep(made: Collection[datetime], keep: Keep) -> frozenset[datetime]:
    """The instants whose backups stay.

    Days, weeks and months without a backup do not count: after a long pause nothing is lost at once. The newest
    always stays.

    >>> days = [datetime(2026, 5, day) for day in (1, 2, 3)]
    >>> sorted(at.day for at in instants_to_keep(days, Keep(daily=2, weekly=0, monthly=0)))
    [2, 3]
    """
    newest_first = sorted(made, reverse=True)
    stays = set(newest_first[:1])
    rules: tuple[tuple[int, Callable[[datetime], object]], ...] = (
        (keep.daily, lambda at: at.date()),
        (keep.weekly, lambda at: at.isocalendar()[:2]),
        (keep.monthly, lambda at: (at.year, at.month)),
    )
    for count, period in rules:
        seen: set[object] = set()
        for at in newest_first:
            if period(at) not in seen and len(seen) < count:
                seen.add(period(at))
                stays.add(at)
    return frozenset(stays)


def list_backups(folder: Path) -> list[Backup]:
    """Backups of one store, oldest first; what cannot be read is left out."""
    found: list[Backup] = []
    for path in backup_paths.backups(folder):
        with suppress(EiderError):
            found.append(read(path))
    return sorted(found, key=lambda b: (b.manifest.at, b.path.name))


def of(engine: Engine) -> list[Backup]:
    """Those of an open store; what another store of that name left on the shelf is not its own."""
    mine = engine.store.tombstones.identity
    return [b for b in list_backups(engine.store.place.on_disk("backups")) if b.manifest.identity == mine]


def backups_to_drop(found: Sequence[Backup], keep: Keep) -> list[Backup]:
    """Those that the rule lets go."""
    stays = instants_to_keep([b.manifest.at for b in found], keep)
    return [b for b in found if b.manifest.at not in stays]


def holding(found: Sequence[Backup], engine: Engine) -> list[Backup]:
    """Those that still hold something that was forgotten; one that cannot be looked into counts as one."""
    living = forgotten_in(engine.store, [b.manifest for b in found])
    return [b for b in found if _holds(b, living)]


def _holds(backup: Backup, living: Forgotten) -> bool:
    if backup.manifest.identity != living.identity:
        return False
    last = max(living.digests.values(), default=None)
    if last is None:
        return False
    try:
        with open_copy(backup.copy) as copy:
            return bool(hits(copy, living, backup.manifest))
    except EiderError:
        return True


def removable(going: Collection[Backup], found: Sequence[Backup]) -> list[Backup]:
    """Those of them that a newer, verified backup that stays makes up for."""
    leaving = {b.path for b in going}
    good = [b.manifest.at for b in found if b.verified and b.path not in leaving]
    return [b for b in found if b.path in leaving and any(at > b.manifest.at for at in good)]


def rotate(engine: Engine, keep: Keep | None, *, before_forget: bool, dry_run: bool = False) -> list[Backup]:
    """Remove what the rule lets go and what holds something forgotten; returns what went, oldest first."""
    found = of(engine)
    going = backups_to_drop(found, keep) if keep is not None else []
    if before_forget:
        going += [b for b in holding(found, engine) if b not in going]
    gone = removable(going, found)
    if not dry_run:
        for backup in gone:
            remove(backup)
    return gone


def remove(backup: Backup) -> None:
    """Take a backup away: it loses its name first, so that no half of it is ever listed."""
    gone = backup.path.with_name(f".{backup.path.name}.{os.getpid()}.partial")
    backup.path.rename(gone)
    sync(gone.parent)
    shutil.rmtree(gone, ignore_errors=True)
