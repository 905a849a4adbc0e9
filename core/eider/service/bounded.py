"""uvicorn's HTTP protocol with an end to patience: a client that sends its head slowly is cut off."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0
"""By then the head of a request must have arrived; uvicorn itself waits for ever."""


class BoundedProtocol(H11Protocol):
    """As uvicorn's, with a deadline for the head of every request."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start waiting for the first head."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_SECONDS, self._cut)

    def data_received(self, data: bytes) -> None:
        """Stop waiting once a head is whole; start again with the next."""
        before: Any = self.cycle
        if self._patience is None and (before is None or before.response_complete):
            self._patience = self.loop.call_later(HEAD_SECONDS, self._cut)
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

    def _cut(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.transport.close()
