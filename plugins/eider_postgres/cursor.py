"""Statements on one connection of PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from psycopg import Connection, Pipeline, RawCursor
from psycopg.adapt import AdaptersMap, Buffer, Dumper
from psycopg.pq import Format
from psycopg.types.array import BaseListDumper, ListBinaryDumper
from psycopg.types.string import BytesBinaryDumper, StrBinaryDumper, StrDumper

from eider.model.changes import Indexing
from eider.store.segment.columns import parse
from eider.store.sql.rows import columns
from eider.store.sql.session import Given
from eider_postgres.dialect import DIALECT, translated

_TEXTS: Final = 1009
"""PostgreSQL's number of the type text[]."""


class _ListDumper(ListBinaryDumper):
    """Lists as arrays; an empty one, or one of nothing but None, is of texts."""

    def get_key(self, obj: list[Any], format: Any) -> Any:  # noqa: A002 (psycopg's name)
        if all(item is None for item in obj):
            return (self.cls, type(None))
        return super().get_key(obj, format)

    def upgrade(self, obj: list[Any], format: Any) -> BaseListDumper:  # noqa: A002 (psycopg's name)
        if all(item is None for item in obj):
            made = _ListDumper(self.cls, self._tx)
            made.oid = _TEXTS
            return made
        return super().upgrade(obj, format)


class Half:
    """A vector on its way into a column of type halfvec."""

    __slots__ = ("bytes",)

    def __init__(self, vector: Any) -> None:
        """Take a vector of floats."""
        halves = np.asarray(vector, np.float32).astype(">f2")
        self.bytes = len(halves).to_bytes(2, "big") + b"\0\0" + halves.tobytes()


class _HalfDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Half) -> Buffer:
        return obj.bytes


class Adapters:
    """How values travel; the type halfvec has another number in every database."""

    def __init__(self, adapters: AdaptersMap, halfvec: int) -> None:
        """Start from psycopg's own."""
        self.adapters, self.connection = AdaptersMap(adapters), None
        self.adapters.register_dumper(str, StrDumper)
        self.adapters.register_dumper(str, StrBinaryDumper)
        self.adapters.register_dumper(bytes, BytesBinaryDumper)
        self.adapters.register_dumper(list, _ListDumper)
        dumper = type("HalfDumper", (_HalfDumper,), {"oid": halfvec})
        self.adapters.register_dumper(Half, dumper)


def user_terms(user: str, terms: Any) -> list[int]:
    """Return hashes of words that are this user's alone: the index of words keeps the users apart by itself."""
    salt = np.frombuffer(hashlib.blake2b(user.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "<u8")[0]
    return (np.unique(np.asarray(terms, np.uint64)) ^ salt).view(np.int64).tolist()


def maker_of(embedder: str) -> str:
    """Return what a meaning is marked with: twelve characters for the fingerprint of its embedder."""
    return hashlib.md5(embedder.encode(), usedforsecurity=False).hexdigest()[:12]


class PostgresCursor:
    """`Cursor`: statements within one transaction."""

    dialect = DIALECT

    def __init__(
        self, connection: Connection[Any], pipeline: Pipeline, types: Mapping[str, Mapping[str, str]]
    ) -> None:  # fmt: skip
        """Work on a connection within a transaction; `types` are table → column → type."""
        self.connection, self._pipeline, self._types = connection, pipeline, types

    def execute(self, sql: str, given: Given = (), /) -> RawCursor[Any]:
        """Run one statement."""
        text, values = translated(sql, given)
        cursor = RawCursor(self.connection)
        cursor.execute(text, values, binary=True)  # pyright: ignore[reportArgumentType] (statements are our own)
        return cursor

    def hold(self, what: str) -> None:
        """Keep every other process out of `what` until the transaction ends."""
        self.execute("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || $1, 0))", [what])

    def insert(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]], end: str = "") -> None:
        """Insert rows: one by values, more as one statement with an array per column."""
        types = self._types[table]
        if len(rows) == 1:
            marks = ", ".join(f"${n + 1}::{types[name]}" for n, name in enumerate(names))
            self.execute(f"INSERT INTO {table} ({columns(names)}) VALUES ({marks}) {end}", list(rows[0]))  # noqa: S608
        elif rows:
            marks = ", ".join(f"${n + 1}::{types[name]}[]" for n, name in enumerate(names))
            lists = [list(column) for column in zip(*rows, strict=True)]
            self.execute(f"INSERT INTO {table} ({columns(names)}) SELECT * FROM unnest({marks}) {end}", lists)  # noqa: S608

    def change(self, sql: str, given: Given = (), /) -> None:
        """Run an update or a delete."""
        self.execute(sql, given)

    def changed(self, sql: str, given: Given = (), /) -> int:
        """Run an update or a delete; returns how many rows it changed, which is waited for."""
        cursor = self.execute(sql, given)
        self._pipeline.sync()
        return cursor.rowcount

    def by_id(
        self, table: str, names: Sequence[str], ids: Sequence[str], *, user: str, where: str = "true",
        given: Sequence[Any] = (),
    ) -> list[Any]:  # fmt: skip
        """Return rows of one user by their ids, in any order."""
        sql = f"SELECT {columns(names)} FROM {table} WHERE user_id = ? AND id = ANY(?) AND {where}"  # noqa: S608
        return self.execute(sql, [user, list(ids), *given]).fetchall()

    def index(self, made: Mapping[str, Indexing], *, user: str, embedder: str) -> None:
        """Write what nominates new rows of a large user."""
        ids = list(made)
        if not ids:
            return
        terms, _ = parse([made[i].analysis for i in ids])
        starts = np.concatenate([[0], np.cumsum(terms.lengths)])
        words = [(user, i, user_terms(user, terms.flat[starts[n] : starts[n + 1]])) for n, i in enumerate(ids)]
        insert = "INSERT INTO words (user_id, id, terms) VALUES ($1, $2, $3::bigint[])"
        RawCursor(self.connection).executemany(insert, words)
        by_maker: dict[str, dict[str, bytes]] = {}
        for i, one in made.items():
            if not one.pending:
                by_maker.setdefault(one.embedder or embedder, {})[i] = one.vector
            if one.spare is not None:
                by_maker.setdefault(one.spare_embedder, {})[i] = one.spare
        for maker, vectors in by_maker.items():
            self.index_vectors(vectors, user=user, embedder=maker)

    def index_vectors(self, vectors: Mapping[str, bytes], *, user: str, embedder: str) -> None:
        """Write the meanings of rows that one embedder made, new or in place of what is there."""
        maker = maker_of(embedder)
        rows = [(user, i, maker, Half(np.frombuffer(vector, np.float32))) for i, vector in vectors.items() if vector]
        if rows:
            insert = (
                "INSERT INTO meanings (user_id, id, maker, meaning) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (user_id, maker, id) DO UPDATE SET meaning = excluded.meaning"
            )
            RawCursor(self.connection).executemany(insert, rows)
