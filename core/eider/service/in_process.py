"""The owner's own stores for what is served inside it: asked like any client's, without the way over a socket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eider.api.facade import Eider
from eider.model import config
from eider.model.errors import InputError
from eider.model.validation import name as checked_name
from eider.privacy.ingress import Door

if TYPE_CHECKING:
    from eider.model.values import Origin
    from eider.service.dispatcher import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a mounted application gets to know of the owner: its stores by name, and whose memory is meant by default."""

    desk: Desk

    def user(self) -> str:
        """The user that the home has set, else the login name."""
        return config.default_user()

    def open(self, store: str | None = None, *, agent: str, channel: str, ceiling: Origin = "agent") -> Eider:
        """A store of this home; it is opened with the first verb.

        Args:
            store: Its name; None is the one that is set.
            agent: Who is noted on what is learned.
            channel: Name of the way in, for the account of changes.
            ceiling: The most that what enters may claim.

        Raises:
            InputError: The store is named by a path, or a name cannot be used.
        """
        checked_name(agent, "agent")
        if store is not None:
            if config.is_path(store):
                raise InputError(f"store {store!r} is a path of the owner's machine; name a store of its home instead.")
            config.store_path(store)
        return Eider(Within(desk=self.desk, store=store, door=Door(channel=channel, ceiling=ceiling, agent=agent)))


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Within:
    """One store, seen through one door."""

    desk: Desk
    store: str | None
    door: Door
    shared = True

    def ask(self, name: str, request: Any) -> Any:
        """Answer one request of the table."""
        self.desk.drain()
        said = {"store": self.store, "tz": config.setting("tz")}
        body = {key: value for key, value in said.items() if value is not None}
        return self.desk.performed(name, request, body, self.door)

    def through(self, channel: str, ceiling: Origin) -> Within:
        """The same store from a channel that may claim less."""
        return replace(self, door=replace(self.door.lowered(ceiling), channel=channel))

    def patient(self, seconds: float) -> Within:
        """The same: nobody else is waited for."""
        del seconds
        return self

    def close(self) -> None:
        """Nothing to let go of: the owner goes on."""
