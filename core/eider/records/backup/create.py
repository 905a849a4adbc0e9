"""Making a backup: a copy, a manifest, exports where they are wanted; whole and verified before it has its name."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from eider.client.client import VERSION
from eider.model.backup_paths import note_elsewhere, private_shelf, shelf, shelf_name
from eider.model.errors import InputError, ReadOnlyStoreError, StoreDamagedError, StoreError
from eider.model.failpoints import point
from eider.model.processes import is_running
from eider.records.backup import worker
from eider.records.backup.manifest import COPY, Backup, Manifest, note_verified, read, write
from eider.store.files import sync, uncreatable

if TYPE_CHECKING:
    from eider.records.backup.commands import ExportFormat
    from eider.store.engine import Engine


def stamp(at: datetime) -> str:
    """The name of a backup made at an instant.

    >>> stamp(datetime(2026, 5, 1, 9, 30, tzinfo=UTC))
    '20260501T093000Z'
    """
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def make(engine: Engine, to: Path | None = None, *, export: ExportFormat | None = None) -> Backup:
    """Back up a store; writers wait only while it is copied.

    Args:
        engine: The open store.
        to: Directory for its backups other than the usual one.
        export: Write each user's rows beside the copy in this format.

    Raises:
        StoreFullError: No room; nothing is left of the attempt.
        StoreError: It could not be verified; nothing is left of it.
    """
    folder = engine.store.place.on_disk("a backup")
    place = _place(folder, to)
    made_at = engine.now()
    name = _free(place, stamp(made_at))
    made = place / f".{name}.{os.getpid()}.partial"
    try:
        made.mkdir(mode=0o700)
        engine.usage.flush()
        engine.store.copies.publish(made / COPY, made_at)
        point("backup.copied")
        said = worker.ask("describe", made, *([export] if export else []))
        manifest = Manifest(
            store=shelf_name(folder), folder=str(folder), made_at=made_at.isoformat(), eider=VERSION, **said
        )
        write(made, manifest)
        point("backup.written")
        verify(made)
        for each in (*(p for p in made.rglob("*") if p.is_dir()), made):
            sync(each)
        point("backup.verified")
        made.rename(place / name)
        sync(place)
        point("backup.placed")
    except OSError as error:
        raise uncreatable(place, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if to is not None:
        note_elsewhere(folder, place)
    return read(place / name)


def verify(path: Path) -> Backup:
    """Hold a backup against its manifest in another process, and note what was found where that can be written.

    Raises:
        StoreDamagedError: A fresh one is not what was to be written.
        StoreError: It could not be looked at.
    """
    findings = tuple(worker.ask("check", path)["findings"])
    if findings and path.name.endswith(".partial"):
        raise StoreDamagedError(path, f"the backup is not whole ({findings[0]})", "Check the disk and try again.")
    now = datetime.now(UTC)
    with suppress(OSError):
        note_verified(path, now, findings)
    return replace(read(path), verified_at=now, findings=findings)


def _place(folder: Path, to: Path | None) -> Path:
    """The directory for backups of a store, swept of what killed attempts left."""
    place = shelf(folder) if to is None else to.expanduser().absolute()
    if place.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{str(place)!r} lies within the store; name a directory outside of it.")
    try:
        if to is None:
            private_shelf(folder)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except PermissionError as error:
        raise ReadOnlyStoreError(place, "the directory cannot be made") from error
    except OSError as error:
        raise StoreError(f"{str(place)!r} cannot be made ({error.strerror}); name another directory.") from error
    if not os.access(place, os.W_OK | os.X_OK):
        raise ReadOnlyStoreError(place, "the directory is not writable")
    sweep(place)
    return place


def sweep(place: Path) -> None:
    """Take away what attempts left whose process has ended."""
    for left in place.glob(".*.partial"):
        pid = left.name.removesuffix(".partial").rpartition(".")[2]
        if pid.isdigit() and not is_running(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _free(place: Path, name: str) -> str:
    """The name, or the next one where two were made within a second."""
    number = 1
    found = name
    while (place / found).exists():
        number += 1
        found = f"{name}-{number}"
    return found
