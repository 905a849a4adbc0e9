"""The tools that the server offers to the plugin; their answers are framed as data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from eider.api import tools
from eider.model.errors import EiderError, InputError
from eider.privacy import recall_marks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from eider.api.facade import Eider
    from eider.service.in_process_backend import ServerContext

    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

AGENT: Final = "openclaw"
TOOL_NAMES: Final = frozenset(("recall", "remember", "forget", "why"))
"""Tools that may be called; what enters through them was said by an agent."""
_QUOTED: Final = 400
"""Characters of one quotation that a model is shown."""
_OK, _BAD, _MISSING = 200, 400, 404


def mounted(inside: ServerContext) -> Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]:
    """The application below `/openclaw`: `POST /openclaw/tools` answers one call of a tool."""

    async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope.get("method") != "POST" or str(scope["path"]).rstrip("/") != "/openclaw/tools":
            await _send_json(
                send, _MISSING, _error_answer(InputError("there is nothing here; POST to /openclaw/tools."))
            )
            return
        try:
            given = _parse_object((await receive()).get("body", b""))
            found = await asyncio.to_thread(call_tool, inside, given)
        except EiderError as error:
            await _send_json(send, _BAD, _error_answer(error))
            return
        await _send_json(send, _OK, found)

    return app


def call_tool(inside: ServerContext, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a tool answers.

    Raises:
        InputError: It is none that is offered, or the request does not say whose memory is meant.
    """
    tool, user, arguments = given.get("tool"), given.get("user"), given.get("arguments") or {}
    if tool not in TOOL_NAMES:
        raise InputError(f"there is no tool {str(tool)[:40]!r}; use one of {', '.join(sorted(TOOL_NAMES))}.")
    if not isinstance(user, str) or not isinstance(arguments, Mapping):
        raise InputError("user or arguments are missing; send user, tool and arguments.")
    agent, store, key = (given.get(name) for name in ("agent", "store", "key"))
    memory = inside.open(None if store is None else str(store), agent=str(agent or AGENT), channel=AGENT)
    if tool == "why":
        return why_answer(memory, str(arguments.get("id") or ""), user)
    return tools.bind(memory, user=user, channel=AGENT).call(tool, arguments, key=None if key is None else str(key))


def why_answer(memory: Eider, id: str, user: str) -> Mapping[str, Any]:  # noqa: A002 (the word users know)
    """Return the sources of a memory, framed as data."""
    try:
        found = memory.why(id, user=user)
    except EiderError as error:
        return tools.error_answer(error)
    said = [
        f"{one.at:%Y-%m-%d} {one.speaker}: {' '.join((quote or one.text).split())[:_QUOTED]}"
        for one, quote in found.evidence
    ]
    return {"id": id, "status": found.status, "trust": found.memory.trust, "replaces": list(found.replaces),
            "replaced_by": found.replaced_by, "text": recall_marks.mark([found.memory.text, found.summary, *said], [id])}  # fmt: skip


def _parse_object(given: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("the request is no JSON object; send user, tool and arguments.")
    return found


def _error_answer(error: EiderError) -> Mapping[str, Any]:
    return {"error": {"kind": type(error).__name__, "message": str(error)}}


async def _send_json(send: Send, status: int, answer: Mapping[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer, default=str).encode()})
