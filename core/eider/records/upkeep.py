"""Verbs that look after a whole store: drain, verify, rebuild, publish."""

from __future__ import annotations

from pathlib import Path

from eider.model.answers import Drained, Verified
from eider.model.requests import Drain, Publish, Rebuild, Verify
from eider.privacy.ingress import Clean
from eider.store import maintenance
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


def publish(engine: Engine, accepted: Clean[Publish]) -> Path:
    """Copy the store into an immutable snapshot; return its path."""
    return maintenance.publish(engine, accepted.request.path)
