"""Vectors and analyses beside the rows."""

from __future__ import annotations

from collections.abc import Mapping

from eider.model.changes import Indexing
from eider.store.duck import rows
from eider.store.duck.database import Database
from eider.store.duck.row_writes import insert


class DuckSearchMaterial:
    """`SearchMaterial`."""

    def __init__(self, database: Database) -> None:
        """Work on an open database."""
        self._database = database

    def lacking(self) -> list[tuple[str, str]]:
        """Return (user, id) of rows without search material."""
        sql = (
            "SELECT user_id, id FROM (SELECT user_id, id FROM episodes UNION SELECT user_id, id FROM memories "
            "WHERE state <> 'erased') t ANTI JOIN embeddings x ON x.id = t.id ORDER BY 1, 2"
        )
        with self._database.reading() as db:
            return db.execute(sql).fetchall()

    def outdated(self, embedder: str, analyzer: str) -> list[tuple[str, str]]:
        """Return (user, id) of material that another embedder or analyzer made."""
        sql = "SELECT user_id, id FROM embeddings WHERE embedder <> ? OR analyzer <> ? ORDER BY user_id, id"
        with self._database.reading() as db:
            return db.execute(sql, [embedder, analyzer]).fetchall()

    def replace(self, made: Mapping[str, Indexing], *, user: str, embedder: str, analyzer: str) -> None:
        """Write material, new or in place of what is there."""
        ids, vectors, analyses = list(made), [x.vector for x in made.values()], [x.analysis for x in made.values()]
        known = "SELECT id FROM embeddings WHERE id IN (SELECT unnest($1))"
        update = (
            "UPDATE embeddings SET vector = fresh.v, analysis = fresh.a, embedder = $4, analyzer = $5 "
            "FROM (SELECT unnest($1) AS i, unnest($2) AS v, unnest($3) AS a) AS fresh WHERE id = fresh.i"
        )
        with self._database.writing() as db:
            there = {row[0] for row in db.execute(known, [ids]).fetchall()}
            if there:
                db.execute(update, [ids, vectors, analyses, embedder, analyzer])
            new = [rows.embedding_row(i, user, embedder, analyzer, x) for i, x in made.items() if i not in there]
            insert(db, "embeddings", rows.EMBEDDING, new)

    def drop_orphans(self) -> None:
        """Remove material of rows that do not exist."""
        sql = "DELETE FROM embeddings WHERE id NOT IN (SELECT id FROM episodes) AND id NOT IN (SELECT id FROM memories)"
        with self._database.writing() as db:
            db.execute(sql)

    def settle(self, embedder: str, analyzer: str) -> None:
        """Note that all material is now of these two; word statistics are counted anew."""
        with self._database.writing() as db:
            db.execute("DELETE FROM meta WHERE name IN ('embedder', 'analyzer')")
            db.execute("INSERT INTO meta VALUES ('embedder', ?), ('analyzer', ?)", [embedder, analyzer])
            db.execute("DELETE FROM term_stats")
