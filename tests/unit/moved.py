"""A store with everything in it, and what it tells of itself wherever it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import eider
from eider.model.clock import FixedClock

from tests.fixtures.freeze import tell  # isort: skip


def made(path: Path) -> Path:
    """A store with everything in it."""
    clock = FixedClock(datetime(2026, 3, 1, 9, tzinfo=UTC))
    with eider.open(path, embedder="hash", clock=clock) as memory:
        tell(memory, clock)
    return path


def account(place: Path | str) -> dict[str, Any]:
    """What a store tells of itself."""
    with eider.open(place) as memory:
        assert memory.verify(deep=True)
        ada = {"user": "ada"}
        lines = memory.search("", **ada).items
        return {
            "search": [(i.id, i.text) for i in lines],
            "history": {
                i.id: [(v.memory.rev, v.memory.text) for v in memory.history(i.id, **ada)] for i in lines if i.memory
            },
            "events": [(e.id, e.op, e.reason) for e in memory.events(**ada, limit=500)],
            "why": [memory.why(i.id, **ada).summary for i in lines if i.memory],
            "runs": [(r.id, r.status) for r in memory.runs(**ada)],
            "recall": sorted(h.id for h in memory.recall("where is the office?", limit=50, **ada)),
        }
