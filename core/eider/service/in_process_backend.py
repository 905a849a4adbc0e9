"""The backend for what runs inside the server: hooks of hosts and mounted applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from eider.api.facade import Eider
from eider.model import config
from eider.model.errors import InputError
from eider.model.validation import name as checked_name
from eider.privacy.ingress import Channel

if TYPE_CHECKING:
    from eider.model.requests import Request
    from eider.model.values import Origin

A = TypeVar("A")


class Server(Protocol):
    """What answers: the server's dispatcher."""

    def drain(self) -> object:
        """Carry out what clients have spooled."""
        ...

    def perform(self, request: Request[A], channel: Channel, target: Mapping[str, object]) -> A:
        """Answer a request on the store that `target` names, in its time zone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class InProcessBackend:
    """Answers requests with a store of the server, without the way over a socket."""

    server: Server
    channel: Channel
    store: str | None = None
    """Its name; None is the one that is set."""
    drains: bool = True
    """Whether spooled writes are carried out first; hooks have no time for that."""
    first: InProcessBackend | None = field(default=None, compare=False)
    """The view that this one was made from."""
    shared = True

    @property
    def root(self) -> InProcessBackend:
        """What all views of one open store have in common."""
        return self.first or self

    def execute(self, request: Request[A]) -> A:
        """Answer a request.

        Raises:
            PausedError: It writes, and writing is paused.
            EiderError: Any error of the verb.
        """
        if self.drains:
            self.server.drain()
        return self.server.perform(request, self.channel, {"store": self.store, "tz": config.setting("tz")})

    def with_channel(self, name: str, max_trust: Origin) -> InProcessBackend:
        """Return a view whose writes get at most `max_trust`, and never more than this one's."""
        return replace(self, channel=self.channel.narrowed(name, max_trust), first=self.root)

    def with_timeout(self, seconds: float) -> InProcessBackend:
        """Return this backend: nobody else is waited for."""
        del seconds
        return self

    def close(self) -> None:
        """Do nothing: the server keeps its stores open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContext:
    """What a mounted application may use of the server: its stores by name, and whose memory is meant by default."""

    server: Server

    def user(self) -> str:
        """Return the user that the home has set, else the login name."""
        return config.default_user()

    def open(self, store: str | None = None, *, agent: str, channel: str, max_trust: Origin = "agent") -> Eider:
        """Return a store of this home; it is opened with the first verb.

        Args:
            store: Its name; None is the one that is set.
            agent: Who is noted on what is learned.
            channel: Name of the way in, for the account of changes.
            max_trust: The most trust that what enters may get.

        Raises:
            InputError: The store is named by a path, or a name cannot be used.
        """
        checked_name(agent, "agent")
        if store is not None:
            if config.is_path(store):
                raise InputError(
                    f"store {store!r} is a path of the server's machine; name a store of its home instead."
                )
            config.store_path(store)
        way = Channel(name=channel, max_trust=max_trust, agent=agent)
        return Eider(InProcessBackend(server=self.server, store=store, channel=way))
