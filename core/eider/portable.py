"""Taking one's memory along: export and import."""

from __future__ import annotations

from eider.answers import Imported
from eider.door import Door
from eider.engine import Engine
from eider.verbs import Export, Import


def export(engine: Engine, request: Export) -> int:
    """Write all of a user's rows."""
    raise NotImplementedError


def import_(engine: Engine, request: Import, door: Door) -> Imported:
    """Bring rows in."""
    raise NotImplementedError
