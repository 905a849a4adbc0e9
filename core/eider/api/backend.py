"""Where the requests of a façade go. There are three: embedded, in the server, and remote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

    from eider.model.requests import Request
    from eider.model.values import Origin

A = TypeVar("A")


class Backend(Protocol):
    """Answers requests: `EmbeddedBackend`, `InProcessBackend` or `RemoteBackend`."""

    @property
    def shared(self) -> bool:
        """Whether a server holds the store, for this process and others."""
        ...

    @property
    def root(self) -> Hashable:
        """What all views of one open store have in common."""
        ...

    def execute(self, request: Request[A]) -> A:
        """Answer a request.

        Raises:
            EiderError: It cannot be answered; which errors a verb has its method of `Eider` says.
        """
        ...

    def with_channel(self, name: str, max_trust: Origin) -> Backend:
        """Return a view whose writes get at most `max_trust`, and never more than this one's."""
        ...

    def with_timeout(self, seconds: float) -> Backend:
        """Return a view that waits at most so long for a server; an engine in this process is not waited for."""
        ...

    def close(self) -> None:
        """Release the store or the connection; closing twice is harmless."""
        ...
