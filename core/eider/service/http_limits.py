"""uvicorn's HTTP protocol with timeouts for clients that send slowly or never read."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0
"""By then the head of a request must have arrived; uvicorn itself waits for ever."""
LINGER: Final = 1.0
"""Seconds in which the rest of a refused request is thrown away, so that its sender sees why; then the line is cut."""
CONNECTIONS: Final = 1024
"""More than that are cut at once: each costs a descriptor."""


def server_of(app: Any) -> uvicorn.Server:
    """Return a uvicorn server with these limits for an ASGI application."""
    return uvicorn.Server(config_of(app))


def config_of(app: Any) -> uvicorn.Config:
    """Return the uvicorn configuration."""
    return uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, http=BoundedProtocol, ws="none", loop="asyncio",
        server_header=False, timeout_keep_alive=300, timeout_graceful_shutdown=15, limit_concurrency=512,
        h11_max_incomplete_event_size=64 * 1024, proxy_headers=False,
    )  # fmt: skip


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol with a deadline for each request's head, and no wait for the body of a refused one."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start waiting for the first head."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
            return
        self._patience = self.loop.call_later(HEAD_SECONDS, self._close_on_timeout)

    def data_received(self, data: bytes) -> None:
        """Stop waiting once a head is whole; start again with the next."""
        before: Any = self.cycle
        if self._patience is None and (before is None or before.response_complete):
            self._patience = self.loop.call_later(HEAD_SECONDS, self._close_on_timeout)
        super().data_received(data)
        if self.cycle is not before and self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Close the connection soon if the request was answered before it was read whole."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            if self._patience is not None:
                self._patience.cancel()
            self._patience = self.loop.call_later(LINGER, self._close_on_timeout)
            if self.transport.can_write_eof():
                self.transport.write_eof()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, dropping an answer that was not read."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _close_on_timeout(self) -> None:
        self._patience = None
        self.transport.abort()
