"""Listens on the hook port that `hooks.json` names; only hooks are reachable there."""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from eider.client import hook_port
from eider.client.client import dumps
from eider.client.hook_port import HOST, HookPort
from eider.service.http_app import HOOKED
from eider.service.http_limits import BoundedProtocol, config_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import uvicorn
    from starlette.types import Receive, Scope, Send

    from eider.service.http_app import App

_RETRY_SECONDS: Final = 5.0
"""Seconds after which a port that could not be had is tried again."""
_PROOF_ROUTE: Final = "/v1/hooks/hello"


class HookListener:
    """Listener on a home's hook port."""

    def __init__(self, home: str, app: App, told: Callable[[str, BaseException], None]) -> None:
        """Create the listener; `told` is called with errors of opening the port."""
        self.home, self._app, self._told = home, app, told
        self.known: HookPort | None = None
        self.fault = ""
        """Why the reserved port is not ours; empty when it is, or none is reserved."""
        self._server: asyncio.Server | None = None
        self._seen: tuple[int, int, int] | None = None
        self._tried = 0.0

    @property
    def port(self) -> int | None:
        """The port that is open now."""
        return self.known.port if self.known is not None and self._server is not None else None

    async def follow(self, server: uvicorn.Server) -> None:
        """Open, move or close the port as the file says now."""
        if not server.started:
            return
        seen = _file_stamp(os.path.join(self.home, hook_port.FILE))
        if seen == self._seen and not (self.fault and time.monotonic() - self._tried > _RETRY_SECONDS):
            return
        self._seen, wanted = seen, hook_port.read(self.home)
        if self.known is not None and (wanted is None or wanted.port != self.known.port):
            self.close(server)
        before = self.fault if wanted == self.known else ""
        self.known, self.fault = wanted, ""
        if wanted is not None and self._server is None:
            self._tried = time.monotonic()
            try:
                self._server = await self._server_with_socket(wanted.port, server)
                server.servers.append(self._server)
            except OSError as error:
                self.fault = f"port {wanted.port} cannot be had ({error.strerror})"
                if not before:
                    self._told("hooks/port", error)

    async def _server_with_socket(self, port: int, server: uvicorn.Server) -> asyncio.Server:
        """Return the server's copy that serves one more socket."""
        config = config_of(self)
        config.load()
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # else asyncio waits 40 ms
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((HOST, port))
            sock.setblocking(False)

            def protocol() -> BoundedProtocol:
                return BoundedProtocol(config=config, server_state=server.server_state, app_state={})

            return await asyncio.get_running_loop().create_server(protocol, sock=sock, backlog=64)
        except BaseException:
            sock.close()
            raise

    def close(self, server: uvicorn.Server) -> None:
        """Close the port; open connections still need the token."""
        if self._server is not None:
            self._server.close()
            server.servers.remove(self._server)
            self._server = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass requests with the token to the app; answer proof requests without one."""
        if scope["type"] != "http":
            return
        refused = self._refusal(Request(scope))
        if refused is not None:
            await refused(scope, receive, send)
            return
        scope[HOOKED] = True  # pyright: ignore[reportGeneralTypeIssues]
        await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        """Return the refusal of a request, if any: web pages, other host names, wrong tokens."""
        name = request.headers.get("host", "").rsplit("@", 1)[-1].rsplit(":", 1)[0].lower()
        if name not in (HOST, "localhost") or request.headers.get("origin"):
            return _refusal_answer(403, "only programs of this machine are answered here.")
        if self.known is None:
            return _refusal_answer(401, "no hooks are installed; run eider install.")
        path = request.url.path
        if path == _PROOF_ROUTE:
            return None
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(given.encode(), self.known.token.encode()):
            return _refusal_answer(401, "the hook token is missing or wrong; run eider install again.")
        if request.method != "POST" or not path.startswith("/v1/hooks/"):
            return _refusal_answer(403, "this token opens hooks only.")
        return None


def _refusal_answer(status: int, why: str) -> Response:
    said = dumps({"error": {"kind": "TokenError", "message": why, "fields": {}}})
    return Response(said, status, media_type="application/json")


def _file_stamp(path: str) -> tuple[int, int, int] | None:
    with suppress(OSError):
        found: Any = os.stat(path)
        return found.st_mtime_ns, found.st_ino, found.st_size
    return None
