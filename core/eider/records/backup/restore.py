"""Restoring: a verified copy becomes a store again, without what was forgotten since, in one step or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from eider.model import config
from eider.model.backup_paths import MANIFEST
from eider.model.clock import SystemClock
from eider.model.errors import (
    EiderError,
    EmbedderError,
    InputError,
    RefusedError,
    StoreDamagedError,
    StoreError,
    StoreLockedError,
    StoreMissingError,
    StoreTooNewError,
)
from eider.model.failpoints import point
from eider.model.processes import is_running
from eider.providers.token_budget import HeuristicCounter
from eider.records.backup import worker
from eider.records.backup.create import verify
from eider.records.backup.manifest import read_or_damaged
from eider.records.backup.swap_dirs import exchange
from eider.records.backup.tombstones import Forgotten, Hits, forget_in, forgotten_in, hits
from eider.store.engine import Engine
from eider.store.files import PUBLISHED, sync, uncreatable
from eider.store.lock import OWNER, OwnerLock
from eider.store.open import newest_schema, open_copy, open_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.model.values import Role
    from eider.records.backup.manifest import Backup

_MARK: Final = "RESTORING"
"""In a directory that is not in place yet; a store that was set aside has none."""
_PATIENCE: Final = 10.0
"""Seconds to wait for whoever has the store open to let go of it. A guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did, or would do."""

    backup: str
    store: str
    """Name or path of the restored store."""
    path: str
    aside: str | None
    """Where the store that was there is now."""
    erased: int
    """Items of the backup that were forgotten since, and erased again."""
    events: int
    users: int
    asked: bool
    """Whether the living store could say what was forgotten since; else at most newer backups did."""
    dry_run: bool


class _Stored:
    """Stands for the embedder a copy was made with, which is not needed to erase."""

    degraded = None

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint, self.width = fingerprint, 1

    def embed(self, texts: Sequence[str], role: Role) -> NoReturn:  # noqa: ARG002 (the protocol's)
        raise EmbedderError("a restored copy is looked at, not asked; nothing is embedded here.")


def restore(
    backup: Backup, target: Path, *, replace: bool = False, dry_run: bool = False, ignore_tombstones: bool = False,
    release: Callable[[Path], None] = lambda _: None,
) -> Restored:  # fmt: skip
    """Put a backup in place as a store.

    Args:
        backup: Which.
        target: Directory of the store; new, unless it is replaced.
        replace: Set the store that is there aside; it is renamed, never deleted.
        dry_run: Only say what would happen.
        ignore_tombstones: Go on although it cannot be read what was forgotten since.
        release: Asks whoever else has a directory open to let go of it.

    Raises:
        RefusedError: The backup is damaged, something is in the way, or what was forgotten since cannot be read.
        StoreLockedError: Another process has the store open.
        StoreTooNewError: A later version made the backup.
    """
    _refuse_unfit(backup)
    _finish_killed(target)
    there = target.is_dir() and any(target.iterdir())
    _refuse_target(backup, target, there=there, replace=replace)
    with ExitStack() as held:
        found, lock = None, None
        if there:
            lock = held.enter_context(_hold_lock(target, release))
            found = _forgotten(backup, target, ignore=ignore_tombstones, same=True)
        elif (source := _source(backup)) is not None:
            with _hold_lock(source, release):
                found = _forgotten(backup, source, ignore=ignore_tombstones, same=False)
        asked, found = found is not None, found or _told_by_backups(backup)
        if dry_run:
            return _report(backup, target, None, _forgotten_in_copy(backup, found), asked=asked, dry_run=True)
        staged = target.with_name(f".{target.name}.restoring-{os.getpid()}-{secrets.token_hex(3)}")
        try:
            erased = _stage(backup, staged, found)
            if not there:
                _place_new(staged, target)
                return _report(backup, target, None, erased, asked=asked, dry_run=False)
            aside = _free_name(target, backup.path.name)
            _replace_old(staged, target, aside, lock)
            return _report(backup, target, aside, erased, asked=asked, dry_run=False)
        except OSError as error:
            raise uncreatable(target, error) from error
        finally:
            if (staged / _MARK).exists():
                shutil.rmtree(staged, ignore_errors=True)


def _refuse_unfit(backup: Backup) -> None:
    """Only what is whole, and known to this version, is restored."""
    if backup.manifest.schema > newest_schema():
        raise StoreTooNewError(backup.path, backup.manifest.schema, newest_schema())
    if findings := verify(backup.path).findings:
        raise RefusedError(
            f"backup {backup.name!r} is damaged ({findings[0]}); take another one: eider backup list --verify."
        )


def _refuse_target(backup: Backup, target: Path, *, there: bool, replace: bool) -> None:
    if there and not replace:
        raise RefusedError(
            f"{str(target)!r} exists; restore under another name with --store NAME, or set it aside with --replace."
        )
    if target.exists() and not target.is_dir():
        raise RefusedError(f"{str(target)!r} is a file; restore under another name with --store NAME.")
    if there and not any(target.glob("truth-*.duckdb")):
        raise RefusedError(f"{str(target)!r} is no store; restore under another name with --store NAME.")
    if backup.path.resolve().is_relative_to(target.resolve()):
        raise InputError(f"the backup lies within {str(target)!r}; move it out of the way first.")


def _source(backup: Backup) -> Path | None:
    """The store a backup was made of, if it lives: where it was, or under its name in this home."""
    places = [Path(backup.manifest.folder), config.home().absolute() / "stores" / f"{backup.manifest.store}.eider"]
    return next((p for p in places if any(p.glob("truth-*.duckdb"))), None)


@contextmanager
def _hold_lock(folder: Path, release: Callable[[Path], None]) -> Generator[OwnerLock]:
    """A store's lock for as long as the restore takes: nothing may be forgotten in it unseen."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            lock = OwnerLock(folder)
            break
        except StoreLockedError:
            release(folder)
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
    try:
        yield lock
    finally:
        lock.close()


def _forgotten(backup: Backup, source: Path, *, ignore: bool, same: bool) -> Forgotten | None:
    """What the living store has forgotten; None where there is nothing to be asked.

    Args:
        backup: What is restored.
        source: The store that is replaced, or the one the backup was made of.
        ignore: Go on where it cannot be read.
        same: It is the one that is replaced.
    """
    try:
        with open_copy(source, locked=True) as store:
            found = forgotten_in(store, [backup.manifest])
    except StoreMissingError:
        return None
    except (StoreDamagedError, StoreTooNewError) as error:
        if ignore:
            return None
        raise RefusedError(
            f"what was forgotten since the backup cannot be read from {str(source)!r} ({error}); to go on all the same, "
            "and bring it back, pass --ignore-tombstones."
        ) from error
    if found.identity == backup.manifest.identity:
        return found
    if same:
        raise RefusedError(
            f"{str(source)!r} is not the store that {backup.name!r} was made of; restore it under a name of its own."
        )
    return None


def _told_by_backups(backup: Backup) -> Forgotten | None:
    """What the newest of the other backups of that store knows of it, where the store itself cannot say."""
    found = [read_or_damaged(p.parent) for p in backup.path.parent.glob(f"[!.]*/{MANIFEST}")]
    newer = [b for b in found if b.manifest.identity == backup.manifest.identity and b.manifest.at > backup.manifest.at]
    for other in sorted(newer, key=lambda b: b.manifest.at, reverse=True):
        with suppress(EiderError), open_copy(other.copy) as store:
            return forgotten_in(store, [backup.manifest])
    return None


def _forgotten_in_copy(backup: Backup, found: Forgotten | None) -> Hits:
    if found is None:
        return {}
    with open_copy(backup.copy) as copy:
        return hits(copy, found, backup.manifest)


def _stage(backup: Backup, staged: Path, found: Forgotten | None) -> Hits:
    """Make a store of the copy beside the target, free of what was forgotten, and check it."""
    staged.mkdir(parents=True, mode=0o700)
    (staged / _MARK).touch(0o600)
    for path in backup.copy.iterdir():
        if path.is_file() and path.name != PUBLISHED:
            shutil.copyfile(path, staged / path.name)
            (staged / path.name).chmod(0o600)
    point("restore.copied")
    embedder: Any = _Stored(backup.manifest.embedder)
    store = open_folder(staged, embedder, follow=False)
    engine = Engine(store=store, clock=SystemClock(), embedder=embedder, counter=HeuristicCounter(), name="restore")
    try:
        erased = forget_in(engine, found, backup.manifest) if found is not None else {}
        now = engine.now()  # the search index is built by whoever opens the store, behind their back
        store.job_queue.add("reindex", user="", payload="{}", priority=0, batch=None, now=now, due=now)
    finally:
        engine.close()
    point("restore.erased")
    if findings := worker.ask("look", staged)["findings"]:
        raise StoreError(f"the restored store is not whole ({findings[0]}); nothing was changed. Report this.")
    for path in staged.iterdir():
        sync(path)
    sync(staged)
    return erased


def _place_new(staged: Path, target: Path) -> None:
    """A new store appears under its name."""
    point("restore.checked")
    try:
        staged.rename(target)
    except OSError as error:
        if target.exists() and any(target.iterdir()):
            raise RefusedError(f"{str(target)!r} was made meanwhile; restore under another name.") from error
        raise
    _unmark(target)
    sync(target.parent)
    point("restore.placed")


def _replace_old(staged: Path, target: Path, aside: Path, lock: OwnerLock | None) -> None:
    """The new store takes the place of the old one, which is set aside under a name of its own."""
    point("restore.checked")
    exchange(staged, target)
    point("restore.exchanged")
    _unmark(target)
    if lock is not None:
        (staged / OWNER).unlink(missing_ok=True)
        lock.abandon()  # closing it would remove the note of whoever opens the new store
    staged.rename(aside)
    sync(aside.parent)
    point("restore.placed")


def _unmark(folder: Path) -> None:
    (folder / _MARK).unlink(missing_ok=True)


def _free_name(target: Path, stamp: str) -> Path:
    """A free name for the store that is set aside."""
    base, number = target.name.removesuffix(".eider")[:36], 1
    while True:
        more = f"-{number}" if number > 1 else ""
        found = target.with_name(f"{base}-before-{stamp.lower()}{more}.eider")
        if not found.exists():
            return found
        number += 1


def _finish_killed(target: Path) -> None:
    """Finish what a killed restore began: halves go, a store that was to be set aside gets its name."""
    for left in sorted(target.parent.glob(f".{target.name.replace('[', '[[]')}.restoring-*")):
        pid = left.name.rpartition("-")[0].rpartition("-")[2]
        with suppress(PermissionError):
            if pid.isdigit() and not is_running(int(pid)):
                if (left / _MARK).exists():
                    shutil.rmtree(left, ignore_errors=True)
                elif not target.exists():
                    left.rename(target)
                else:
                    left.rename(_free_name(target, "kill"))
    if target.is_dir():
        _unmark(target)


def _report(backup: Backup, target: Path, aside: Path | None, erased: Hits, *, asked: bool, dry_run: bool) -> Restored:
    rows = {str(u["name"]): int(u["episode"]) + int(u["memory"]) for u in backup.manifest.users}
    count = sum(rows.get(user, 0) if ids is None else len(ids) for user, ids in erased.items())
    whole = sum(ids is None for ids in erased.values())
    return Restored(
        backup=backup.name, store=target.name.removesuffix(".eider"), path=str(target), erased=count,
        aside=None if aside is None else str(aside), events=backup.manifest.events,
        users=len(backup.manifest.users) - whole, asked=asked, dry_run=dry_run,
    )  # fmt: skip
