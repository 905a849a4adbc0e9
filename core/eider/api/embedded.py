"""A store in this process: requests go straight to their handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eider.api.handlers import HANDLERS
from eider.client import briefing_cache, pauses
from eider.client.client import WRITES
from eider.model import config
from eider.privacy.ingress import Door

if TYPE_CHECKING:
    from eider.model.values import Origin
    from eider.store.engine import Engine


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
        if name in briefing_cache.ERASING:
            briefing_cache.drop(str(config.home()))
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
