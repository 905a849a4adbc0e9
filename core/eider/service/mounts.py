"""What other packages serve within the server: ASGI applications below the first part of a path.

A mount is named by an entry point of the group `eider.mounts`, or here: name → `module:factory`. The factory is called
with `eider.service.in_process_backend.ServerContext` at the first request, and imports what it needs then. Each request is read and let
in like the server's own, and what the application answers is sent as one whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from eider.model.errors import EiderError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope

    from eider.service.in_process_backend import ServerContext

GROUP: Final = "eider.mounts"
OURS: Final[Mapping[str, str]] = {"mcp": "eider_mcp.http:mounted", "openclaw": "eider_openclaw.served:mounted"}
"""Mounts of this distribution."""
SECONDS: Final = 120.0
"""What a mounted application may take for one answer; the server does not end meanwhile."""

Factory = Callable[["ServerContext"], "ASGIApp"]


@dataclass(slots=True, kw_only=True)
class Mounts:
    """The mounted applications of one server, each made when it is first asked."""

    inside: ServerContext
    found: Mapping[str, Callable[[], Factory]] = field(default_factory=lambda: list_mounts())  # noqa: PLW0108 (it is defined below)
    _made: dict[str, ASGIApp] = field(default_factory=dict[str, "ASGIApp"])
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    def name(self, path: str) -> str | None:
        """The mount that a path belongs to; None where it is the server's own."""
        first = path.lstrip("/").partition("/")[0]
        return first if first in self.found else None

    async def answered(self, name: str, scope: Scope, body: bytes, receive: Receive) -> Response:
        """What a mounted application answers to a request that has been read.

        Args:
            name: The mount.
            scope: The request.
            body: All of its content.
            receive: Tells when nobody waits for the answer any more.

        Raises:
            MissingExtraError: What it needs is not installed.
            EiderError: It did not answer in time.
        """
        app = await self._app(name)
        parts: list[bytes] = []
        status, headers = 500, list[tuple[bytes, bytes]]()
        given = [{"type": "http.request", "body": body, "more_body": False}]

        async def hear() -> Message:
            return given.pop() if given else await receive()

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", ()))
            else:
                parts.append(message.get("body", b""))

        try:
            async with asyncio.timeout(SECONDS):
                await app({**scope, "root_path": f"/{name}"}, hear, send)
        except TimeoutError:
            raise EiderError(f"/{name} did not answer within {SECONDS:.0f} s; ask again, or for less.") from None
        return _response(status, headers, b"".join(parts))

    async def _app(self, name: str) -> ASGIApp:
        async with self._making:
            if name not in self._made:
                loop = asyncio.get_running_loop()
                factory = await loop.run_in_executor(None, self.found[name])
                self._made[name] = factory(self.inside)
            return self._made[name]


def list_mounts() -> Mapping[str, Callable[[], Factory]]:
    """Name → what imports its factory; our own first, another's never in their place."""
    theirs: dict[str, Callable[[], Any]] = {
        point.name: point.load for point in entry_points(group=GROUP) if point.name not in ("v1", "metrics", "openapi.json")
    }  # fmt: skip
    return {**theirs, **{name: _loading(place) for name, place in OURS.items()}}


def _loading(place: str) -> Callable[[], Factory]:
    module, _, attribute = place.partition(":")
    return lambda: getattr(import_module(module), attribute)


def _response(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Response:
    """An answer as one whole; its length is what it has."""
    made = Response(body, status)
    made.raw_headers = [h for h in headers if h[0].lower() != b"content-length"]
    if status not in (204, 304):
        made.raw_headers.append((b"content-length", str(len(body)).encode()))
    return made
