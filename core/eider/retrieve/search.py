"""Search filters for people: everything that matches, page by page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from eider.model.answers import Page
from eider.privacy.ingress import Clean
from eider.retrieve.fetch import fetch
from eider.retrieve.query import read_question
from eider.retrieve.rank import Ranked, rank
from eider.retrieve.visible import View, chosen_rows, view_of, visible_rows
from eider.store.arrays import STATE_CODE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.requests_reading import Search
    from eider.store.engine import Engine
    from eider.store.segment.segment import Segment

_COUNTED: Final = 1_000
"""Matches that are counted whole: as many as the ranker looks at twice in a large store."""
_ALIKE: Final = 0.3
"""Cosine from which a line without a common word still counts as a match for people. A guess."""


def search(engine: Engine, accepted: Clean[Search]) -> Page:
    """Return a page of all that matches, best first; without a text, the newest first.

    Args:
        engine: The open store.
        accepted: Text, filters, offset and limit.
    """
    request = accepted.request
    view = view_of(accepted)
    with engine.segments.hold(request.user) as segment:
        visible = _list_rows(segment, request, view)
        rows = np.flatnonzero(visible)
        if request.text.strip() and len(rows):
            question = replace(read_question(engine, segment, request.text, request, view), window=None)
            found = rank(segment, question, visible, limit=max(_COUNTED, request.offset + request.limit))
            found = [r for r in found if r.coverage > 0 or r.cosine > _ALIKE]
            total = len(found)
            shown = found[request.offset : request.offset + request.limit]
        else:
            order = rows[np.argsort(-segment.at[rows], kind="stable")]
            total = len(order)
            shown = [_unranked(int(row)) for row in order[request.offset : request.offset + request.limit]]
        items = fetch(engine, segment, shown, request.user, view)
    return Page(items=tuple(items), total=total, offset=request.offset, limit=request.limit)


def _list_rows(segment: Segment, request: Search, view: View) -> NDArray[np.bool_]:
    if request.status is None:
        return visible_rows(segment, request, view)
    state, open_ = segment.state, segment.valid_to > view.as_of
    of_status = {
        "current": (state == STATE_CODE["active"]) & open_,
        "superseded": state == STATE_CODE["superseded"],
        "expired": (state == STATE_CODE["active"]) & ~open_,
        "inbox": state == STATE_CODE["inbox"],
        "quarantined": state == STATE_CODE["quarantined"],
        "erased": np.zeros(segment.rows, np.bool_),
    }[request.status]
    return segment.alive & segment.is_memory & of_status & chosen_rows(segment, request)


def _unranked(row: int) -> Ranked:
    return Ranked(row=row, score=0.0, shares={}, coverage=0.0, cosine=0.0, best_share=0.0, exact=False, margin=0.0)
