"""The current memories nearest to a statement: what it may repeat, refine, replace or contradict."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from eider.model.requests_reading import Recall
from eider.model.values import GLOBAL, Memory
from eider.retrieve.query import read_question
from eider.retrieve.rank import rank
from eider.retrieve.visible import present
from eider.store.arrays import STATE_CODE, micros
from eider.store.engine import Engine

LIMIT: Final = 8
_READ: Final = 2_000


def near(engine: Engine, user: str, text: str, *, scope: str = GLOBAL, limit: int = LIMIT) -> list[Memory]:
    """Current memories of a user in a scope, or everywhere, that are most like a text; best first.

    Args:
        engine: The open store.
        user: Whose.
        text: A statement.
        scope: What applies there: the scope itself and what is global; for a global statement, global ones and others.
        limit: Most of them.
    """
    now = micros(engine.now())
    with engine.segments.hold(user) as segment:
        visible = segment.alive & segment.is_memory & (segment.state == STATE_CODE["active"])
        visible &= (segment.valid_to > now) & (segment.trust >= 1)
        if scope != GLOBAL:
            visible &= np.isin(segment.scope, [segment.scopes[s] for s in (scope, GLOBAL) if s in segment.scopes])
        if not visible.any():
            return []
        ask = Recall(user=user, query=text[:_READ])
        question = replace(read_question(engine, segment, ask.query, ask, present(engine.now())), window=None)
        ids = [segment.ids[r.row] for r in rank(segment, question, visible, limit=limit)]
        known = {i: m for i in ids if isinstance(m := segment.items.get(i), Memory)}
        read = engine.store.reads.memories([i for i in ids if i not in known], user=user)
        segment.keep(read)
    found = known | {m.id: m for m in read}
    return [found[i] for i in ids if i in found]
