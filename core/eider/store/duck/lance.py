"""The one module that imports LanceDB: a derived search index in one table, words and vectors side by side.

LanceDB is imported at first use: it costs more than a second, which no opening of a store may pay.
"""

from __future__ import annotations

import math
import os
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from eider.model.errors import (
    EiderError,
    ForkedError,
    IndexDamagedError,
    InputError,
    ReadOnlyStoreError,
    StoreError,
    StoreFullError,
)
from eider.store.duck.index_query import interleave, is_utf8, terms
from eider.store.protocols import IndexRow

T = TypeVar("T")

TABLE: Final = "rows"
_STALE: Final = "stale"
"""Name of the marker beside the table: rows were replaced or deleted since the files were last rewritten."""
_VECTORS: Final = "vector_idx"
_BATCH: Final = 4096
"""Rows per merge: 4 MB of 256-wide vectors; a merge of 100 rows costs what one row does."""
_FLAT_BELOW: Final = 100_000
"""Rows of the table below which every vector is compared: exact, 40 ms for all of 100k, 90 ms for a tenth of them."""
_SELECTIVE_BELOW: Final = 5_000
"""Rows of one user below which comparing all of them is no slower than the index (10k of 100k: 90 ms against 52)."""
_REFINE: Final = 10
_CACHE: Final = 128 * 2**20
"""Bytes of indices kept in memory (LanceDB: 6 GB); at 100k rows a search was not slower with 32 MB."""
_FULL: Final = ("no space left", "disk quota", "file too large")
_DENIED: Final = ("permission denied", "read-only file system")
_opened: weakref.WeakSet[LanceIndex] = weakref.WeakSet()
_importing = threading.Lock()
_library: list[SimpleNamespace] = []


def library() -> SimpleNamespace:
    """The library, imported once; it logs nothing to stderr unless LANCEDB_LOG asks for it."""
    with _importing:
        if not _library:
            quiet = "LANCEDB_LOG" not in os.environ
            if quiet:
                os.environ["LANCEDB_LOG"] = "off"  # read once, by the import
            os.environ.setdefault("LANCE_CPU_THREADS", "2")  # read later, at the first scan
            try:
                import lancedb
                import pyarrow as pa
                from lancedb import expr, index
            finally:
                if quiet:
                    del os.environ["LANCEDB_LOG"]
            _library.append(SimpleNamespace(db=lancedb, pa=pa, expr=expr, index=index))
        return _library[0]


class LanceIndex:
    """`Index` over a LanceDB table in a directory of its own.

    Searches run beside each other and beside writes; writes run one at a time. One process only:
    two that merge the same id leave it twice, without an error.
    """

    def __init__(
        self, folder: Path, width: int, *, flat_below: int = _FLAT_BELOW, selective_below: int = _SELECTIVE_BELOW
    ) -> None:  # fmt: skip
        """Name the directory; nothing is read, imported or made before the first use.

        Args:
            folder: Where the table is, or will be; nothing else may lie in it.
            width: Length of the vectors.
            flat_below: Rows of the table from which on vectors get an approximate index.
            selective_below: Rows of a user below which it is not used.
        """
        if width < 1:
            raise InputError(f"width={width!r} is no length of a vector; give the embedder's width.")
        self.folder, self.width = folder, width
        self._flat_below, self._selective_below = flat_below, selective_below
        self._writer = threading.RLock()
        self._table: Any = None
        self._probes = 0
        """Partitions of the vector index a search looks into; 0 while there is none."""
        self._counts: dict[str, int] = {}
        self._forked = self._closed = False
        _opened.add(self)

    # ------------------------------------------------------------------ the table

    def exists(self) -> bool:
        """Return whether there is a table."""
        return (self.folder / f"{TABLE}.lance").exists()

    def _connected(self, lib: Any, **how: Any) -> Any:
        self.folder.mkdir(parents=True, exist_ok=True)
        return lib.db.connect(str(self.folder), **how)

    def _check(self) -> None:
        if self._forked:
            raise ForkedError(self.folder)
        if self._closed:
            raise StoreError(f"the search index {str(self.folder)!r} was closed; open its store again.")

    def _open(self, *, create: bool = False) -> Any:
        """The table; None when there is none yet."""
        if (table := self._table) is not None:
            return table
        with self._writer:
            if self._table is None and (create or self.exists()):
                lib = library()
                session = lib.db.Session(index_cache_size_bytes=_CACHE, metadata_cache_size_bytes=_CACHE // 4)
                db = self._connected(lib, session=session, read_consistency_interval=timedelta(0))
                table = db.open_table(TABLE) if self.exists() else db.create_table(TABLE, schema=self._schema())
                found = table.schema.field("vector").type
                if found != self._schema().field("vector").type:
                    raise IndexDamagedError(self.folder, f"its vectors are {found}, wanted are {self.width} floats")
                self._ensure_indices(table)
                self._table = table
            return self._table

    def _schema(self) -> Any:
        pa = library().pa
        words = [(name, pa.string()) for name in ("user_id", "content")]
        vector = ("vector", pa.list_(pa.float32(), self.width))
        return pa.schema([("id", pa.string()), ("rev", pa.int64()), *words, vector])

    def _ensure_indices(self, table: Any, *, again: bool = False) -> None:
        """Make the indices that are missing, or all of them anew."""
        make = library().index
        # ICU finds words in Chinese and Japanese; /split parts foo_bar; "to be" shall be findable.
        words = make.FTS(base_tokenizer="icu/split", stem=True, remove_stop_words=False, with_position=False)
        there = {index.name for index in table.list_indices()}
        for column, config in (("id", make.BTree()), ("user_id", make.Bitmap()), ("content", words)):
            if again or f"{column}_idx" not in there:
                table.create_index(column, config=config, replace=True)
        self._counts.clear()
        self._probes = 0
        if _VECTORS in there:
            indexed = table.index_stats(_VECTORS).num_indexed_rows
            self._probes = max(20, _partitions(indexed) // 10)  # 20 reach 0.94 recall of 316 partitions, 0.73 of 1,000

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Whatever the library raises, as one of ours."""
        try:
            yield
        except EiderError:
            raise
        except BaseException as error:
            panic = type(error).__name__ == "PanicException"  # a bug of the library on damaged files, no Exception
            if not panic and not isinstance(error, Exception):
                raise
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            low = str(error).lower()
            if any(sign in low for sign in _FULL):
                raise StoreFullError(self.folder, said) from error
            if any(sign in low for sign in _DENIED):
                raise ReadOnlyStoreError(self.folder) from error
            raise IndexDamagedError(self.folder, said) from error

    # ------------------------------------------------------------------ writing

    def apply(self, upserts: Sequence[IndexRow], deletes: Sequence[str]) -> None:
        """Bring these ids to these revisions; of an id given twice the newest counts, put goes before delete.

        Raises:
            InputError: A vector has another width.
            IndexDamagedError: It cannot be written; rebuild it.
            StoreFullError: The disk is full.
        """
        self._check()
        newest: dict[str, IndexRow] = {}
        for row in upserts:
            if row.id not in newest or row.rev >= newest[row.id].rev:
                newest[row.id] = row
        rows = list(newest.values())
        for row in rows:
            if len(row.vector) not in (0, 4 * self.width):
                size = len(row.vector) / 4
                raise InputError(
                    f"the vector of {row.id!r} has {size:g} floats; the index has {self.width}: re-embed it."
                )
            if not (is_utf8(row.user) and is_utf8(row.id)):
                raise InputError(f"user {row.user!r} or id {row.id!r} is no valid Unicode; use whole characters.")
        gone = [i for i in dict.fromkeys(deletes) if i not in newest]
        with self._writer, self._explained():
            table = self._open(create=bool(rows))
            if table is None:
                return
            for start in range(0, len(rows), _BATCH):
                self._merge(table, rows[start : start + _BATCH])
            if gone:
                self._mark()
            col = library().expr.col
            for start in range(0, len(gone), _BATCH):
                table.delete(col("id").isin(gone[start : start + _BATCH]))

    def _merge(self, table: Any, rows: Sequence[IndexRow]) -> None:
        pa = library().pa
        vectors = np.zeros((len(rows), self.width), np.float32)
        for i, row in enumerate(rows):
            if row.vector:
                vectors[i] = np.frombuffer(row.vector, np.float32)
        blank = ~(vectors.any(axis=1) & np.isfinite(vectors).all(axis=1))  # nothing is known of the text
        column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), self.width, mask=pa.array(blank))
        content = [row.text.encode("utf-8", "replace").decode() for row in rows]
        columns = [[r.id for r in rows], [r.rev for r in rows], [r.user for r in rows], content, column]
        merge = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        done = merge.execute(pa.table(columns, schema=self._schema()), on_bad_vectors="null")
        if done.num_updated_rows:
            self._mark()  # a kill before this line leaves the row in the outbox: it is merged, and marked, again

    def _mark(self, *, done: bool = False) -> None:
        """Note that text was replaced or deleted and may be in the files, or that it is gone."""
        marker = self.folder / _STALE
        marker.unlink(missing_ok=True) if done else marker.touch()

    def tidy(self) -> None:
        """Merge fragments and bring indices up to date; cheap, but text that was replaced may stay in the files."""
        self._check()
        with self._writer, self._explained():
            if (table := self._open()) is not None:
                self._index_vectors(table, again=False)
                self._optimize(table)

    def compact(self) -> None:
        """Like `tidy`; and if rows were replaced or deleted, write every file anew, so that their text is gone."""
        self._check()
        with self._writer, self._explained():
            if (table := self._open()) is None:
                return
            # LanceDB rewrites a file only when a tenth of it is deleted, and keeps words that no row has any more.
            if stale := (self.folder / _STALE).exists():
                table.update(values_sql={"rev": "rev"})
                self._ensure_indices(table, again=True)
            self._index_vectors(table, again=stale)
            self._optimize(table)
            if stale:
                self._optimize(table)  # the first one pruned before its last step
                self._mark(done=True)

    def _index_vectors(self, table: Any, *, again: bool) -> None:
        count = table.count_rows("vector IS NOT NULL") if table.count_rows() >= self._flat_below else 0
        if count >= self._flat_below and (again or not self._probes):
            config = library().index.IvfRq(distance_type="dot", num_partitions=_partitions(count))
            table.create_index("vector", config=config, replace=True)
        elif self._probes and count < self._flat_below:
            table.drop_index(_VECTORS)
        self._ensure_indices(table)

    @staticmethod
    def _optimize(table: Any) -> None:
        time.sleep(0.005)  # versions older than 1 ms go; asking for 0 warns on stderr
        table.optimize(cleanup_older_than=timedelta(milliseconds=1), delete_unverified=True)

    def reset(self) -> None:
        """Throw everything away and start empty, with vectors of `width`; works on a damaged one."""
        self._check()
        with self._writer, self._explained():
            self._table = None
            self._probes = 0
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self._open(create=True)

    def close(self) -> None:
        """Let go of the files; closing twice is harmless."""
        if not self._forked:
            with self._writer:
                self._table, self._closed = None, True

    def forked(self) -> None:
        """In a forked child: this handle and its threads are the parent's."""
        self._forked = True

    # ------------------------------------------------------------------ reading

    def nominate(self, text: str, vector: NDArray[np.float32] | None, *, user: str, limit: int = 400) -> list[str]:
        """Ids of this user that might answer, by words and by meaning in turn, best first.

        Args:
            text: A question in any form; it holds no operators.
            vector: Its embedding, shape `(width,)`; None or zero: words alone.
            user: Whose rows; nobody else's are looked at.
            limit: At most so many of each kind.

        Raises:
            InputError: The vector has another width.
            IndexDamagedError: It cannot be read; rebuild it.
        """
        self._check()
        if vector is not None and vector.shape != (self.width,):
            raise InputError(f"the query vector has shape {vector.shape}; the index has {self.width}: re-embed it.")
        if vector is not None and not (vector.any() and np.isfinite(vector).all()):
            vector = None
        words = terms(text)
        if limit < 1 or not (words or vector is not None) or not is_utf8(user):
            return []
        return self._read(lambda table: self._search(table, words, vector, user, limit), [])

    def _read(self, ask: Callable[[Any], T], nothing: T) -> T:
        """Ask the table; again, alone, when a compaction may have removed the version that was being read."""
        try:
            with self._explained():
                table = self._open()
                return nothing if table is None else ask(table)
        except IndexDamagedError:
            with self._writer, self._explained():
                self._table = None
                table = self._open()
                return nothing if table is None else ask(table)

    def _search(self, table: Any, words: str, vector: NDArray[np.float32] | None, user: str, limit: int) -> list[str]:
        expr = library().expr
        mine = expr.col("user_id") == expr.lit(user)
        found: list[list[str]] = []
        if words:
            query = table.search(words, query_type="fts", fts_columns="content")
            found.append(_ids(query.where(mine).select(["id", "_score"]).limit(limit)))
        if vector is not None:
            query = table.search(np.asarray(vector, np.float32), vector_column_name="vector", query_type="vector")
            query = query.distance_type("dot").where(mine).select(["id", "_distance"]).limit(limit)
            if self._probes and self._count(table, user) >= self._selective_below:
                query = query.minimum_nprobes(self._probes).maximum_nprobes(0).refine_factor(_REFINE)
            else:
                query = query.bypass_vector_index()
            found.append(_ids(query))
        return interleave(*found)

    def _count(self, table: Any, user: str) -> int:
        """Rows of a user at the last compaction; asked only where there is an approximate index."""
        if user not in self._counts:
            quoted = user.replace("'", "''")  # count_rows takes no expression
            self._counts[user] = table.count_rows(f"user_id = '{quoted}'")
        return self._counts[user]

    def inventory(self) -> dict[str, int]:
        """Id → revision of everything it holds.

        Raises:
            IndexDamagedError: Rows or indices cannot be read, or an id is there twice.
        """
        self._check()
        return self._read(self._inventory, {})

    def _inventory(self, table: Any) -> dict[str, int]:
        rows = table.search().select(["id", "rev"]).limit(None).to_arrow()
        found = dict(zip(rows["id"].to_pylist(), rows["rev"].to_pylist(), strict=True))
        if len(found) != rows.num_rows:
            raise IndexDamagedError(self.folder, f"{rows.num_rows - len(found)} ids are there twice")
        if found:  # the scan does not touch contents, vectors and the indices; these searches do
            some = np.full(self.width, 1, np.float32)
            self._search(table, "a", some, "", 1)
            query = table.search("a", query_type="fts", fts_columns="content")
            _ids(query.select(["id", "content", "_score"]).limit(1))
        return found


def _ids(query: Any) -> list[str]:
    return query.to_arrow()["id"].to_pylist()


def _partitions(rows: int) -> int:
    """Of the vector index: the square root is LanceDB's own choice."""
    return max(1, math.isqrt(rows))


def _after_fork() -> None:
    for index in list(_opened):
        index.forked()


os.register_at_fork(after_in_child=_after_fork)
