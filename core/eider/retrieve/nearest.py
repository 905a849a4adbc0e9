"""The current memories nearest to a statement: what it may repeat, refine, replace or contradict."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from eider.model.values import Memory
from eider.retrieve.query import question_of
from eider.retrieve.rank import rank
from eider.retrieve.visible import present
from eider.store.arrays import KIND_CODE, STATE_CODE, micros
from eider.store.engine import Engine

LIMIT: Final = 8
_READ: Final = 2_000
_AT_ONCE: Final = 256
_ALIKE: Final = 0.3
"""Cosine below which two statements are not held against each other in a bulk write: 17 of 20 changes of our own lie above."""


def nearest_memories(
    engine: Engine, user: str, text: str, now: datetime, *, scopes: Collection[str] | None = None,
    kinds: Collection[str] | None = None, least_trust: int = 1, limit: int = LIMIT, waiting: bool = False,
) -> list[Memory]:  # fmt: skip
    """Return current memories of a user that are most like a text; best first.

    Args:
        engine: The open store.
        user: Whose.
        text: A statement.
        now: The store's present.
        scopes: Only those of these scopes; None means all.
        kinds: Only those of these kinds; None means all.
        least_trust: Only those of at least this trust.
        limit: Most of them.
        waiting: Also what waits in the inbox.
    """
    view = present(now)
    with engine.segments.hold(user) as segment:
        visible = segment.alive & segment.is_memory & (segment.valid_to > view.at) & (segment.trust >= least_trust)
        visible &= (segment.state == STATE_CODE["active"]) | ((segment.state == STATE_CODE["inbox"]) & waiting)
        if scopes is not None:
            visible &= np.isin(segment.scope, [segment.scopes[s] for s in scopes if s in segment.scopes])
        if kinds is not None:
            visible &= np.isin(segment.kind, [KIND_CODE[kind] for kind in kinds])  # pyright: ignore[reportArgumentType]
        if not visible.any():
            return []
        question = replace(question_of(engine, segment, text[:_READ], view), window=None)
        ids = [segment.ids[r.row] for r in rank(segment, question, visible, limit=limit)]
        known = {i: m for i in ids if isinstance(m := segment.items.get(i), Memory)}
        read = engine.store.reads.memories([i for i in ids if i not in known], user=user)
        segment.keep(read)
    found = known | {m.id: m for m in read}
    return [found[i] for i in ids if i in found]


def nearest_of_many(
    engine: Engine, user: str, vectors: Sequence[bytes], scopes: Sequence[str], *, limit: int = 2,
    besides: Collection[str] = (),
) -> list[list[Memory]]:  # fmt: skip
    """Return for each of many statements the current memories of its scope that are closest in meaning; best first.

    Args:
        engine: The open store.
        user: Whose.
        vectors: float32 of length 1 for each statement, empty where it has none.
        scopes: The scope of each.
        limit: Most memories for each.
        besides: Ids of memories that are left out.
    """
    found: list[list[str]] = [[] for _ in vectors]
    now = micros(engine.now())
    with engine.segments.hold(user) as segment:
        visible = segment.alive & segment.is_memory & (segment.state == STATE_CODE["active"])
        visible &= (segment.valid_to > now) & (segment.trust >= 1)
        visible[[segment.row_of[i] for i in besides if i in segment.row_of]] = False
        for scope in dict.fromkeys(scopes):
            rows = np.flatnonzero(visible & (segment.scope == segment.scopes.get(scope, -1)))
            places = [i for i, (s, v) in enumerate(zip(scopes, vectors, strict=True)) if s == scope and v]
            if not len(rows) or not places:
                continue
            known = segment.vectors.take(rows)
            for start in range(0, len(places), _AT_ONCE):
                part = places[start : start + _AT_ONCE]
                likeness = np.stack([np.frombuffer(vectors[i], np.float32) for i in part]) @ known.T
                best = np.argsort(-likeness, axis=1, kind="stable")[:, :limit]
                for place, row, order in zip(part, likeness, best, strict=True):
                    found[place] = [segment.ids[rows[j]] for j in order if row[j] >= _ALIKE]
    read = {m.id: m for m in engine.store.reads.memories(sorted({i for ids in found for i in ids}), user=user)}
    return [[read[i] for i in ids if i in read] for ids in found]
