"""Vectors and analyses beside the rows."""

from __future__ import annotations

from collections.abc import Mapping

from eider.model.changes import Indexing
from eider.model.failpoints import point
from eider.store.sql.row_writes import rewrite_material, write_material, write_spares
from eider.store.sql.session import EVERYONE, Database


class SqlSearchMaterial:
    """`SearchMaterial`."""

    def __init__(self, database: Database) -> None:
        """Work on an open database."""
        self._database = database

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
        sql = "SELECT user_id, id FROM embeddings WHERE embedder <> ? OR analyzer <> ? ORDER BY user_id, id"
        with self._database.reading(EVERYONE) as db:
            return db.execute(sql, [embedder, analyzer]).fetchall()

    def replace(self, made: Mapping[str, Indexing], *, user: str, embedder: str, analyzer: str) -> None:
        """Write material, new or in place of what is there."""
        with self._database.writing(user) as db:
            there = rewrite_material(db, made, user=user, embedder=embedder, analyzer=analyzer)
            new = {i: x for i, x in made.items() if i not in there}
            write_material(db, new, user=user, embedder=embedder, analyzer=analyzer)

    def lacking_spares(self, embedder: str, *, limit: int) -> list[tuple[str, str]]:
        """Return (user, id) of rows that have no spare vector of this embedder, at most `limit`."""
        sql = "SELECT user_id, id FROM embeddings WHERE spare_embedder IS DISTINCT FROM ? ORDER BY user_id, id LIMIT ?"
        with self._database.reading(EVERYONE) as db:
            return db.execute(sql, [embedder, limit]).fetchall()

    def count_spares(self, embedder: str) -> tuple[int, int]:
        """Count rows that have a spare vector of this embedder, and all rows."""
        sql = "SELECT count(*) FROM embeddings WHERE spare_embedder = ?"
        with self._database.reading(EVERYONE) as db:
            return db.execute(sql, [embedder]).fetchall()[0][0], db.execute(
                "SELECT count(*) FROM embeddings"
            ).fetchall()[0][0]

    def put_spares(self, vectors: Mapping[str, bytes], *, user: str, embedder: str) -> None:
        """Write vectors of the embedder that is not in use."""
        with self._database.writing(user) as db:
            write_spares(db, vectors, user=user, embedder=embedder)

    def pairs(self, embedder: str, *, user: str, limit: int) -> list[tuple[str, bytes, bytes]]:
        """Return (id, vector, spare vector) of a user's rows that have both, at most `limit`."""
        sql = (
            "SELECT id, vector, spare_vector FROM embeddings WHERE user_id = ? AND spare_embedder = ? AND embedder <> '' "
            "AND octet_length(vector) > 0 AND octet_length(spare_vector) > 0 ORDER BY id DESC LIMIT ?"
        )
        with self._database.reading(user) as db:
            return [(i, bytes(one), bytes(two)) for i, one, two in db.execute(sql, [user, embedder, limit]).fetchall()]

    def exchange(self, embedder: str, documents: Mapping[str, str | None]) -> None:
        """Let the spare vectors of this embedder and the vectors in use change places, in one transaction with documents.

        Args:
            embedder: Fingerprint of what is in use afterwards. A row without its vector has none until it is made.
            documents: Name → content, None to remove it: what is to be true from the same moment on.
        """
        sql = (
            "UPDATE embeddings SET spare_vector = vector, spare_embedder = embedder, "
            "vector = CASE WHEN spare_embedder = ? THEN spare_vector ELSE ? END, "
            "embedder = CASE WHEN spare_embedder = ? THEN spare_embedder ELSE '' END"
        )
        with self._database.writing(EVERYONE) as db:
            db.change(sql, [embedder, b"", embedder])
            for name, content in {**documents, "embedder": embedder}.items():
                db.change("DELETE FROM meta WHERE name = ?", [name])
                if content is not None:
                    db.insert("meta", ["name", "content"], [(name, content)])
            point("swap.exchanged")

    def drop_spares(self) -> None:
        """Let go of all vectors of an embedder that is not in use."""
        with self._database.writing(EVERYONE) as db:
            db.change(
                "UPDATE embeddings SET spare_vector = NULL, spare_embedder = NULL WHERE spare_embedder IS NOT NULL"
            )

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
        with self._database.writing(EVERYONE) as db:
            db.change("DELETE FROM meta WHERE name IN ('embedder', 'analyzer')")
            db.insert("meta", ["name", "content"], [("embedder", embedder), ("analyzer", analyzer)])
            db.change("DELETE FROM term_stats")
