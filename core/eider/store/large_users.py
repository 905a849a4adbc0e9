"""Users too large for a segment: the index nominates, and a small segment of the nominated stands for all their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.model.errors import IndexDamagedError
from eider.store.database import Cursor
from eider.store.duck import DuckStore, insert
from eider.store.protocols import Index
from eider.store.segment.columns import parse
from eider.store.segment.population import Population
from eider.store.segment.segment import Segment

LIMIT: Final = 400
"""Rows nominated by words, and by meaning: at 100 each the ranker already loses nothing on LoCoMo."""
_REACH: Final = 5
"""Neighbours on each side whose words bear on an utterance."""
_PENDING: Final = 2_000
"""Rows the index may lack; with more the user is better served by loading everything."""
_BATCH: Final = 20_000
_STALE: Final = 0.05
"""Share of new rows after which word statistics are counted anew. A guess."""


def segment_of(
    store: DuckStore, index: Index, user: str, query: str, vector: NDArray[np.float32] | None
) -> tuple[Segment | None, bool]:
    """A small segment of what may answer, weighed like the whole; and whether the statistics should be counted anew.

    None where the index cannot serve: it is damaged, or far behind.
    """
    with store.database.reading() as db:
        sql = "SELECT DISTINCT id FROM outbox WHERE user_id = ? LIMIT ?"
        pending = [row[0] for row in db.execute(sql, [user, _PENDING + 1]).fetchall()]
    if len(pending) > _PENDING:
        return None, False
    try:
        found = index.nominate(query, vector, user=user, limit=LIMIT)
    except IndexDamagedError:
        return None, False
    ids = list(dict.fromkeys([*found, *pending]))
    if not ids:
        return None, False
    with store.database.reading() as db:
        ids = list(dict.fromkeys([*ids, *_neighbours(db, user, ids)]))
        ids = list(dict.fromkeys([*ids, *_closing(db, user, ids)]))
        population, upto = _population(db, user)
    segment = Segment.build(store.rows(user=user, ids=ids))
    if population is not None:
        segment.stand_for(population)
    return segment, population is None or store.head[0] - upto > max(1_000, _STALE * population.rows)


def _neighbours(db: Cursor, user: str, ids: Sequence[str]) -> list[str]:
    """Utterances close to these in their sessions."""
    sql = (
        "WITH named AS MATERIALIZED (SELECT session, seq FROM episodes WHERE id IN (SELECT unnest($ids))), "
        "said AS MATERIALIZED (SELECT id, session, seq FROM episodes WHERE user_id = $user "
        "AND session IN (SELECT session FROM named)) "
        "SELECT DISTINCT s.id FROM said s JOIN named n ON s.session = n.session AND abs(s.seq - n.seq) <= $reach"
    )
    return [row[0] for row in db.execute(sql, {"user": user, "ids": list(ids), "reach": _REACH}).fetchall()]


def _closing(db: Cursor, user: str, ids: Sequence[str]) -> list[str]:
    """Memories that say whether these utterances still hold, and what replaced them.

    Closed memories are few, so they are looked at first; only what rests on their utterances is looked for beside them.
    """
    rests = "list_has_any(json_extract_string(evidence, '$[*][0]'), $ids)"
    now = "FROM memories WHERE user_id = $user AND retired_at IS NULL AND evidence IS NOT NULL"
    closed = db.execute(
        f"SELECT json_extract_string(evidence, '$[*][0]'), superseded_by {now} AND valid_to IS NOT NULL AND {rests}",
        {"user": user, "ids": list(ids)},
    ).fetchall()
    if not closed:
        return []
    said = list({episode for episodes, _ in closed for episode in episodes})
    beside = db.execute(f"SELECT id {now} AND {rests}", {"user": user, "ids": said}).fetchall()
    return [*(row[0] for row in beside), *(after for _, after in closed if after)]


def _population(db: Cursor, user: str) -> tuple[Population | None, int]:
    found = db.execute("SELECT upto, terms, counts FROM term_stats WHERE user_id = ?", [user]).fetchall()
    if not found:
        return None, 0
    upto, terms, counts = found[0]
    numbers = np.frombuffer(bytes(counts), "<i4")
    return Population(rows=int(numbers[0]), terms=np.frombuffer(bytes(terms), "<u8"), counts=numbers[1:]), upto


def count_terms(store: DuckStore, user: str) -> None:
    """Count a user's terms anew and keep the result beside the truth."""
    upto = store.head[0]
    population = Population.of(_batches(store, user))
    counts = np.concatenate([[population.rows], population.counts]).astype("<i4")
    with store.database.writing() as db:
        db.execute("DELETE FROM term_stats WHERE user_id = ?", [user])
        values = (user, upto, population.terms.astype("<u8").tobytes(), counts.tobytes())
        insert(db, "term_stats", ["user_id", "upto", "terms", "counts"], [values])


def _batches(store: DuckStore, user: str) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    last = ""
    while True:
        with store.database.reading() as db:
            sql = "SELECT id, analysis FROM embeddings WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?"
            found = db.execute(sql, [user, last, _BATCH]).fetchall()
        if not found:
            return
        terms, _ = parse([bytes(row[1]) for row in found])
        yield terms.flat, terms.lengths
        last = found[-1][0]
