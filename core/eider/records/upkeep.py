"""Verbs that look after a whole store: drain, verify, rebuild, publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from eider.model.answers import Drained, EmbedderStatus, Verified
from eider.model.requests import Drain, Publish, Rebuild, Verify
from eider.model.requests_embedder import EmbedderState, SwapEmbedder
from eider.privacy.ingress import Clean
from eider.store import embedder_swap, maintenance
from eider.store.engine import Engine


def drain(engine: Engine, accepted: Clean[Drain]) -> Drained:
    """Write what is buffered, run due jobs, give back what the files hold for nothing, and bring the search index up to date."""
    engine.usage.flush()
    engine.loops.recalls.flush()
    ran = engine.jobs.run_due(accepted.request.timeout)
    maintenance.compact(engine, least=1)
    applied = engine.store.index_upkeep.drain()
    return Drained(applied=applied, left=engine.store.index.pending(), jobs=ran)


def verify(engine: Engine, accepted: Clean[Verify]) -> Verified:
    """Check the event chain, references between rows, and the search index."""
    return maintenance.verify(engine, deep=accepted.request.deep)


def rebuild(engine: Engine, accepted: Clean[Rebuild]) -> int:
    """Build the search index anew from the database; return its rows."""
    return maintenance.rebuild(engine, accepted.request.progress)


def embedder(engine: Engine, accepted: Clean[EmbedderState]) -> EmbedderStatus:
    """Say whose vectors the store has, and how far an exchange of embedders is."""
    del accepted
    return embedder_swap.status(engine)


def swap_embedder(engine: Engine, accepted: Clean[SwapEmbedder]) -> EmbedderStatus:
    """Begin, go on with, end or take back an exchange of embedders."""
    request = accepted.request
    if request.action == "start":
        embedder_swap.start(engine, request.name or "")
    else:
        _STEPS[request.action](engine)
    return embedder_swap.status(engine)


_STEPS: Final[Mapping[str, Callable[[Engine], None]]] = {
    "resume": embedder_swap.resume, "abort": embedder_swap.abort, "back": embedder_swap.back,
    "drop": embedder_swap.drop, "reembed": embedder_swap.reembed,
}  # fmt: skip


def publish(engine: Engine, accepted: Clean[Publish]) -> Path:
    """Copy the store into an immutable snapshot; return its path."""
    return maintenance.publish(engine, accepted.request.path)
