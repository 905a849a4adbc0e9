"""Recall for a reason, an order or a subject: causes stand before what they caused, lines in their order, or what names it first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from eider.language.questions.names import names_in
from eider.retrieve.fetch import fetch, read
from eider.retrieve.links import causal_links, rows_to_read
from eider.retrieve.rank import Ranked

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from eider.language.questions.intents import Intent
    from eider.model.answers import Recollection
    from eider.retrieve.visible import View
    from eider.store.engine import Engine
    from eider.store.segment.segment import Segment

LOOKED_AT: Final = 30
"""Results among which those that name the subject of a question are looked for."""
_EFFECTS: Final = 3
"""Best lines whose causes are looked for."""
_CAUSES: Final = 2
"""Causes told of one line."""
_STEP: Final = 0.01
"""Score by which a cause stands above what it caused."""


def with_causes(
    engine: Engine, segment: Segment, found: Sequence[Recollection], visible: NDArray[np.bool_], user: str, view: View
) -> list[Recollection]:  # fmt: skip
    """Return results with what caused the best of them right before it, the earliest cause first."""
    lines = {r.id: r for r in found}
    for effect in found[:_EFFECTS]:
        row = segment.row_of.get(effect.id, -1)
        if row < 0:
            continue
        rows = rows_to_read(segment, row, visible)
        items = read(engine, segment, [segment.ids[r] for r in rows], user, view.known_at)
        texts = {r: items[i].text for r in rows if (i := segment.ids[r]) in items}
        links = [link for link in causal_links(segment, row, visible, texts) if not link.outward and link.row != row]
        causes = sorted(links, key=lambda link: (-link.weight, segment.ids[link.row]))[:_CAUSES]
        causes.sort(key=lambda link: -segment.at[link.row])
        for place, link in enumerate(causes, 1):
            known = lines.get(segment.ids[link.row])
            if known is None:
                told = fetch(engine, segment, [_cause(link.row)], user, view)
                known = told[0] if told else None
            if known is not None and known.score < (score := lines[effect.id].score + place * _STEP):
                lines[known.id] = _with_score(known, score)
    return sorted(lines.values(), key=lambda r: -r.score)


def in_order_of_time(found: Sequence[Recollection]) -> list[Recollection]:
    """Return results, the earliest first; what has no time comes last."""
    return sorted(found, key=lambda r: (r.at is None, r.at))


def naming_first(found: Sequence[Recollection], query: str) -> list[Recollection]:
    """Return results with those first that name who or what is asked about, or were said by them."""
    names = [name.casefold() for name in names_in(query)]

    def names_it(r: Recollection) -> bool:
        said = "" if r.episode is None else r.episode.speaker.casefold()
        return any(name in r.text.casefold() or name == said for name in names)

    return sorted(found, key=lambda r: not names_it(r))


def in_order_of_intent(
    found: Sequence[Recollection], intent: Intent | None, query: str, limit: int
) -> list[Recollection]:
    """Return the best of results in the order that an intent asks for."""
    if intent == "entity":
        return naming_first(found, query)[:limit]
    return in_order_of_time(found[:limit]) if intent == "when" else list(found[:limit])


def _with_score(found: Recollection, score: float) -> Recollection:
    shares = {**found.why.shares, "cause": round(found.why.shares.get("cause", 0.0) + score - found.score, 4)}
    return replace(found, score=score, why=replace(found.why, shares=shares))


def _cause(row: int) -> Ranked:
    return Ranked(row=row, score=0.0, shares={}, coverage=0.0, cosine=0.0, best_share=0.0, exact=False, margin=0.0)
