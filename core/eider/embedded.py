"""A store in this process: requests go straight to their handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eider import config
from eider.door import Door
from eider.handlers import HANDLERS
from eider.service import briefs, pauses
from eider.service.client import WRITES

if TYPE_CHECKING:
    from eider.engine import Engine
    from eider.values import Origin


class Embedded:
    """An open engine seen through one door."""

    shared = False

    def __init__(self, engine: Engine, door: Door | None = None) -> None:
        """Take over an open engine."""
        self.engine, self._door = engine, door or Door()

    @property
    def root(self) -> Engine:
        """What all views of one open store have in common."""
        return self.engine

    def ask(self, name: str, request: Any) -> Any:
        """Answer one request of the table."""
        self.engine.store.database.check()
        if name in WRITES:
            pauses.check(str(config.home()), self.engine.opened.files.folder)
        answer = HANDLERS[name](self.engine, request, self._door)
        if name in briefs.ERASING:
            briefs.drop(str(config.home()))
        return answer

    def through(self, channel: str, ceiling: Origin) -> Embedded:
        """The same engine, with a door that is at most as trusted."""
        lowered = self._door.origin(ceiling)
        return Embedded(self.engine, Door(channel=channel, ceiling=lowered, agent=self._door.agent))

    def patient(self, seconds: float) -> Embedded:
        """The same: nobody else is waited for."""
        del seconds
        return self

    def close(self) -> None:
        """Write what is buffered and let go of the files."""
        self.engine.close()
