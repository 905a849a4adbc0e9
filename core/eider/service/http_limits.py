"""uvicorn's HTTP protocol with an end to patience: who sends slowly, never reads or never goes is cut off."""

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
    """A server of the server's kind for an ASGI application."""
    return uvicorn.Server(config_of(app))


def config_of(app: Any) -> uvicorn.Config:
    """How such a server answers."""
    return uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, http=BoundedProtocol, ws="none", loop="asyncio",
        server_header=False, timeout_keep_alive=300, timeout_graceful_shutdown=15, limit_concurrency=512,
        h11_max_incomplete_event_size=64 * 1024, proxy_headers=False,
    )  # fmt: skip


class BoundedProtocol(H11Protocol):
    """As uvicorn's, with a deadline for the head of every request, and no waiting for the rest of a refused one."""

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
        """Nothing to wait for."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Where the request was answered before it was whole, say goodbye and let go soon."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            if self._patience is not None:
                self._patience.cancel()
            self._patience = self.loop.call_later(LINGER, self._close_on_timeout)
            if self.transport.can_write_eof():
                self.transport.write_eof()

    def timeout_keep_alive_handler(self) -> None:
        """An answer that nobody fetched is dropped with the line."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _close_on_timeout(self) -> None:
        self._patience = None
        self.transport.abort()
