"""Vectors and analyses beside the rows.

A row has vectors of up to two embedders, each with its maker's fingerprint beside it, in either place. Which of them is
in use is one document, so embedders are exchanged without touching a row, and whoever has not heard of it yet goes on
reading vectors of one maker only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from eider.model.changes import Indexing
from eider.model.errors import RefusedError
from eider.model.failpoints import point
from eider.store.sql.chain import Chain
from eider.store.sql.row_writes import rewrite_material, write_material
from eider.store.sql.rows import ids_of
from eider.store.sql.session import EVERYONE, Cursor, Database

_LACKS: Final = "(embedder <> ? AND spare_embedder IS DISTINCT FROM ?)"
"""Whether a row has no vector of an embedder, whose fingerprint is given twice."""
_BATCH: Final = 5_000
"""Rows whose old vectors are dropped in one transaction. A guess."""
_PUT: Final = """
UPDATE embeddings SET
    embedder = CASE WHEN spare_embedder = $6 THEN $5 ELSE embedder END,
    vector = CASE WHEN spare_embedder = $6 THEN fresh.v ELSE vector END,
    spare_embedder = CASE WHEN spare_embedder = $6 THEN spare_embedder ELSE $5 END,
    spare_vector = CASE WHEN spare_embedder = $6 THEN spare_vector ELSE fresh.v END
FROM (SELECT unnest($1) AS i, unnest($2) AS v, unnest($3) AS t) AS fresh
WHERE id = fresh.i AND user_id = $4 AND (fresh.t IS NULL
    OR EXISTS (SELECT 1 FROM episodes e WHERE e.user_id = $4 AND e.id = fresh.i AND e.content = fresh.t)
    OR EXISTS (SELECT 1 FROM memories m WHERE m.user_id = $4 AND m.id = fresh.i AND m.content = fresh.t
               AND m.retired_at IS NULL))
"""
"""The vector goes where none of the embedder in use is. What a row says is compared in the statement itself: another
process may be rewriting it."""


class SqlSearchMaterial:
    """`SearchMaterial`."""

    def __init__(self, chain: Chain) -> None:
        """Work on the open database behind a chain."""
        self._chain, self._database = chain, chain.database

    def lacking(self) -> list[tuple[str, str]]:
        """Return (user, id) of rows without search material."""
        sql = (
            "SELECT user_id, id FROM (SELECT user_id, id FROM episodes UNION SELECT user_id, id FROM memories "
            "WHERE state <> 'erased') t WHERE NOT EXISTS "
            "(SELECT 1 FROM embeddings x WHERE x.user_id = t.user_id AND x.id = t.id) ORDER BY 1, 2"
        )
        with self._database.reading(EVERYONE) as db:
            return db.execute(sql).fetchall()

    def outdated(self, embedder: str, analyzer: str) -> list[tuple[str, str]]:
        """Return (user, id) of material that another embedder or analyzer made."""
        sql = f"SELECT user_id, id FROM embeddings WHERE {_LACKS} OR analyzer <> ? ORDER BY user_id, id"  # noqa: S608 (constants)
        with self._database.reading(EVERYONE) as db:
            return db.execute(sql, [embedder, embedder, analyzer]).fetchall()

    def replace(self, made: Mapping[str, Indexing], *, user: str, embedder: str, analyzer: str) -> None:
        """Write material, new or in place of what is there."""
        with self._database.writing(user) as db:
            there = rewrite_material(db, made, user=user, embedder=embedder, analyzer=analyzer)
            new = {i: x for i, x in made.items() if i not in there}
            write_material(db, new, user=user, embedder=embedder, analyzer=analyzer)

    def lacking_vectors(self, embedder: str, *, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
        """Return (user, id) of rows that have no vector of this embedder, in order, at most `limit`."""
        sql = (
            f"SELECT user_id, id FROM embeddings WHERE (user_id, id) > (?, ?) AND {_LACKS} ORDER BY user_id, id LIMIT ?"  # noqa: S608 (constants)
        )
        with self._database.reading(EVERYONE) as db:
            return db.execute(sql, [*after, embedder, embedder, limit]).fetchall()

    def count_vectors(self, embedder: str) -> tuple[int, int]:
        """Count rows that have a vector of this embedder, and all rows."""
        sql = f"SELECT count(*), count(CASE WHEN {_LACKS} THEN 1 END) FROM embeddings"  # noqa: S608 (constants)
        with self._database.reading(EVERYONE) as db:
            rows, lacking = db.execute(sql, [embedder, embedder]).fetchall()[0]
        return rows - lacking, rows

    def put_vectors(
        self, vectors: Mapping[str, bytes], texts: Mapping[str, str], *, user: str, embedder: str, in_use: str
    ) -> None:  # fmt: skip
        """Write vectors of an embedder that is not in use beside those of the one that is."""
        if not vectors:
            return
        ids = list(vectors)
        with self._database.writing(user) as db:
            db.change(_PUT, [ids, list(vectors.values()), [texts.get(i) for i in ids], user, embedder, in_use])
            there = db.by_id("embeddings", ["id"], ids, user=user, where=f"NOT ({_LACKS})", given=[embedder, embedder])
            db.index_vectors({i: vectors[i] for (i,) in there}, user=user, embedder=embedder)

    def pairs(self, in_use: str, other: str, *, user: str, limit: int) -> list[tuple[str, bytes, bytes]]:
        """Return (id, vector of the embedder in use, of the other) of a user's rows that have both, at most `limit`."""
        sql = (
            "SELECT id, CASE WHEN embedder = $one THEN vector ELSE spare_vector END, "
            "CASE WHEN embedder = $one THEN spare_vector ELSE vector END FROM embeddings WHERE user_id = $user "
            "AND (embedder = $one AND spare_embedder = $two OR embedder = $two AND spare_embedder = $one) "
            "AND octet_length(vector) > 0 AND octet_length(spare_vector) > 0 ORDER BY id DESC LIMIT $most"
        )
        given = {"user": user, "one": in_use, "two": other, "most": limit}
        with self._database.reading(user) as db:
            return [(i, bytes(one), bytes(two)) for i, one, two in db.execute(sql, given).fetchall()]

    def exchange(
        self, embedder: str, documents: Mapping[str, str], *, known: Mapping[str, str], since: int | None
    ) -> list[tuple[str, str]]:  # fmt: skip
        """Let the vectors of another embedder be the ones in use, in one transaction with documents; rows are not touched."""
        with self._database.writing(EVERYONE) as db:
            self._chain.stand_still(db)
            if since is not None and (lacking := _lacking_since(db, embedder, since)):
                return lacking
            for name, content in known.items():
                db.hold(name)
                if db.execute("SELECT content FROM meta WHERE name = ?", [name]).fetchall() != [(content,)]:
                    raise RefusedError(
                        "another process ended this exchange of embedders; look with eider embed status."
                    )
            for name, content in {**documents, "embedder": embedder}.items():
                db.change("DELETE FROM meta WHERE name = ?", [name])
                db.insert("meta", ["name", "content"], [(name, content)])
            self._chain.announce_documents(db)
            point("swap.exchanged")
        return []

    def drop_vectors(self, in_use: str) -> None:
        """Let go of all vectors but those of the embedder in use, some rows at a time."""
        first = "(user_id, id) IN (SELECT user_id, id FROM embeddings WHERE {} LIMIT ?)"
        alone = "vector = spare_vector, embedder = spare_embedder, spare_vector = NULL, spare_embedder = NULL"
        for change, where, given in (
            (alone, "spare_embedder = ?", [in_use]),
            ("spare_vector = NULL, spare_embedder = NULL", "spare_embedder IS NOT NULL", []),
        ):
            sql, changed = f"UPDATE embeddings SET {change} WHERE {first.format(where)}", _BATCH  # noqa: S608
            while changed == _BATCH:
                with self._database.writing(EVERYONE) as db:
                    changed = db.changed(sql, [*given, _BATCH])

    def drop_orphans(self) -> None:
        """Remove material of rows that do not exist."""
        sql = (
            "DELETE FROM embeddings x WHERE NOT EXISTS (SELECT 1 FROM episodes e WHERE e.user_id = x.user_id AND e.id = x.id) "
            "AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.user_id = x.user_id AND m.id = x.id)"
        )
        with self._database.writing(EVERYONE) as db:
            db.change(sql)

    def settle(self, embedder: str, analyzer: str) -> None:
        """Note that all material is now of these two; word statistics are counted anew."""
        settle(self._database, embedder, analyzer)


def settle(database: Database, embedder: str, analyzer: str) -> None:
    """Note that all material in a database is of these two; word statistics are counted anew."""
    with database.writing(EVERYONE) as db:
        db.change("DELETE FROM meta WHERE name IN ('embedder', 'analyzer')")
        db.insert("meta", ["name", "content"], [("embedder", embedder), ("analyzer", analyzer)])
        db.change("DELETE FROM term_stats")


def _lacking_since(db: Cursor, embedder: str, since: int) -> list[tuple[str, str]]:
    """Rows named by events after one, of which this embedder has made no vector."""
    touched: dict[str, dict[str, None]] = {}
    for user, ids in db.execute("SELECT user_id, ids FROM events WHERE seq > ?", [since]).fetchall():
        touched.setdefault(user, {}).update(dict.fromkeys(ids_of(ids)))
    given = [embedder, embedder]
    return [
        (user, id_)
        for user, ids in touched.items()
        for (id_,) in db.by_id("embeddings", ["id"], list(ids), user=user, where=_LACKS, given=given)
    ]
