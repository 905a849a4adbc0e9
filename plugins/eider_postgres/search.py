"""What a user too large to load is ranked by: PostgreSQL nominates, by words, by meaning, and the newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eider.language.analysis import analyse
from eider.store.segment.columns import parse
from eider.store.segment.postings import Population
from eider.store.sql.candidates import SqlCandidates
from eider.store.sql.session import EVERYONE
from eider_postgres.cursor import Half, maker_of, user_terms
from eider_postgres.database import PostgresDatabase

_NEAR_FROM: Final = 50_000
"""Rows of one user from which an approximate index of meanings is walked; fewer are compared one by one."""
_SCATTERED_FROM: Final = 100_000
"""Rows of all users from which one's own lie far apart, so that their meanings are kept together in an index. A guess."""
_INDEXED_WIDTH: Final = 768
"""Longest vectors that are kept in an index: with the name of a user they have to fit into a third of a page."""
_WORD_ROWS: Final = 5_000
"""Rows that words may bring before they are weighed: the most telling words come first. A guess."""
_NEWEST: Final = 100
"""Newest rows that are nominated whatever they say. A guess."""
_BATCH: Final = 5_000
_WORDS: Final = "SELECT id FROM words ORDER BY {} DESC, id DESC LIMIT $1"
_WEIGHT: Final = "CASE WHEN ${}::bigint = ANY(terms) THEN ${}::float8 ELSE 0 END"
"""A sum of these is three times as fast as a join with the words that are asked for."""
_MEANINGS: Final = "SELECT id FROM meanings WHERE user_id = $1 AND maker = '{1}' ORDER BY meaning{0} <#> $2{0} LIMIT $3"
_OWN: Final = """
LATERAL (SELECT x.vector, x.embedder WHERE left(md5(x.embedder), 12) = $maker
         UNION ALL SELECT x.spare_vector, x.spare_embedder WHERE left(md5(x.spare_embedder), 12) = $maker)
"""
"""The vector of a row that the embedder in use made."""
_NO_MEANING: Final = (
    "length(own.vector) > 0 AND NOT EXISTS "
    "(SELECT 1 FROM meanings m WHERE m.user_id = x.user_id AND m.maker = $maker AND m.id = x.id)"
)
_NEAR: Final = "meanings_near"
_TOGETHER: Final = "meanings_near_by_user"
"""Begin the names of the indexes of meanings, one of each kind for each embedder and part of the table."""
_NEW: Final = "SELECT id FROM episodes WHERE user_id = $1 ORDER BY id DESC LIMIT $2"


class PostgresSearch:
    """`SearchIndex` and `IndexUpkeep`: the index is part of the rows' own transaction, so nothing ever waits."""

    trouble: str | None = None

    def __init__(self, database: PostgresDatabase, candidates: SqlCandidates, embedder: str) -> None:
        """Nominate rows of an open database, by vectors of the embedder with this fingerprint."""
        self._database, self._candidates, self._maker = database, candidates, maker_of(embedder)

    def nominate(
        self, text: str, vector: NDArray[np.float32] | None, *, user: str, limit: int = 400
    ) -> list[str] | None:  # fmt: skip
        """Return ids of this user that might answer, by words and by meaning, at most `limit` of each kind."""
        population, _ = self._candidates.population(user=user)
        terms, weights = _weighed(text, population, user)
        with self._database.reading(user) as db:
            found: list[list[Any]] = []
            if terms:
                db.execute("SELECT set_config('eider.terms', $1, true)", [",".join(map(str, terms))])
                weighed = " + ".join(_WEIGHT.format(n, n + 1) for n in range(2, 2 * len(terms) + 2, 2))
                given = [one for pair in zip(terms, weights, strict=True) for one in pair]
                found.append(db.execute(_WORDS.format(weighed), [limit, *given]).fetchall())
            if vector is not None and vector.any():
                size = population.rows if population is not None else 0
                if size > _NEAR_FROM:
                    db.execute("SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true)")
                    db.execute("SELECT set_config('hnsw.ef_search', $1, true)", [str(limit)])
                    cast = f"::halfvec({len(vector)})"
                else:
                    cast = ""
                sql = _MEANINGS.format(cast, self._maker)
                found.append(db.execute(sql, [user, Half(vector), limit]).fetchall())
            found.append(db.execute(_NEW, [user, min(limit, _NEWEST)]).fetchall())
        return list(dict.fromkeys(row[0] for rows in found for row in rows))

    def notify(self, rows: int) -> None:
        """Nothing follows: what was committed is indexed."""

    def pending(self, user: str | None = None) -> int:
        """Return 0: nothing waits."""
        del user
        return 0

    # ------------------------------------------------------------------ upkeep

    def drain(self) -> int:
        """Return 0: nothing waits."""
        return 0

    def compare(self) -> tuple[int, int, int]:
        """Count rows whose meaning is not indexed although they have a vector, and rows in all; none can be too many."""
        lacking = f"SELECT count(*) FROM embeddings x CROSS JOIN {_OWN} AS own WHERE {_NO_MEANING}"  # noqa: S608 (constants)
        with self._database.reading(EVERYONE) as db:
            missing = db.execute(lacking, {"maker": self._maker}).fetchall()[0][0]
            rows = db.execute("SELECT count(*) FROM embeddings").fetchall()[0][0]
        return int(missing), 0, int(rows)

    def heal(self) -> None:
        """Nothing to do: an index that was not finished is found when the store is opened."""

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Index what is not indexed, and, where a user is large enough for it, make the index of near meanings."""
        with self._database.reading(EVERYONE) as db:
            users = db.execute("SELECT user_id, count(*) FROM embeddings GROUP BY user_id ORDER BY user_id").fetchall()
        total = sum(n for _, n in users)
        done = 0
        for user, rows in users:
            self._index_again(user)
            done += rows
            if progress is not None:
                progress(done, total)
        self._make_indexes(self._maker)
        return total

    def _index_again(self, user: str) -> None:
        sql = (
            f"SELECT x.id, own.vector, own.embedder FROM embeddings x CROSS JOIN {_OWN} AS own "  # noqa: S608 (constants)
            f"WHERE x.user_id = $user AND x.id > $last AND {_NO_MEANING} ORDER BY x.id LIMIT $most"
        )
        last = ""
        while True:
            with self._database.writing(user) as db:
                given = {"user": user, "last": last, "most": _BATCH, "maker": self._maker}
                found = db.execute(sql, given).fetchall()
                if not found:
                    return
                last = found[-1][0]
                db.index_vectors({i: bytes(vector) for i, vector, _ in found}, user=user, embedder=found[0][2])

    def _make_indexes(self, maker: str) -> None:
        """Make the indexes of meanings that pay, while others read and write, outside any transaction.

        One of near meanings, where a user has so many rows that it is walked; and one that holds the meanings of each user
        side by side, where the rows of many are mixed: the table has them in the order in which they came.
        """
        sizes = "SELECT coalesce(max(n), 0), coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM meanings WHERE maker = $1 GROUP BY user_id) u"
        parts = (
            "SELECT c.relname FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.relkind = 'r' "
            "AND c.relnamespace = current_schema()::regnamespace "
            "AND (c.relname = 'meanings' OR i.inhparent = 'meanings'::regclass) ORDER BY 1"
        )
        with self._database.reading(EVERYONE) as db:
            most, rows = db.execute(sizes, [maker]).fetchall()[0]
            width = db.execute("SELECT vector_dims(meaning) FROM meanings WHERE maker = $1 LIMIT 1", [maker]).fetchall()
            tables = [row[0] for row in db.execute(parts).fetchall()]
        if not width:
            return
        kinds: list[tuple[str, str]] = []
        if most > _NEAR_FROM:
            kinds.append((_NEAR, f"USING hnsw ((meaning::halfvec({int(width[0][0])})) halfvec_ip_ops)"))
        if rows > _SCATTERED_FROM and width[0][0] <= _INDEXED_WIDTH:
            kinds.append((_TOGETHER, "(user_id, id) INCLUDE (meaning)"))
        with self._database.alone() as db:
            for n, table in enumerate(tables):  # PostgreSQL makes none concurrently on a divided table as a whole
                for name, how in kinds:
                    made: Any = (
                        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name}_{maker}_{n} ON {table} {how} "
                        f"WHERE maker = '{maker}'"
                    )
                    db.execute(made)
                if kinds:
                    vacuum: Any = f"VACUUM {table}"  # an index alone answers for pages that are known to be seen by all
                    db.execute(vacuum)

    def prepare(self, embedder: str) -> None:
        """Make the indexes of the meanings of an embedder that is going to be in use."""
        self._make_indexes(maker_of(embedder))

    def drop_vectors(self, embedder: str) -> None:
        """Drop the meanings of all but this embedder, some rows at a time, and their index."""
        maker = maker_of(embedder)
        near = (
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indexrelid "
            "WHERE c.relnamespace = current_schema()::regnamespace AND starts_with(c.relname, $1) AND strpos(c.relname, $2) = 0"
        )
        some = "(user_id, maker, id) IN (SELECT user_id, maker, id FROM meanings WHERE maker <> $1 LIMIT $2)"
        with self._database.writing(EVERYONE) as db:
            for (name,) in db.execute(near, [_NEAR, maker]).fetchall():
                db.change(f"DROP INDEX IF EXISTS {name}")
        dropped = _BATCH
        while dropped == _BATCH:
            with self._database.writing(EVERYONE) as db:
                dropped = db.changed(f"DELETE FROM meanings WHERE {some}", [maker, _BATCH])  # noqa: S608 (constants)

    def vectors_are(self, embedder: str, width: int) -> None:
        """Nominate by the meanings of this embedder from now on; they are there already."""
        del width
        self._maker = maker_of(embedder)

    def scrub(self) -> bool:
        """Return False: what is erased leaves with its rows."""
        return False

    def exists(self) -> bool:
        """Return whether anything could be compared."""
        return True


def _weighed(text: str, population: Population | None, user: str) -> tuple[list[int], list[float]]:
    """The words of a question that say most, rarest first, until they may bring more rows than can be weighed."""
    found, _ = parse([analyse(text, said_on=None).to_bytes()])
    terms = np.unique(np.asarray(found.flat, np.uint64))
    if population is None:
        return user_terms(user, terms), [1.0] * len(terms)
    at = np.searchsorted(population.terms, terms)
    inside = np.minimum(at, max(0, len(population.terms) - 1))
    known = population.terms[inside] == terms if len(population.terms) else np.zeros(len(terms), np.bool_)
    counts = np.where(known, population.counts[inside] if len(population.terms) else 0, 1).astype(np.float64)
    order = np.argsort(counts, kind="stable")
    within = np.cumsum(counts[order]) <= _WORD_ROWS
    within[:1] = True
    kept = order[within]
    weights = np.log1p(population.rows / np.maximum(counts[kept], 1.0))
    salted = [user_terms(user, terms[i : i + 1])[0] for i in kept]
    return salted, weights.tolist()
