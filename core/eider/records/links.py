"""What the user says belongs together: kept as said, exported, and forgotten with its ends."""

from __future__ import annotations

from typing import cast

from eider.model.changes import ChangeSet
from eider.model.errors import UnknownIdError
from eider.model.links import USER_KINDS
from eider.model.requests_links import LinkTogether, Unlink
from eider.model.values import Edge, EdgeKind
from eider.privacy.ingress import Clean
from eider.records.proposals import check_may_change
from eider.records.revise import existing_memory
from eider.store.engine import Engine


def link(engine: Engine, accepted: Clean[LinkTogether]) -> Edge:
    """Keep a link between two rows; saying it again changes nothing.

    Raises:
        UnknownIdError: One of them is not there.
        RefusedError: One is trusted more than the channel.
    """
    request = accepted.request
    edge = Edge(source=request.source, target=request.target, kind=cast("EdgeKind", request.kind))

    def plan() -> Edge:
        _check(engine, accepted, edge.source, edge.target)
        there = engine.store.reads.links(edge.source, user=request.user)
        if not any(_ends(e) == _ends(edge) for e in there):
            engine.commit(_changes(engine, accepted, "link", edges=(edge,)))
        return edge

    return engine.planned(plan)


def unlink(engine: Engine, accepted: Clean[Unlink]) -> int:
    """Take away the links between two rows that were said; returns how many."""
    request = accepted.request

    def plan() -> int:
        kinds = USER_KINDS if request.kind is None else (request.kind,)
        ends = {(request.source, request.target), (request.target, request.source)}
        there = engine.store.reads.links(request.source, user=request.user)
        gone = tuple(e for e in there if (e.source, e.target) in ends and e.kind in kinds)
        if gone:
            _check(engine, accepted, request.source, request.target)
            engine.commit(_changes(engine, accepted, "unlink", unlinks=gone))
        return len(gone)

    return engine.planned(plan)


def _ends(edge: Edge) -> tuple[str, str, str]:
    return edge.source, edge.target, edge.kind


def _check(engine: Engine, accepted: Clean[LinkTogether] | Clean[Unlink], *ids: str) -> None:
    """Raise unless both rows are there, and the channel may change them."""
    user = accepted.request.user
    for one in ids:
        if one.startswith("ep_"):
            if not engine.store.reads.episodes([one], user=user):
                raise UnknownIdError("utterance", one, user)
        else:
            check_may_change(accepted.channel, [existing_memory(engine, one, user)], "link")


def _changes(
    engine: Engine, accepted: Clean[LinkTogether] | Clean[Unlink], op: str, *, edges: tuple[Edge, ...] = (),
    unlinks: tuple[Edge, ...] = (),
) -> ChangeSet:  # fmt: skip
    return ChangeSet(
        user=accepted.request.user, op=op, actor=accepted.channel.name, at=engine.now(), edges=edges, unlinks=unlinks
    )
