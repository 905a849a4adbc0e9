"""The best rows looked at again by an encoder and a reranker, where the store has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from eider.retrieve.fetch import read
from eider.store.second_look import ENCODED, RERANKED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eider.retrieve.query import Question
    from eider.retrieve.rank import Ranked
    from eider.store.engine import Engine
    from eider.store.second_look import SecondLook
    from eider.store.segment.segment import Segment

ENCODER: Final = 4.0
"""Score of a cosine of 1 above the others'. Of 2 to 10 by the int8 MiniLM, 4 lowers no measure of LoCoMo's ten and five best
or the isolated sets; 8 gives isolated memories half a point more and takes two of LoCoMo's MRR (`tests/lab/second_look.py`)."""


def looked_at_again(
    look: SecondLook, engine: Engine, segment: Segment, question: Question, ranked: Sequence[Ranked], user: str,
    known_at: datetime | None,
) -> list[Ranked]:  # fmt: skip
    """Return rows in the order that encoder and reranker give the best of them; as they were where neither answers.

    A quotation stays first, what no longer holds rises above nothing, and the days asked about stay before others.
    """
    if question.days_first:
        return list(ranked)
    rows = list(ranked)
    items = read(engine, segment, [segment.ids[r.row] for r in rows[:ENCODED]], user, known_at)
    texts = ["" if (item := items.get(segment.ids[r.row])) is None else item.text for r in rows[:ENCODED]]
    cosine = look.likeness(question.text, texts)
    if cosine is not None and bool(np.isfinite(cosine).any()):
        more = ENCODER * np.nan_to_num(cosine - np.nanmean(cosine))
        least = float(more.min())
        best = [
            r if r.exact else _with_share(r, least if r.below else float(m), "encoder")
            for r, m in zip(rows[:ENCODED], more, strict=True)
        ]
        order = sorted(range(len(best)), key=lambda i: (not best[i].exact, -best[i].score))
        rows, texts = [*(best[i] for i in order), *rows[ENCODED:]], [texts[i] for i in order]
    first = [i for i, r in enumerate(rows[:RERANKED]) if not r.exact and not r.below]
    said = look.order(question.text, [texts[i] for i in first])
    if said is not None:
        scores = [rows[i].score for i in first]
        best = [rows[first[i]] for i in np.argsort(-said, kind="stable").tolist()]
        for i, r, score in zip(first, best, scores, strict=True):
            rows[i] = _with_share(r, score - r.score, "reranker")
    return rows


def best_of(segment: Segment, ranked: Sequence[Ranked], limit: int) -> list[Ranked]:
    """Return the best rows until there are enough of different words; repetitions come on top."""
    told: set[int] = set()
    for place, r in enumerate(ranked):
        told.add(int(segment.fingerprint[r.row]))
        if len(told) > limit:
            return list(ranked[:place])
    return list(ranked)


def _with_share(r: Ranked, more: float, share: str) -> Ranked:
    return replace(r, score=r.score + more, shares={**r.shares, share: round(more, 4)})
