"""What a memory or an utterance is linked to, and how much of what is kept has links."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from eider.model.errors import UnknownIdError
from eider.model.links import LINK_KINDS, USER_KINDS, LinkCounts, LinkKind, Related
from eider.model.values import Episode, Memory
from eider.privacy.ingress import Clean
from eider.retrieve.fetch import read
from eider.retrieve.links import Link, hub_names, links_of, rows_to_read
from eider.retrieve.visible import STATED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eider.model.requests_links import RebuildLinks, RelatedTo
    from eider.store.engine import Engine
    from eider.store.segment.segment import Segment

_ORDER: Final[tuple[LinkKind, ...]] = ("causal", "supersedes", "evidence", "entity", "semantic", "temporal")
"""Kinds in the order in which they are told."""
_COUNTED: Final = 2_000
"""Rows of which links are counted; of more, as many, evenly spread."""


def related(engine: Engine, accepted: Clean[RelatedTo]) -> list[Related]:
    """Return what a row is linked to: what the user said first, then kind by kind, the closest first.

    Raises:
        UnknownIdError: There is no such memory or utterance of this user.
    """
    request = accepted.request
    said = engine.store.reads.links(request.id, user=request.user)
    with engine.segments.hold(request.user) as segment:
        if (row := segment.row_of.get(request.id, -1)) < 0:
            raise UnknownIdError("memory or utterance", request.id, request.user)
        visible = segment.alive & np.isin(segment.state, STATED)
        by_user: list[Link] = []
        for edge in said:
            outward = edge.source == segment.ids[row]
            other = segment.row_of.get(edge.target if outward else edge.source, -1)
            if other >= 0 and other != row and edge.kind in USER_KINDS:
                by_user.append(Link(other, cast("LinkKind", edge.kind), edge.weight, outward, "the user said so"))
        told = {(link.row, link.kind) for link in by_user}
        derived = [
            link
            for link in derived_links(engine, segment, row, visible, request.user)
            if (link.row, link.kind) not in told
        ]
        derived.sort(key=lambda link: _ORDER.index(link.kind))
        links = [link for link in (*by_user, *derived) if request.kinds is None or link.kind in request.kinds]
        links = links[: request.limit]
        items = read(engine, segment, [segment.ids[link.row] for link in links], request.user)
        return [_shown(items[i], link, by_user) for link in links if (i := segment.ids[link.row]) in items]


def derived_links(engine: Engine, segment: Segment, row: int, visible: NDArray[np.bool_], user: str) -> list[Link]:
    """Return the links of a row that follow from the rows of its user, the closest first."""
    rows = rows_to_read(segment, row, visible)
    items = read(engine, segment, [segment.ids[r] for r in rows], user)
    texts = {r: items[i].text for r in rows if (i := segment.ids[r]) in items}
    return links_of(segment, row, visible, texts)


def rebuild_links(engine: Engine, accepted: Clean[RebuildLinks]) -> LinkCounts:
    """Derive a user's links anew and count the rows that have them; a dry run leaves what is loaded as it is."""
    request = accepted.request
    if not request.dry_run:
        engine.segments.drop(request.user)
    with engine.segments.hold(request.user) as segment:
        visible = segment.alive & np.isin(segment.state, STATED)
        every = np.flatnonzero(visible)
        chosen = every[:: max(1, -(-len(every) // _COUNTED))]
        linked: Counter[str] = Counter()
        for row in chosen.tolist():
            linked.update({link.kind for link in derived_links(engine, segment, row, visible, request.user)})
        scale = len(every) / max(1, len(chosen))
        items = read(engine, segment, [segment.ids[r] for r in chosen.tolist()], request.user)
        names = hub_names(segment, [item.text for item in items.values()])
    said = engine.store.reads.links(None, user=request.user)
    return LinkCounts(
        rows=len(every), linked={kind: round(linked[kind] * scale) for kind in LINK_KINDS},
        by_user=sum(edge.kind in USER_KINDS for edge in said), hubs=names, dry_run=request.dry_run,
    )  # fmt: skip


def _shown(item: Memory | Episode, link: Link, by_user: Sequence[Link]) -> Related:
    return Related(
        id=item.id, text=item.text, kind=link.kind, weight=round(link.weight, 3), outward=link.outward, reason=link.reason,
        by_user=link in by_user, memory=item if isinstance(item, Memory) else None,
        episode=item if isinstance(item, Episode) else None,
    )  # fmt: skip
