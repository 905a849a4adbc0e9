"""Vectors and analyses beside the rows."""

from __future__ import annotations

from collections.abc import Mapping

from eider.model.changes import Indexing
from eider.store.sql.row_writes import rewrite_material, write_material
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
