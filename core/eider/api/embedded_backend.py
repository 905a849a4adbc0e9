"""The backend for a store that is open in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from eider.api.verbs import verb_of
from eider.client import briefing_cache, pauses
from eider.model import config
from eider.privacy.ingress import Channel

if TYPE_CHECKING:
    from eider.model.requests import Request
    from eider.model.values import Origin
    from eider.store.engine import Engine

A = TypeVar("A")


class EmbeddedBackend:
    """Answers requests with an engine in this process."""

    shared = False

    def __init__(self, engine: Engine, channel: Channel | None = None) -> None:
        """Take over an open engine.

        Args:
            engine: The engine; closing the backend closes it.
            channel: Through which requests come in; by default the library's, which is trusted as the user.
        """
        self.engine, self.channel = engine, channel or Channel()

    @property
    def root(self) -> Engine:
        """What all views of one open store have in common."""
        return self.engine

    def execute(self, request: Request[A]) -> A:
        """Answer a request.

        Raises:
            PausedError: It writes, and writing is paused.
            EiderError: Any error of the verb.
        """
        verb = verb_of(request)
        self.engine.store.connection.check()
        if verb.writes and (folder := self.engine.store.place.folder) is not None:
            pauses.check_writes_allowed(str(config.home()), folder)
        answer = verb.answer(self.engine, request, self.channel)
        if verb.name in briefing_cache.ERASING:
            briefing_cache.delete_briefings(str(config.home()))
        return answer

    def with_channel(self, name: str, max_trust: Origin) -> EmbeddedBackend:
        """Return a view whose writes get at most `max_trust`, and never more than this one's."""
        return EmbeddedBackend(self.engine, self.channel.narrowed(name, max_trust))

    def with_timeout(self, seconds: float) -> EmbeddedBackend:
        """Return this backend: nobody else is waited for."""
        del seconds
        return self

    def close(self) -> None:
        """Write what is buffered and let go of the files."""
        self.engine.close()
