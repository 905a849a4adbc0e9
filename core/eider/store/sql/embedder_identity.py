"""Whose vectors a store has: what it says of its embedder, and whether another one may go on."""

from __future__ import annotations

from collections.abc import Callable

from eider.language.analysis import ANALYZER, READABLE
from eider.model.errors import EmbedderMismatchError
from eider.model.protocols import Embedder
from eider.providers.embedders.noted import NOTED, Noted
from eider.store.sql.material import settle
from eider.store.sql.session import Database
from eider.store.sql.state import SqlDocuments

EmbedderOf = Callable[[Noted | None], Embedder]
"""Chooses the embedder of a store by what the store has noted of it; None is noted in a new store."""


def noted_embedder(database: Database) -> Noted | None:
    """What the store says of its embedder; of older ones it is only known what their vectors were made by."""
    documents = SqlDocuments(database)
    if (said := documents.get(NOTED)) is not None:
        return Noted.of_text(said)
    fingerprint = documents.get("embedder")
    return None if fingerprint is None else Noted(fingerprint=fingerprint)


def needs_material(database: Database, embedder: Embedder, *, reembed: bool) -> bool:
    """Whether search material has to be made anew: vectors of two embedders do not compare."""
    documents = SqlDocuments(database)
    wanted = {"embedder": embedder.fingerprint, "analyzer": ANALYZER}
    known = {name: content for name in wanted if (content := documents.get(name)) is not None}
    if not known and not database.read_only:
        settle(database, embedder.fingerprint, ANALYZER)
        return False
    if known.get("embedder", wanted["embedder"]) != wanted["embedder"] and not reembed:
        raise EmbedderMismatchError(known["embedder"], embedder.fingerprint)
    if database.read_only and int(known.get("analyzer", ANALYZER)) in READABLE:
        return False
    return known != wanted
