"""Opening a store directory: lock, heal, migrate, and notice what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eider.language.analysis import ANALYZER
from eider.model.errors import EmbedderMismatchError, InputError, ReadOnlyStoreError, StoreDamagedError, StoreError
from eider.model.protocols import Embedder
from eider.store import migrate
from eider.store.database import Database, create_file
from eider.store.duck import DuckStore
from eider.store.files import StoreFiles, create, uncreatable
from eider.store.filesystem import network_kind
from eider.store.indexer import Indexer
from eider.store.lance import LanceIndex
from eider.store.lock import OWNER, OwnerLock
from eider.store.outbox import Outbox

_LOST: Final = (
    "Restore it from a backup; or go on without the lost rows: eider verify --accept-loss, "
    "or eider.open(path, accept_loss=True)."
)


@dataclass(slots=True, kw_only=True)
class Opened:
    """A store directory that this process owns, or reads."""

    files: StoreFiles
    lock: OwnerLock
    store: DuckStore
    index: LanceIndex
    outbox: Outbox
    indexer: Indexer | None
    unclean: bool = False
    """The last owner did not close it."""
    stale: bool = False
    """Vectors or analyses are another version's and have to be made anew."""
    read_only_reason: str = ""

    @property
    def read_only(self) -> bool:
        """Whether nothing may be written."""
        return self.store.database.read_only

    def notify(self, rows: int) -> None:
        """Tell the index's follower that rows wait."""
        if self.indexer is not None:
            self.indexer.notify(rows)

    def close(self) -> None:
        """Close everything, the lock last."""
        if self.indexer is not None:
            self.indexer.stop(60.0)  # the lock goes last: nobody may write the index after it
        self.index.close()
        self.store.close()
        self.lock.close()


def open_folder(
    folder: Path,
    embedder: Embedder,
    *,
    read_only: bool = False,
    accept_loss: bool = False,
    follow: bool = True,
    reembed: bool = False,
) -> Opened:
    """Open the store in a directory, creating it where nothing is.

    Args:
        folder: The directory; absent or empty for a new store.
        embedder: What makes its vectors.
        read_only: Write nothing, as with a published snapshot.
        accept_loss: Go on although acknowledged rows are gone.
        follow: Keep the search index up to date in the background.
        reembed: Take over a store with another embedder's vectors; the caller makes them anew (`stale`).

    Raises:
        StoreLockedError: Another process has it.
        StoreDamagedError: It cannot be read, or has lost acknowledged rows.
        StoreTooNewError: A later version wrote it.
        EmbedderMismatchError: Its vectors are another embedder's.
    """
    if not read_only and (kind := network_kind(folder)):
        raise StoreError(f"{str(folder)!r} is on a network file system ({kind}), whose locks do not hold between machines; "
                         "keep the store on a local disk, or ask the owner of one machine by its address.")  # fmt: skip
    if _is_file(folder):
        raise InputError(f"{str(folder)!r} is a file; a store is a directory, so name another path.")
    if not read_only and _is_free(folder):
        create(folder, lambda path: create_file(path, lambda db: migrate.found_store(db, folder)))
    files = StoreFiles(folder)
    truth = files.truth()
    read_only = read_only or not files.writable
    unclean = (folder / OWNER).exists()
    lock = OwnerLock(folder, shared=read_only)
    try:
        if not read_only:
            files.sweep()
        path = files.truth() if not read_only else truth
        stale, store = _open_truth(files, path, embedder, read_only=read_only, reembed=reembed)
        try:
            _check_head(files, store, accept_loss=accept_loss)
            opened = _with_index(files, lock, store, embedder, unclean=unclean, follow=follow and not read_only)
            opened.stale = stale
        except BaseException:
            store.close()
            raise
    except BaseException:
        lock.close()
        raise
    return opened


def _is_file(folder: Path) -> bool:
    try:
        return folder.exists() and not folder.is_dir()
    except OSError as error:
        raise uncreatable(folder, error) from error


def _is_free(folder: Path) -> bool:
    """Whether a store may be made here."""
    try:
        return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except PermissionError as error:
        raise ReadOnlyStoreError(folder, "the directory is another user's") from error


def _open_truth(
    files: StoreFiles, path: Path, embedder: Embedder, *, read_only: bool, reembed: bool
) -> tuple[bool, DuckStore]:
    database = Database(path, read_only=read_only)
    try:
        if read_only:
            with database.reading() as db:
                found = migrate.schema_of(db)
            _refuse_older(files, found)
        else:
            with database.alone() as db:
                migrate.migrate(db, files.folder)
        stale = _is_stale(database, embedder, reembed=reembed)
        if read_only:
            _refuse_stale(files, stale=stale)
        return stale, DuckStore(files, database, embedder=embedder.fingerprint, width=embedder.width)
    except BaseException:
        database.close()
        raise


def _refuse_stale(files: StoreFiles, *, stale: bool) -> None:
    if stale:
        raise StoreError(f"{str(files.folder)!r} has search material of an older version; open it writable once.")


def _refuse_older(files: StoreFiles, found: int) -> None:
    if found < migrate.READABLE:
        raise StoreError(f"{str(files.folder)!r} has the older schema {found}; open it writable once.")


def _is_stale(database: Database, embedder: Embedder, *, reembed: bool) -> bool:
    """Whether search material has to be made anew: vectors of two embedders do not compare."""
    wanted = {"embedder": embedder.fingerprint, "analyzer": ANALYZER}
    with database.reading() as db:
        known = dict(db.execute("SELECT name, content FROM meta WHERE name IN ('embedder', 'analyzer')").fetchall())
    if not known and not database.read_only:
        with database.writing() as db:
            for name, content in wanted.items():
                db.execute("INSERT INTO meta VALUES (?, ?)", [name, content])
        return False
    if known.get("embedder", wanted["embedder"]) != wanted["embedder"] and not reembed:
        raise EmbedderMismatchError(known["embedder"], embedder.fingerprint)
    return known != wanted


def _check_head(files: StoreFiles, store: DuckStore, *, accept_loss: bool) -> None:
    """DuckDB drops a damaged or deleted write-ahead log without a word; the noted head does not."""
    noted = files.head()
    if noted is None or store.link(noted[0]) == noted[1]:
        return
    if noted[0] <= store.head[0] and not accept_loss:
        raise StoreDamagedError(files.folder, f"event {noted[0]} is not the one that was acknowledged", _LOST)
    if not accept_loss:
        lost = noted[0] - store.head[0]
        why = f"{lost} acknowledged change{'s' if lost > 1 else ''} (events {store.head[0] + 1} to {noted[0]}) are gone"
        raise StoreDamagedError(files.folder, f"{why}: its write-ahead log was damaged or deleted", _LOST)
    if store.database.read_only:
        raise ReadOnlyStoreError(files.folder, "accepting a loss has to be written down")
    files.note_head(*store.head)


def _with_index(
    files: StoreFiles, lock: OwnerLock, store: DuckStore, embedder: Embedder, *, unclean: bool, follow: bool
) -> Opened:
    index = LanceIndex(files.index, embedder.width)
    outbox = Outbox(store.database, index)
    indexer = Indexer(outbox, index) if follow else None
    if indexer is not None:
        indexer.start(min(1, outbox.pending()))  # what was left waits for a pause: a short command shall not pay
    reason = "a published snapshot" if files.published else "the files are not writable"
    return Opened(
        files=files,
        lock=lock,
        store=store,
        index=index,
        outbox=outbox,
        indexer=indexer,
        unclean=unclean,
        read_only_reason=reason,
    )
