"""Scores as callers see them: one scale in [0, 1] for `recall`, `inject` and `search`.

Inside, a line's score is the sum of its signals' shares, which has no bounds. It is mapped where a verb is answered; the
order stays, and `why.shares` keeps the terms of the sum.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from eider.guide import inject as guide
from eider.model.answers import Injection, Page, Recollection
from eider.model.requests_reading import Inject, Recall, Search
from eider.privacy.ingress import Clean
from eider.retrieve import recall as ranking
from eider.retrieve import search as filtering
from eider.store.engine import Engine

MIDDLE: Final = 8.0
"""Sum of shares that is shown as 0.5: between what answers a question and what only shares words with it. A guess."""
WIDTH: Final = 2.0
"""Sum of shares over which the odds grow e-fold. A guess."""


def relevance(total: float) -> float:
    """Return a sum of shares on the scale from 0 (has nothing to do with it) to 1 (answers it).

    >>> [round(relevance(total), 2) for total in (-2.0, 4.0, 8.0, 12.0, 16.0)]
    [0.01, 0.12, 0.5, 0.88, 0.98]
    """
    return 1.0 / (1.0 + math.exp(-max(-700.0, (total - MIDDLE) / WIDTH)))


def recall(engine: Engine, accepted: Clean[Recall]) -> list[Recollection]:
    """Rank what is kept for a question."""
    return [_scaled(one) for one in ranking.recall(engine, accepted)]


def inject(engine: Engine, accepted: Clean[Inject]) -> Injection:
    """Return what belongs into a prompt by itself."""
    found = guide.inject(engine, accepted)
    return replace(found, recollections=tuple(map(_scaled, found.recollections)))


def search(engine: Engine, accepted: Clean[Search]) -> Page:
    """Return a filtered page; a text to search for ranks it, and without one all scores are 0."""
    found = filtering.search(engine, accepted)
    if not accepted.request.text.strip():
        return found
    return replace(found, items=tuple(map(_scaled, found.items)))


def _scaled(found: Recollection) -> Recollection:
    return replace(found, score=relevance(found.score))
