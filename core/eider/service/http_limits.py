"""uvicorn's HTTP protocol with timeouts for clients that send slowly or never read."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0
"""By then the head of a request must have arrived; uvicorn itself waits for ever."""
LINGER: Final = 1.0
"""Seconds in which the rest of a refused request is thrown away, so that its sender sees why; then the line is cut."""
CONNECTIONS: Final = 1024
"""Lines on the Unix socket; more than that are cut at once: each costs a descriptor."""
TCP_CONNECTIONS: Final = 256
"""Lines over TCP, which any account of the machine can open: beyond that the one cut is who has waited longest without
having sent a request."""
REQUESTS: Final = 512
"""Requests under way of each kind of line; more are told to come again."""


def server_of(app: Any) -> uvicorn.Server:
    """Return a uvicorn server with these limits for an ASGI application."""
    return uvicorn.Server(config_of(app))


def config_of(app: Any) -> uvicorn.Config:
    """Return the uvicorn configuration."""
    return uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, http=BoundedProtocol, ws="none", loop="asyncio",
        server_header=False, timeout_keep_alive=300, timeout_graceful_shutdown=15, limit_concurrency=REQUESTS,
        h11_max_incomplete_event_size=64 * 1024, proxy_headers=False,
    )  # fmt: skip


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol with a deadline for each request's head, and no wait for the body of a refused one."""

    head_deadline: asyncio.TimerHandle | None = None
    _bound: int | None = None
    local = True
    """Whether it came over the Unix socket, which this account alone can open."""

    @property
    def limit_concurrency(self) -> int | None:
        """Lines from which on uvicorn refuses a request: lines of the other kind do not count."""
        if self._bound is None:
            return None
        return self._bound + sum(getattr(one, "local", True) is not self.local for one in self.connections)

    @limit_concurrency.setter
    def limit_concurrency(self, bound: int | None) -> None:
        self._bound = bound

    def connection_made(self, transport: Any) -> None:
        """Start waiting for the first head."""
        line = transport.get_extra_info("socket")
        self.local = line is None or line.family == getattr(socket, "AF_UNIX", None)
        super().connection_made(transport)
        alike = [one for one in self.connections if getattr(one, "local", True) is self.local]
        if self.local and len(alike) > CONNECTIONS:
            transport.abort()
            return
        if not self.local and len(alike) > TCP_CONNECTIONS:
            waiting = [one for one in alike if isinstance(one, BoundedProtocol) and one.head_deadline is not None]
            longest = min(waiting, key=lambda one: one.head_deadline.when() if one.head_deadline else 0.0, default=self)
            self.connections.discard(longest)  # it is told of its end only later
            longest.transport.abort()
            if longest is self:
                return
        self.head_deadline = self.loop.call_later(HEAD_SECONDS, self._close_on_timeout)

    def data_received(self, data: bytes) -> None:
        """Stop waiting once a head is whole; start again with the next."""
        before: Any = self.cycle
        if self.head_deadline is None and (before is None or before.response_complete):
            self.head_deadline = self.loop.call_later(HEAD_SECONDS, self._close_on_timeout)
        super().data_received(data)
        if self.cycle is not before and self.head_deadline is not None:
            self.head_deadline.cancel()
            self.head_deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        if self.head_deadline is not None:
            self.head_deadline.cancel()
            self.head_deadline = None
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Close the connection soon if the request was answered before it was read whole."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            if self.head_deadline is not None:
                self.head_deadline.cancel()
            self.head_deadline = self.loop.call_later(LINGER, self._close_on_timeout)
            if self.transport.can_write_eof():
                self.transport.write_eof()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, dropping an answer that was not read."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _close_on_timeout(self) -> None:
        self.head_deadline = None
        self.transport.abort()
