"""Opening a store: in its directory (lock, heal, migrate, notice what is missing), as a read-only copy, or in memory."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from eider.language.analysis import ANALYZER
from eider.model.errors import (
    InputError,
    ReadOnlyStoreError,
    StoreDamagedError,
    StoreError,
    StoreTooNewError,
)
from eider.model.protocols import Embedder
from eider.model.store_paths import IN_MEMORY
from eider.store.backends import address_in, open_named
from eider.store.duck import migrate
from eider.store.duck.copies import DuckCopies
from eider.store.duck.database import Database, create_file
from eider.store.duck.file_chain import FileChain
from eider.store.duck.lance import LanceIndex
from eider.store.duck.outbox import Outbox
from eider.store.duck.search import LanceSearch, NoSearch
from eider.store.duck.segment_rows import DuckSegments
from eider.store.duck.tables import DuckTransfer
from eider.store.duck.torn_log import cut_torn_end, put_back
from eider.store.files import StoreFiles, create, uncreatable
from eider.store.filesystem import network_kind
from eider.store.lock import OWNER, OwnerLock
from eider.store.protocols import Store, StorePlace
from eider.store.sql.candidates import SqlCandidates
from eider.store.sql.commits import SqlCommits
from eider.store.sql.connection import SqlConnection
from eider.store.sql.embedder_identity import EmbedderOf, needs_material, noted_embedder
from eider.store.sql.erase import SqlErasureChecks
from eider.store.sql.inspection import SqlCensus, SqlInspection, SqlTombstones
from eider.store.sql.jobs import SqlJobList, SqlJobQueue, SqlJobResults
from eider.store.sql.loops import SqlLearned, SqlLoops
from eider.store.sql.material import SqlSearchMaterial, settle
from eider.store.sql.reads import SqlEvents, SqlReads, SqlStatements
from eider.store.sql.runs import SqlRuns, SqlSteps
from eider.store.sql.state import SqlDocuments, SqlScopes, SqlUsage
from eider.store.sql.tables import SqlTables

_LOST: Final = (
    "Restore it from a backup; or go on without the lost rows: eider verify --accept-loss, "
    "or eider.open(path, accept_loss=True)."
)


def open_folder(
    folder: Path,
    embedder: Embedder | EmbedderOf,
    *,
    read_only: bool = False,
    accept_loss: bool = False,
    follow: bool = True,
    reembed: bool = False,
) -> Store:
    """Open the store in a directory, creating it where nothing is.

    Args:
        folder: The directory; absent or empty for a new store.
        embedder: What makes its vectors, or what chooses that by what the store has noted.
        read_only: Write nothing, as with a published snapshot.
        accept_loss: Go on although acknowledged rows are gone.
        follow: Keep the search index up to date in the background.
        reembed: Take over a store with another embedder's vectors; the caller makes them anew (`needs_material`).

    Raises:
        StoreLockedError: Another process has it.
        StoreDamagedError: It cannot be read, or has lost acknowledged rows.
        StoreTooNewError: A later version wrote it.
        EmbedderMismatchError: Its vectors are another embedder's.
    """
    if (address := address_in(folder)) is not None:
        return open_named(folder, address, embedder, read_only=read_only, reembed=reembed)
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
        outdated, database, embedder = _open_truth(files, path, embedder, read_only=read_only, reembed=reembed)
        try:
            chain = FileChain(database, files, indexed=True)
            _check_head(files, chain, accept_loss=accept_loss)
            store = _store(
                chain,
                files,
                lock,
                embedder.fingerprint,
                embedder.width,
                unclean=unclean,
                follow=follow and not read_only,
            )
            store.needs_material = outdated
        except BaseException:
            database.close()
            files.close()
            raise
    except BaseException:
        lock.close()
        raise
    return store


def open_memory(embedder: Embedder | EmbedderOf) -> Store:
    """Make an empty store that lives in this process and is gone when it is closed: no file, no lock, no index."""
    if callable(embedder):
        embedder = embedder(None)
    database = Database(None)
    settle(database, embedder.fingerprint, ANALYZER)
    return _store(FileChain(database, None, indexed=False), None, None, embedder.fingerprint, embedder.width)


@contextmanager
def open_copy(folder: Path, *, locked: bool = False) -> Generator[Store]:
    """Look into a store's directory read-only; nothing is written, migrated or embedded.

    Args:
        folder: Directory of a store or of the copy in a backup; not open in this process.
        locked: The caller holds its lock.

    Raises:
        StoreLockedError: A process has it open.
        StoreDamagedError: It cannot be read, or has lost acknowledged rows.
        StoreTooNewError: A later version wrote it.
    """
    files = StoreFiles(folder)
    truth = files.truth()
    lock = None if locked else OwnerLock(folder, shared=True)
    try:
        database = Database(truth, read_only=True)
        try:
            with database.reading() as db:
                found = migrate.schema_of(db.db)
            if found > migrate.newest():
                raise StoreTooNewError(folder, found, migrate.newest())
            chain = FileChain(database, files, indexed=True)
            noted = files.head()
            if noted is not None and chain.link(noted[0]) != noted[1]:
                raise StoreDamagedError(folder, "acknowledged changes are gone", "Restore it from a backup.")
            embedder = SqlDocuments(database).get("embedder") or ""
            yield _store(chain, files, None, embedder, 1)
        finally:
            database.close()
            files.close()
    finally:
        if lock is not None:
            lock.close()


def newest_schema() -> int:
    """Return the schema number that this version writes."""
    return migrate.newest()


def schema_in(folder: Path) -> int:
    """Return the schema number of the store in a directory, whatever its version, without taking its lock."""
    database = Database(StoreFiles(folder).truth(), read_only=True)
    try:
        with database.reading() as db:
            return migrate.schema_of(db.db)
    finally:
        database.close()


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
    files: StoreFiles, path: Path, embedder: Embedder | EmbedderOf, *, read_only: bool, reembed: bool
) -> tuple[bool, Database, Embedder]:
    if not read_only:
        put_back(path)
    try:
        database = Database(path, read_only=read_only)
    except StoreDamagedError as error:
        if read_only or not cut_torn_end(files, path, error):
            raise
        database = Database(path, read_only=read_only)
    try:
        if read_only:
            with database.reading() as db:
                found = migrate.schema_of(db.db)
            if found < migrate.READABLE:
                raise StoreError(f"{str(files.folder)!r} has the older schema {found}; open it writable once.")  # noqa: TRY301
        else:
            with database.alone() as db:
                migrate.migrate(db.db, files.folder)
        if callable(embedder):
            embedder = embedder(noted_embedder(database))
        outdated = needs_material(database, embedder, reembed=reembed)
        if read_only and outdated:
            raise StoreError(  # noqa: TRY301
                f"{str(files.folder)!r} has search material of an older version; open it writable once."
            )
    except BaseException:
        database.close()
        raise
    return outdated, database, embedder


def _check_head(files: StoreFiles, chain: FileChain, *, accept_loss: bool) -> None:
    """DuckDB drops a damaged or deleted write-ahead log without a word; the noted head does not."""
    noted = files.head()
    if noted is None and not chain.file.read_only:
        files.mark_headless(chain.head[0])
    if noted is None or chain.link(noted[0]) == noted[1]:
        return
    if noted[0] <= chain.head[0] and not accept_loss:
        raise StoreDamagedError(files.folder, f"event {noted[0]} is not the one that was acknowledged", _LOST)
    if not accept_loss:
        lost = noted[0] - chain.head[0]
        why = f"{lost} acknowledged change{'s' if lost > 1 else ''} (events {chain.head[0] + 1} to {noted[0]}) are gone"
        raise StoreDamagedError(files.folder, f"{why}: its write-ahead log was damaged or deleted", _LOST)
    if chain.file.read_only:
        raise ReadOnlyStoreError(files.folder, "accepting a loss has to be written down")
    files.note_head(*chain.head)


def _store(
    chain: FileChain, files: StoreFiles | None, lock: OwnerLock | None, embedder: str, width: int, *, unclean: bool = False,
    follow: bool = False,
) -> Store:  # fmt: skip
    """Bundle one object per purpose over an open database."""
    database = chain.file
    segments = DuckSegments(chain, database, embedder=embedder, width=width)
    search: LanceSearch | NoSearch = NoSearch()
    reason = ""
    if files is not None:
        index = LanceIndex(files.index, width)
        search = LanceSearch(files.index, index, Outbox(database, index), segments.count, follow=follow)
        reason = "a published snapshot" if files.published else "the files are not writable"

    def close() -> None:
        search.close()
        database.close()
        if files is not None:
            files.close()
        if lock is not None:
            lock.close()

    schema = database.schema
    return Store(
        place=StorePlace(
            name=IN_MEMORY if files is None else files.folder.stem, folder=None if files is None else files.folder,
            schema=schema, embedder=embedder, read_only=database.read_only, read_only_reason=reason, unclean=unclean,
        ),
        commits=SqlCommits(chain, embedder=embedder), reads=SqlReads(database), statements=SqlStatements(chain),
        segments=segments, candidates=SqlCandidates(chain), events=SqlEvents(chain), usage=SqlUsage(database),
        scopes=SqlScopes(database), loops=SqlLoops(database), runs=SqlRuns(chain), steps=SqlSteps(chain), learned=SqlLearned(database),
        documents=SqlDocuments(database), job_queue=SqlJobQueue(database), job_results=SqlJobResults(database),
        job_list=SqlJobList(database), index=search, index_upkeep=search, material=SqlSearchMaterial(chain),
        inspection=SqlInspection(database), erasure_checks=SqlErasureChecks(database),
        tombstones=SqlTombstones(chain), census=SqlCensus(database), copies=DuckCopies(database, files),
        transfer=DuckTransfer(chain, database), tables=SqlTables(chain), connection=SqlConnection(database, close),
    )  # fmt: skip
