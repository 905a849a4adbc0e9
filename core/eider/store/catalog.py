"""What a store directory holds, told without opening it as a memory; and taking one away whole."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from eider.model.errors import EiderError, RefusedError, StoreError, StoreLockedError, StoreMissingError
from eider.model.processes import is_running
from eider.model.store_paths import shown_place
from eider.store.backends import address_in
from eider.store.files import StoreFiles
from eider.store.lock import LOCK, OwnerLock, holder
from eider.store.open import open_copy
from eider.store.protocols import Store, Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One line of a listing of stores."""

    name: str
    path: str
    bytes: int
    users: int | None = None
    """None where it could not be counted."""
    episodes: int | None = None
    memories: int | None = None
    """Current and closed ones, each once."""
    in_use: bool = False
    """Whether it is the one that is meant when none is named."""
    published: bool = False
    locked: bool = False
    locked_by: int | None = None
    """Process id of who has it open, if known."""
    trouble: str = ""


def overview(folder: Path, *, in_use: bool = False) -> Overview:
    """Look at one store; one that is open elsewhere, or damaged, is listed with what can be said."""
    files = StoreFiles(folder)
    seen = Overview(name=folder.stem, path=str(folder), bytes=_bytes(folder), in_use=in_use, published=files.published)
    if (address := address_in(folder)) is not None:
        return replace(seen, path=shown_place(address))
    try:
        totals = _totals(files)
    except StoreLockedError as error:
        return replace(seen, locked=True, locked_by=error.pid)
    except EiderError as error:
        return replace(seen, trouble=str(error))
    return replace(seen, users=totals.users, episodes=totals.episodes, memories=totals.memories)


def overview_of(store: Store) -> Overview:
    """Describe a store that this process has open in a directory."""
    totals, folder = store.inspection.totals(), store.place.folder
    assert folder is not None  # noqa: S101 (stores in memory are in no listing)
    return Overview(
        name=folder.stem, path=str(folder), bytes=_bytes(folder), users=totals.users, episodes=totals.episodes,
        memories=totals.memories, published=StoreFiles(folder).published, locked=True, locked_by=os.getpid(),
    )  # fmt: skip


def glance(folder: Path, *, in_use: bool = False) -> Overview:
    """What can be said without touching the store's lock: a server that runs may want to open it at any moment."""
    pid = holder(folder)
    locked = pid is not None and is_running(pid)
    return Overview(
        name=folder.stem, path=str(folder), bytes=_bytes(folder), in_use=in_use, published=StoreFiles(folder).published,
        locked=locked, locked_by=pid if locked else None,
    )  # fmt: skip


def _totals(files: StoreFiles) -> Totals:
    files.truth()
    if not (files.folder / LOCK).exists():
        raise StoreError(f"{str(files.folder)!r} has no lock file; open it once.")
    with open_copy(files.folder) as store:
        return store.inspection.totals()


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total


def remove(folder: Path) -> int:
    """Take a whole store away; returns the bytes it held. Rows in a database server stay there.

    Its directory is renamed first, under its lock: a crash leaves it whole where it was, or gone by name.

    Raises:
        StoreMissingError: There is none.
        RefusedError: The directory is no store.
        StoreLockedError: Another process has it open.
    """
    if not folder.is_dir():
        raise StoreMissingError(folder, "list what there is with eider store list.")
    files = StoreFiles(folder)
    if address_in(folder) is None and not (folder / "CURRENT").is_file() and not any(folder.glob("truth-*.duckdb")):
        raise RefusedError(f"{str(folder)!r} is no store; remove it by hand if it should go.")
    shared = files.published
    with OwnerLock(folder, shared=shared) as lock:
        size = _bytes(folder)
        gone = folder.with_name(f".{folder.name}.removed.{os.getpid()}.{secrets.token_hex(4)}")
        folder.rename(gone)
        lock.abandon()
        shutil.rmtree(gone)
    return size
