"""Streamable HTTP, served by the server below /mcp.

Whose memory, which store, which scopes: the address says it, which a person wrote into a client's settings. Requests are
answered one by one, without sessions: a server may end and another begin between any two.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from eider.model.errors import EiderError, InputError
from eider_mcp import require
from eider_mcp.access import CHANNEL, MemoryAccess

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.datastructures import QueryParams
    from starlette.types import ASGIApp, Receive, Scope, Send

    import eider

_MAX_SERVERS: Final = 32
"""Servers of different terms that are kept; the one that was asked longest ago goes."""
_NAMES: Final = ("store", "user", "agent", "scope", "context", "loop", "read_only")
_FLAGS: Final = {"": True, "1": True, "true": True, "0": False, "false": False}


class ServerView(Protocol):
    """What the server lets its mounts know."""

    def user(self) -> str:
        """Whose memory is meant where nobody says."""
        ...

    def open(self, store: str | None = None, *, agent: str, channel: str) -> eider.Eider:
        """A store of the server's home."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlOptions:
    """What an address says."""

    user: str
    store: str | None = None
    agent: str = CHANNEL
    scopes: tuple[str, ...] = ()
    context: str | None = None
    loop: str | None = None
    read_only: bool = False


def parse_options(query: QueryParams, user: str) -> UrlOptions:
    """The terms in an address.

    Raises:
        InputError: It says something that is not known, or says it twice.
    """
    said: dict[str, str] = {}
    scopes: list[str] = []
    for name, value in query.multi_items():
        if name not in _NAMES:
            raise InputError(f"the address says {name[:40]!r}; it may say {', '.join(_NAMES)}.")
        if name in said:
            raise InputError(f"the address says {name!r} twice; say it once.")
        if name == "scope":
            scopes.append(value)
        else:
            said[name] = value
    if (flag := said.get("read_only", "0").lower()) not in _FLAGS:
        raise InputError(f"read_only={flag[:40]!r} is neither 1 nor 0; write one of them.")
    return UrlOptions(
        user=said.get("user") or user, store=said.get("store") or None, agent=said.get("agent") or CHANNEL,
        scopes=tuple(scopes), context=said.get("context") or None, loop=said.get("loop") or None, read_only=_FLAGS[flag],
    )  # fmt: skip


def mounted(inside: ServerView) -> ASGIApp:
    """The application that a server serves.

    Raises:
        MissingExtraError: The package `mcp` is not installed.
    """
    require()
    return Mounted(inside).answer


class Mounted:
    """One MCP server per terms, made when it is first asked."""

    def __init__(self, inside: ServerView) -> None:
        """Serve a server's stores."""
        self._inside = inside
        self._kept: OrderedDict[UrlOptions, _RunningManager] = OrderedDict()
        self._making = asyncio.Lock()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of the protocol."""
        from starlette.datastructures import QueryParams
        from starlette.responses import JSONResponse, Response

        if scope["method"] != "POST":  # streams to the client and sessions to end there are none
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        try:
            terms = parse_options(QueryParams(scope["query_string"]), self._inside.user())
            served = await self._manager_for(terms)
        except EiderError as error:
            fault = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": str(error)}}
            await JSONResponse(fault, 400)(scope, receive, send)
            return
        await served.manager.handle_request(scope, receive, send)

    async def _manager_for(self, terms: UrlOptions) -> _RunningManager:
        async with self._making:
            if terms not in self._kept:
                memory = self._inside.open(terms.store, agent=terms.agent, channel=CHANNEL)
                self._kept[terms] = await _RunningManager.of(MemoryAccess(
                    opens=lambda: memory, user=terms.user, scopes=terms.scopes, context=terms.context, loop=terms.loop,
                    read_only=terms.read_only, turns=False,
                ))  # fmt: skip
                if len(self._kept) > _MAX_SERVERS:
                    self._kept.popitem(last=False)[1].task.cancel()
            self._kept.move_to_end(terms)
            return self._kept[terms]


@dataclass(slots=True)
class _RunningManager:
    """A running manager, and the task that runs it."""

    manager: StreamableHTTPSessionManager
    task: asyncio.Task[None]

    @classmethod
    async def of(cls, access: MemoryAccess) -> _RunningManager:
        server = await asyncio.to_thread(_server_of, access)  # the first import of the SDK takes most of a second
        server.streamable_http_app(json_response=True, stateless_http=True)
        manager, ready = server.session_manager, asyncio.Event()

        async def run() -> None:
            async with manager.run():
                ready.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(run(), name="eider-mcp")
        await ready.wait()
        return cls(manager, task)


def _server_of(access: MemoryAccess) -> Any:
    """A server within the server, whose own log tells of calls: what the SDK logs may hold what strangers said."""
    from eider_mcp.serving import server_of

    kept = logging.NullHandler()
    root, theirs = logging.getLogger(), logging.getLogger("mcp")
    theirs.propagate = False
    theirs.addHandler(kept)
    root.addHandler(kept)  # else the SDK gives the whole process a handler
    try:
        return server_of(access, listens=False)
    finally:
        root.removeHandler(kept)
