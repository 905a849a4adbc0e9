"""The owner's HTTP API: one route per verb of the table, and a few about the owner itself.

Over the Unix socket whoever can reach the 0700 directory is its owner. Over TCP every request carries the token, names
a host this owner knows, and comes from no foreign web page.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from eider.errors import EiderError, InputError, OwnerBusyError, TokenError, TooLargeError
from eider.service.client import PROTOCOL, VERSION, dumps, loads
from eider.service.wire import encode_error

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

MAX_BODY: Final = 32 * 1024 * 1024
"""Bytes of one request; a bulk write of more goes in parts."""
BODY_SECONDS: Final = 20.0
"""A request that has not arrived by then is dropped."""
WORKERS: Final = 8
WAITING: Final = 64
"""Requests that may wait for a worker; beyond that callers are asked to come again."""

Answer = Callable[["Asked"], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, read and let in."""

    name: str
    """The path below /v1/."""
    body: Mapping[str, Any]
    local: bool
    """Whether it came over the Unix socket: paths of this machine mean the same to both."""
    until: float
    """Monotonic instant after which nobody waits any more."""


@dataclass(slots=True, kw_only=True)
class App:
    """An ASGI application over a table of answers."""

    answers: Mapping[str, Answer]
    texts: Mapping[str, Callable[[], tuple[str, str]]] = field(default_factory=dict[str, Callable[[], tuple[str, str]]])
    """GET path → (media type, text): metrics, OpenAPI."""
    token: str = ""
    hosts: frozenset[str] = frozenset()
    observe: Callable[[str, int, float], None] = lambda _name, _status, _seconds: None
    """Told of every answer: route, status, seconds."""
    last: float = field(default_factory=time.monotonic)
    """When somebody last asked for something."""
    waiting: int = 0
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, "eider-verb"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, with a status and an error that says what to do."""
        if scope["type"] != "http":
            return
        began = time.monotonic()
        request = Request(scope, receive)
        name = scope["path"].removeprefix("/v1/").strip("/")
        try:
            status, media, text = await self._answered(request, name, scope)
        except ClientDisconnect:
            return
        except EiderError as error:
            status, media, text = status_of(error), "application/json", dumps({"error": encode_error(error)})
        except Exception as error:  # noqa: BLE001 (a fault is told as one, and the owner lives on)
            status, media = 500, "application/json"
            text = dumps({"error": {"kind": "EiderError", "message": f"a fault of Eider itself ({type(error).__name__}: {error}); "
                                    "see eider log and report it.", "fields": {}}})  # fmt: skip
        headers = {"eider-version": VERSION, "eider-protocol": str(PROTOCOL)}
        if status in (413, 408, 401, 403):  # what was sent is not read to its end
            headers["connection"] = "close"
        response = Response(text, status, headers, media)
        self.observe(name if name in self.answers else "other", status, time.monotonic() - began)
        await response(scope, receive, send)

    async def _answered(self, request: Request, name: str, scope: Scope) -> tuple[int, str, str]:
        local = is_local(scope)
        if not local:
            self._let_in(request)
        if request.method == "GET" and scope["path"] in self.texts:
            media, text = await asyncio.get_running_loop().run_in_executor(self._pool, self.texts[scope["path"]])
            return 200, media, text
        answer = self.answers.get(name)
        if answer is None:
            raise InputError(f"there is no {scope['path']!r} here; GET /openapi.json lists what there is.")
        body = await self._body(request)
        if not name.startswith("owner/"):
            self.last = time.monotonic()
        asked = Asked(name=name, body=body, local=local, until=_until(request))
        found = await self._run(answer, asked)
        return 200, "application/json", found

    async def _body(self, request: Request) -> Mapping[str, Any]:
        if int(request.headers.get("content-length") or 0) > MAX_BODY:
            raise TooLargeError("the request", int(request.headers["content-length"]), MAX_BODY, "bytes")
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    if size > MAX_BODY:
                        raise TooLargeError("the request", size, MAX_BODY, "bytes")
                    parts.append(part)
        except TimeoutError:
            raise InputError(f"the request did not arrive within {BODY_SECONDS:.0f} s; send it at once.") from None
        if not size:
            return {}
        try:
            found = loads(b"".join(parts).decode())
        except (ValueError, StopIteration, RecursionError) as error:
            raise InputError(f"the request is not JSON ({type(error).__name__}); send an object in UTF-8.") from None
        if not isinstance(found, dict):
            raise InputError("the request is no JSON object; send one, as in GET /openapi.json.")
        return found

    async def _run(self, answer: Answer, asked: Asked) -> str:
        """In a worker's turn; refused while too many wait, dropped when nobody waits for it any more."""
        if self.waiting >= WORKERS + WAITING:
            raise OwnerBusyError(self.waiting)

        def work() -> str:
            if time.monotonic() > asked.until:
                raise OwnerBusyError(self.waiting)
            return dumps(answer(asked))

        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.waiting -= 1

    def _let_in(self, request: Request) -> None:
        """Raise unless a TCP request may come in: DNS rebinding and web pages are kept out before the token is looked at."""
        host = request.headers.get("host", "").rsplit("@", 1)[-1].lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in self.hosts:
            raise TokenError(f"host {host!r} is not this owner's; it answers to {', '.join(sorted(self.hosts))}.")
        if request.headers.get("origin"):
            raise TokenError("requests from web pages (Origin) are not answered; use the library or a local program.")
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not self.token or not hmac.compare_digest(given.encode(), self.token.encode()):
            raise TokenError("the token is missing or wrong; send Authorization: Bearer with what run/token holds.")

    def close(self) -> None:
        """Let the workers end."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def is_local(scope: Scope) -> bool:
    """Whether a connection came over the Unix socket, which has a path and no port; in doubt it did not."""
    server = scope.get("server")
    return bool(server) and server[1] is None and not scope.get("client")


def status_of(error: EiderError) -> int:
    """The HTTP status of an error."""
    from eider import errors

    table: tuple[tuple[type[EiderError], int], ...] = (
        (errors.OwnerBusyError, 503), (errors.TokenError, 401), (errors.TooLargeError, 413), (errors.UnknownIdError, 404),
        (errors.PausedError, 423), (errors.InputError, 400), (errors.ConfigError, 400), (errors.StoreMissingError, 404),
        (errors.ErasedError, 410), (errors.RefusedError, 409), (errors.SqlError, 400), (errors.StoreLockedError, 423),
        (errors.StoreFullError, 507), (errors.ReadOnlyStoreError, 403),
    )  # fmt: skip
    return next((status for kind, status in table if isinstance(error, kind)), 500)


def _until(request: Request) -> float:
    given = request.headers.get("eider-deadline", "")
    return time.monotonic() + (int(given) / 1000 if given.isdigit() else 300.0)


Middleware = Callable[["Scope", "Receive", "Send"], Awaitable[None]]
