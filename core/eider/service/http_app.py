"""The server's HTTP API: one route per verb of the table, and a few about the server itself.

Over the Unix socket whoever can reach the 0700 directory is its server. Over TCP every request carries the token, names
a host this server knows, and comes from no foreign web page.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from eider.api import upload as transfer
from eider.api.wire import encode_error
from eider.client.client import PROTOCOL, VERSION, dumps, loads
from eider.model.errors import (
    EiderError,
    InputError,
    ProtocolError,
    ServerBusyError,
    SlowRequestError,
    StoreFullError,
    TokenError,
    TooLargeError,
)
from eider.service.http_request import AccessRecord, HttpRequest

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from eider.service.access_tokens import AccessToken, AccessTokens
from eider.service.access_tokens import bound_body
from eider.service.mounts import Mounts

MAX_BODY: Final = 32 * 1024 * 1024
"""Bytes of one request; a bulk write of more goes in parts."""
BODY_SECONDS: Final = 20.0
"""A request that has not arrived by then is dropped."""
MAX_HELD: Final = 4 * MAX_BODY
"""Bytes of all requests that are being read or answered; beyond that callers are asked to come again."""
LARGE: Final = 256 * 1024
"""Bytes of JSON that are read in a worker, so that others are answered meanwhile."""
WORKERS: Final = 8
WAITING: Final = 64
"""Requests that may wait for a worker; beyond that callers are asked to come again."""

HOOKS: Final = 4

UPLOADS: Final = 2
"""Files that may arrive at once; each takes its size on the disk."""

HOOKED: Final = "eider.hook"
"""In the scope of what came over the hook port: its token was looked at there, and opens hooks only."""
ANY_HOST: Final = "hooks/{host}"
_ALWAYS: Final = frozenset(("server/status", "server/stop"))
_LONGEST: Final = 9
"""Digits of a deadline in milliseconds."""

Answer = Callable[[HttpRequest], object]


@dataclass(slots=True, kw_only=True)
class App:
    """An ASGI application over a table of answers."""

    answers: Mapping[str, Answer]
    texts: Mapping[str, Callable[[], tuple[str, str]]] = field(default_factory=dict[str, Callable[[], tuple[str, str]]])
    """GET path → (media type, text): metrics, OpenAPI."""
    token: str = ""
    tokens: AccessTokens | None = None
    """Tokens that speak for one user each; the one of the home speaks for all."""
    hosts: frozenset[str] = frozenset()
    observe: Callable[[AccessRecord], None] = lambda _: None
    """Told of every answer; may not block or raise."""
    check: Callable[[HttpRequest], None] = lambda _: None
    """Looks at every request that came over TCP; raises where it may not be answered."""
    home: str = ""
    """Where files that arrive are held."""
    patience: Callable[[HttpRequest], float | None] = lambda _: None
    """Seconds after which a request is answered with nothing while its work goes on; None for all but hooks."""
    mounts: Mounts | None = None
    """What other packages serve here."""
    last: float = field(default_factory=time.monotonic)
    """When somebody last asked for something."""
    waiting: int = 0
    uploading: int = 0
    held: int = 0
    """Bytes of requests that are being read or answered."""
    hurried: int = 0
    """Hooks under way, those that nobody waits for any more included."""
    _urgent: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "eider-urgent"))
    """For what must be answered however busy the others are: how the server stands, and that it shall end."""
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, "eider-verb"))
    _hooks: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(HOOKS, "eider-hook"))
    """Of their own: a hook waits for no model that a verb asks."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, with a status and an error that says what to do."""
        if scope["type"] != "http":
            return
        began = time.monotonic()
        request = Request(scope, receive)
        name = scope["path"].removeprefix("/v1/").strip("/")
        body: dict[str, Any] = {}
        fault: Exception | None = None
        try:
            response = await self._answered(request, name, scope, body)
        except ClientDisconnect:
            return
        except EiderError as error:
            fault, response = error, _json(dumps({"error": encode_error(error)}), status_of(error))
        except RecursionError:
            fault = InputError("the request is nested too deeply; send it flatter.")
            response = _json(dumps({"error": encode_error(fault)}), 400)
        except Exception as error:  # noqa: BLE001 (a fault is told as one, and the server lives on)
            told = f"a fault of Eider itself ({type(error).__name__}: {error}); see eider log and report it."
            fault, response = error, _json(dumps({"error": {"kind": "EiderError", "message": told, "fields": {}}}), 500)
        response.headers["eider-version"], response.headers["eider-protocol"] = VERSION, str(PROTOCOL)
        route = name if scope["path"] in self.texts else self._route(name)
        self.observe(AccessRecord(route=route, status=response.status_code, error=fault, body=body,
                          seconds=time.monotonic() - began, client=request.headers.get("eider-client", "")))  # fmt: skip
        await response(scope, receive, send)

    def _route(self, name: str) -> str:
        """What a path is called in the table of answers; hosts of hooks are one."""
        if name in self.answers:
            return name
        return ANY_HOST if name.startswith("hooks/") else "other"

    async def _answered(self, request: Request, name: str, scope: Scope, body: dict[str, Any]) -> Response:
        """The answer to a request; what was asked is put into `body` as soon as it is known."""
        local = is_local(scope)
        bound = None if local or scope.get(HOOKED) else self._check_caller(request)
        if bound is not None and (scope["path"] in self.texts or name not in self.answers):
            raise TokenError(
                f"this token speaks for {bound.user!r}; {scope['path']!r} is for who has the token of the home."
            )
        if self.mounts is not None and not scope.get(HOOKED) and (mount := self.mounts.name(scope["path"])):
            return await self._mounted(self.mounts, mount, request)
        if name not in _ALWAYS:
            _understands(request.headers.get("eider-client", ""))
        if request.method == "GET" and scope["path"] in self.texts:
            media, text = await asyncio.get_running_loop().run_in_executor(self._pool, self.texts[scope["path"]])
            return Response(text, media_type=media)
        answer = self.answers.get(self._route(name))
        if answer is None:
            raise InputError(f"there is no {scope['path']!r} here; GET /openapi.json lists what there is.")
        if not name.startswith("server/"):
            self.last = time.monotonic()
        if transfer.REQUEST in request.headers:
            return await self._uploaded(request, answer, name, body, bound)
        with self._room(request):
            body |= await self._read(await self._body(request))
            if bound is not None:
                body |= bound_body(bound, name, body)
            asked = HttpRequest(name=name, body=body, local=local, until=_until(request), headers=request.headers)
            if (patience := self.patience(asked)) is not None:
                return _json(await self._in_time(answer, asked, patience))
            return _response(await self._watched(request, answer, asked))

    async def _watched(self, request: Request, answer: Answer, asked: HttpRequest) -> str | transfer.Sent:
        """The answer; the request is marked as soon as its caller is gone, so that long work can end."""

        async def watch() -> None:
            if (await request.receive())["type"] == "http.disconnect":  # after its body nothing else can come
                asked.gone.set()

        watching = asyncio.ensure_future(watch())
        try:
            return await self._run(answer, asked)
        finally:
            watching.cancel()

    async def _mounted(self, mounts: Mounts, name: str, request: Request) -> Response:
        """What a mounted application answers; it is bounded like everything else."""
        self.last = time.monotonic()
        if self.waiting >= WORKERS + WAITING:
            raise ServerBusyError(self.waiting)
        self.waiting += 1
        try:
            with self._room(request):
                return await mounts.answered(name, request.scope, await self._body(request), request.receive)
        finally:
            self.waiting -= 1

    @contextmanager
    def _room(self, request: Request) -> Generator[None]:
        """Count a request's bytes while it is here; its length is what it says, or the most it may have."""
        length = request.headers.get("content-length")
        size = MAX_BODY if length is None and "transfer-encoding" in request.headers else int(length or 0)
        if size > MAX_BODY:
            raise TooLargeError("the request", size, MAX_BODY, "bytes")
        if self.held + size > MAX_HELD:
            raise ServerBusyError(self.waiting)
        self.held += size
        try:
            yield
        finally:
            self.held -= size

    async def _read(self, data: bytes) -> dict[str, Any]:
        if len(data) < LARGE:
            return _object(data)
        return await asyncio.get_running_loop().run_in_executor(self._pool, _object, data)

    async def _uploaded(
        self, request: Request, answer: Answer, name: str, body: dict[str, Any], bound: AccessToken | None
    ) -> Response:
        """The same where the body is a file and a header carries the request."""
        body |= _object(request.headers[transfer.REQUEST].encode())
        if bound is not None:
            body |= bound_body(bound, name, body)
        if self.uploading >= UPLOADS:
            raise ServerBusyError(self.uploading)
        self.uploading += 1
        try:
            with transfer.private(self.home) as place:
                file = await self._file(request, place / "import.data")
                asked = HttpRequest(
                    name=name, body=body, local=False, until=_until(request), headers=request.headers, upload=file
                )
                return _response(await self._watched(request, answer, asked))
        finally:
            self.uploading -= 1

    async def _file(self, request: Request, path: Path) -> Path:
        """Keep what arrives; nobody may send slowly, or more than is allowed."""
        size = int(request.headers.get("content-length") or 0)
        parts = request.stream()
        loop = asyncio.get_running_loop()
        with path.open("xb") as file:
            try:
                while size <= transfer.MAX_UPLOAD:
                    async with asyncio.timeout(BODY_SECONDS):
                        part = await anext(parts)
                    await loop.run_in_executor(self._pool, file.write, part)
                    size = max(size, file.tell())
            except StopAsyncIteration:
                return path
            except TimeoutError:
                raise SlowRequestError(BODY_SECONDS) from None
            except OSError as error:
                raise StoreFullError(path.parent, error.strerror or "write failed") from error
        raise TooLargeError("the file", size, transfer.MAX_UPLOAD, "bytes")

    async def _body(self, request: Request) -> bytes:
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
            raise SlowRequestError(BODY_SECONDS) from None
        return b"".join(parts)

    async def _run(self, answer: Answer, asked: HttpRequest) -> str | transfer.Sent:
        """In a worker's turn; refused while too many wait, dropped when nobody waits for it any more."""
        if asked.name in _ALWAYS:
            return await asyncio.get_running_loop().run_in_executor(self._urgent, lambda: dumps(answer(asked)))
        if self.waiting >= WORKERS + WAITING:
            raise ServerBusyError(self.waiting)

        def work() -> str | transfer.Sent:
            if time.monotonic() > asked.until:
                raise ServerBusyError(self.waiting)
            if not asked.local:
                self.check(asked)
            found = answer(asked)
            return found if isinstance(found, transfer.Sent) else dumps(found)

        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.waiting -= 1

    async def _in_time(self, answer: Answer, asked: HttpRequest, patience: float) -> str:
        """A hook's answer, or nothing when it comes too late; what it set off goes on."""
        if self.hurried >= HOOKS + WAITING:
            return "{}"

        self.hurried += 1
        under_way = asyncio.get_running_loop().run_in_executor(self._hooks, lambda: dumps(answer(asked)))
        under_way.add_done_callback(self._hook_ended)
        done, _ = await asyncio.wait({under_way}, timeout=patience)
        return under_way.result() if done else "{}"

    def _hook_ended(self, done: asyncio.Future[str]) -> None:
        self.hurried -= 1
        if not done.cancelled():
            done.exception()  # nobody may wait for it any more

    def _check_caller(self, request: Request) -> AccessToken | None:
        """Raise unless a TCP request may come in; returns the token where it speaks for one user alone.

        DNS rebinding and web pages are kept out before the token is looked at.
        """
        host = request.headers.get("host", "").lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in self.hosts:
            raise TokenError(f"host {host!r} is not this server's; it answers to {', '.join(sorted(self.hosts))}.")
        if "origin" in request.headers:
            raise TokenError("requests from web pages (Origin) are not answered; use the library or a local program.")
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if self.token and hmac.compare_digest(given.encode(), self.token.encode()):
            return None
        if self.tokens is not None and (bound := self.tokens.find(given)) is not None:
            return bound
        raise TokenError("the token is missing or wrong; send Authorization: Bearer with what run/token holds.")

    def close(self) -> None:
        """Let the workers end."""
        for pool in (self._pool, self._urgent, self._hooks):
            pool.shutdown(wait=True, cancel_futures=True)


def _object(given: bytes) -> dict[str, Any]:
    """The JSON object of a request; none is an empty one."""
    if not given:
        return {}
    try:
        found = loads(given.decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not JSON ({type(error).__name__}); send an object in UTF-8.") from None
    if not isinstance(found, dict):
        raise InputError("the request is no JSON object; send one, as in GET /openapi.json.")
    return found


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="application/json")


def _response(found: str | transfer.Sent) -> Response:
    if isinstance(found, str):
        return _json(found)
    headers = {"content-length": str(found.size), transfer.ROWS: str(found.rows)}
    return StreamingResponse(_parts(found), headers=headers, media_type=found.media)


async def _parts(found: transfer.Sent) -> AsyncGenerator[bytes]:
    loop = asyncio.get_running_loop()
    try:
        while part := await loop.run_in_executor(None, found.file.read, transfer.CHUNK):
            yield part
    finally:
        transfer.close(found)


def is_local(scope: Scope) -> bool:
    """Whether a connection came over the Unix socket, which has a path and no port; in doubt it did not."""
    server = scope.get("server")
    return bool(server) and server[1] is None and not scope.get("client")


def status_of(error: EiderError) -> int:
    """The HTTP status of an error."""
    from eider.model import errors

    table: tuple[tuple[type[EiderError], int], ...] = (
        (errors.ServerBusyError, 503), (errors.TokenError, 401), (errors.TooLargeError, 413), (errors.UnknownIdError, 404),
        (errors.PausedError, 423), (errors.SlowRequestError, 408), (errors.InputError, 400), (errors.ConfigError, 400), (errors.StoreMissingError, 404),
        (errors.ErasedError, 410), (errors.RefusedError, 409), (errors.SqlError, 400), (errors.StoreLockedError, 423),
        (errors.StoreFullError, 507), (errors.StoreUnreachableError, 502), (errors.ProtocolError, 426), (errors.ReadOnlyStoreError, 403),
    )  # fmt: skip
    return next((status for kind, status in table if isinstance(error, kind)), 500)


def _until(request: Request) -> float:
    given = request.headers.get("eider-deadline", "")
    plain = given.isascii() and given.isdigit() and len(given) <= _LONGEST
    return time.monotonic() + (int(given) / 1000 if plain else 300.0)


def _understands(said: str) -> None:
    """Raise unless the caller's protocol is ours or the one before; who names none speaks plain HTTP.

    >>> _understands("0.1.0/1"), _understands("curl")
    (None, None)
    """
    version, _, number = said.rpartition("/")
    if not version or not (number.isascii() and number.isdigit()) or len(number) > _LONGEST:
        return
    if int(number) not in (PROTOCOL, PROTOCOL - 1):
        raise ProtocolError(version, int(number), VERSION, PROTOCOL)
