"""What a user too large to load is ranked by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.store.segment.columns import parse
from eider.store.segment.postings import Population
from eider.store.sql.chain import Chain

_BATCH: Final = 20_000


class SqlCandidates:
    """`Candidates`."""

    def __init__(self, chain: Chain) -> None:
        """Read behind the end of `chain`."""
        self._chain, self._database = chain, chain.database

    def unindexed(self, *, user: str, limit: int) -> list[str]:
        """Return ids of rows that the search index may not have yet, at most `limit`."""
        sql = "SELECT DISTINCT id FROM outbox WHERE user_id = ? LIMIT ?"
        with self._database.reading(user) as db:
            return [row[0] for row in db.execute(sql, [user, limit]).fetchall()]

    def neighbours(self, ids: Sequence[str], *, user: str, reach: int) -> list[str]:
        """Return ids of utterances at most `reach` places from these in their sessions."""
        sql = (
            "WITH named AS MATERIALIZED (SELECT session, seq FROM episodes WHERE user_id = $user "
            "AND id IN (SELECT unnest($ids))), "
            "said AS MATERIALIZED (SELECT id, session, seq FROM episodes WHERE user_id = $user "
            "AND session IN (SELECT session FROM named)) "
            "SELECT DISTINCT s.id FROM said s JOIN named n ON s.session = n.session AND abs(s.seq - n.seq) <= $reach"
        )
        with self._database.reading(user) as db:
            found = db.execute(sql, {"user": user, "ids": list(ids), "reach": reach}).fetchall()
        return [row[0] for row in found]

    def closing(self, ids: Sequence[str], *, user: str) -> list[str]:
        """Return ids of memories that say whether these utterances still hold, and of what replaced them.

        Closed memories are few, so they are looked at first; only what rests on their utterances is looked for beside
        them.
        """
        dialect = self._database.dialect
        rests = dialect.quotes_any("evidence", "$ids")
        now = "FROM memories WHERE user_id = $user AND retired_at IS NULL AND evidence IS NOT NULL"
        ended = f"SELECT {dialect.quoted_ids('evidence')}, superseded_by {now} AND valid_to IS NOT NULL AND {rests}"
        with self._database.reading(user) as db:
            closed = db.execute(ended, {"user": user, "ids": list(ids)}).fetchall()
            if not closed:
                return []
            said = list({episode for episodes, _ in closed for episode in episodes})
            beside = db.execute(f"SELECT id {now} AND {rests}", {"user": user, "ids": said}).fetchall()
        return [*(row[0] for row in beside), *(after for _, after in closed if after)]

    def population(self, *, user: str) -> tuple[Population | None, int]:
        """Return the word statistics of all rows of a user, and the number of the last event they count."""
        sql = "SELECT upto, terms, counts FROM term_stats WHERE user_id = ?"
        with self._database.reading(user) as db:
            found = db.execute(sql, [user]).fetchall()
        if not found:
            return None, 0
        upto, terms, counts = found[0]
        numbers = np.frombuffer(bytes(counts), "<i4")
        terms = np.frombuffer(bytes(terms), "<u8")
        return Population(rows=int(numbers[0]), terms=terms, counts=numbers[1:]), upto

    def count_terms(self, *, user: str) -> None:
        """Count a user's terms anew and keep the result."""
        upto = self._chain.head[0]
        population = Population.of(self._batches(user))
        counts = np.concatenate([[population.rows], population.counts]).astype("<i4")
        with self._database.writing(user) as db:
            db.change("DELETE FROM term_stats WHERE user_id = ?", [user])
            values = (user, upto, population.terms.astype("<u8").tobytes(), counts.tobytes())
            db.insert("term_stats", ["user_id", "upto", "terms", "counts"], [values])

    def _batches(self, user: str) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
        last = ""
        while True:
            with self._database.reading(user) as db:
                sql = "SELECT id, analysis FROM embeddings WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?"
                found = db.execute(sql, [user, last, _BATCH]).fetchall()
            if not found:
                return
            terms, _ = parse([bytes(row[1]) for row in found])
            yield terms.flat, terms.lengths
            last = found[-1][0]
