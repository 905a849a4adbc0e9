"""Opening a store in PostgreSQL."""

from __future__ import annotations

from eider.model.errors import EmbedderMismatchError
from eider.model.protocols import Embedder
from eider.store.protocols import Store, StorePlace
from eider.store.sql.candidates import SqlCandidates
from eider.store.sql.commits import SqlCommits
from eider.store.sql.connection import SqlConnection
from eider.store.sql.embedder_identity import EmbedderOf, needs_material, noted_embedder
from eider.store.sql.erase import SqlErasureChecks
from eider.store.sql.inspection import SqlCensus, SqlInspection, SqlTombstones
from eider.store.sql.jobs import SqlJobList, SqlJobResults
from eider.store.sql.loops import SqlLearned, SqlLoops
from eider.store.sql.material import SqlSearchMaterial
from eider.store.sql.reads import SqlEvents, SqlReads, SqlStatements
from eider.store.sql.runs import SqlRuns, SqlSteps
from eider.store.sql.state import SqlDocuments, SqlScopes, SqlUsage
from eider.store.sql.tables import SqlTables
from eider_postgres import address as addresses
from eider_postgres import bucket, migrate
from eider_postgres.bucket import BucketSearch
from eider_postgres.chain import PostgresChain
from eider_postgres.copies import PostgresCopies
from eider_postgres.database import PostgresDatabase, explained
from eider_postgres.follow import Listener
from eider_postgres.jobs import PostgresJobQueue
from eider_postgres.search import PostgresSearch
from eider_postgres.segments import PostgresSegments
from eider_postgres.tables import PostgresTransfer

LOADED: int = 50_000
"""Rows of one user up to which they are loaded over the network rather than nominated by the server."""


def open_store(
    address: str, embedder: Embedder | EmbedderOf, *, read_only: bool = False, reembed: bool = False,
    index: str | None = None,
) -> Store:  # fmt: skip
    """Open the store at an address, making its schema where there is none.

    Args:
        address: `postgresql://host/database?schema=name`; what it does not say comes from libpq's settings and files.
        embedder: What makes its vectors, or what chooses that by what the store has noted.
        read_only: Write nothing.
        reembed: Take over a store with another embedder's vectors; the caller makes them anew (`needs_material`).
        index: `s3://bucket/prefix`, where a search index in object storage is, or shall be; by default where the store
            has noted it, else in PostgreSQL itself.

    Raises:
        StoreUnreachableError: The server does not answer.
        StoreTooNewError: A later version wrote it.
        ConfigError: The role, or pgvector, cannot be used.
        EmbedderMismatchError: Its vectors are another embedder's.
    """
    where = addresses.read(address)
    with explained(where):
        halfvec, types = migrate.settle(where)
    database = PostgresDatabase(where, halfvec, types, schema=migrate.newest(), read_only=read_only)
    try:
        embedder, outdated = _chosen(database, embedder, reembed=reembed)
        place = bucket.place_of(database, index)
        store = _store(PostgresChain(database, indexed=place is not None), database, embedder, place)
        store.needs_material = outdated
    except BaseException:
        database.close()
        raise
    return store


def _chosen(database: PostgresDatabase, embedder: Embedder | EmbedderOf, *, reembed: bool) -> tuple[Embedder, bool]:
    """Return whose vectors are read, and whether they have to be made anew; chosen again if exchanged meanwhile."""
    while callable(embedder):
        known = noted_embedder(database)
        chosen = embedder(known)
        try:
            return chosen, needs_material(database, chosen, reembed=reembed)
        except EmbedderMismatchError:
            again = noted_embedder(database)
            if known is None or again is None or again.fingerprint == known.fingerprint:
                raise
    return embedder, needs_material(database, embedder, reembed=reembed)


def exists(address: str) -> bool:
    """Return whether there is a store at an address; makes none."""
    where = addresses.read(address)
    with explained(where):
        return migrate.is_made(where)


def _store(chain: PostgresChain, database: PostgresDatabase, embedder: Embedder, index: str | None) -> Store:
    """Bundle one object per purpose over an open database."""
    candidates, segments = (
        SqlCandidates(chain),
        PostgresSegments(chain, embedder=embedder.fingerprint, width=embedder.width),
    )
    search: PostgresSearch | BucketSearch = PostgresSearch(database, candidates, embedder.fingerprint)
    if index is not None:
        search = bucket.opened(database, index, embedder.width, segments)
    listener = Listener(database, chain)

    def close() -> None:
        if not database.forked:
            listener.stop()
            if isinstance(search, BucketSearch):
                search.close()
        database.close()

    store = Store(
        place=StorePlace(
            name=database.address.schema, folder=None, schema=database.schema, embedder=embedder.fingerprint,
            read_only=database.read_only, read_only_reason="it was opened so", address=database.address.shown,
        ),
        commits=SqlCommits(chain, embedder=embedder.fingerprint), reads=SqlReads(database),
        statements=SqlStatements(chain), segments=segments, candidates=candidates,
        events=SqlEvents(chain), usage=SqlUsage(database), scopes=SqlScopes(database), loops=SqlLoops(database),
        runs=SqlRuns(chain), steps=SqlSteps(chain), learned=SqlLearned(database), documents=SqlDocuments(database, chain.announce_documents),
        job_queue=PostgresJobQueue(database, chain), job_results=SqlJobResults(database), job_list=SqlJobList(database),
        index=search, index_upkeep=search, material=SqlSearchMaterial(chain), inspection=SqlInspection(database),
        erasure_checks=SqlErasureChecks(database), tombstones=SqlTombstones(chain), census=SqlCensus(database),
        copies=PostgresCopies(database), transfer=PostgresTransfer(chain), tables=SqlTables(chain),
        connection=SqlConnection(database, close), others=listener, loads=LOADED,
    )  # fmt: skip
    listener.start()
    return store
