"""Wraps the clients of OpenAI and Anthropic, which are generated alike: every request is one `post` in the end."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from eider.api.conversation import Conversation

_ATTRIBUTE: Final = "_eider_listener"


class RequestListener(Protocol):
    """What listens to a client's requests."""

    conversation: Conversation

    def listens_to(self, path: str) -> bool:
        """Return whether requests to a path get memory."""
        ...

    def before(self, path: str, body: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
        """Return what `after` needs, and the body with memory added."""
        ...

    def after(self, report: Any, answer: Any, *, stream: bool) -> Any:
        """Report an answer and return it; a stream is reported while it is read."""
        ...


def wrap_client(client: Any, listener: RequestListener) -> Any:
    """Return a copy of a client whose requests get memory and are reported; so do its own copies."""
    kind: Any = type(client)
    made = kind.copy(client)
    post = made.post

    def asking(path: str, *, body: Any = None, stream: bool = False, **more: Any) -> Any:
        if not (isinstance(body, Mapping) and listener.listens_to(path.partition("?")[0])):
            return post(path, body=body, stream=stream, **more)
        report, fuller = listener.before(path.partition("?")[0], body)
        return listener.after(report, post(path, body=fuller, stream=stream, **more), stream=stream)

    async def aasking(path: str, *, body: Any = None, stream: bool = False, **more: Any) -> Any:
        if not (isinstance(body, Mapping) and listener.listens_to(path.partition("?")[0])):
            return await post(path, body=body, stream=stream, **more)
        report, fuller = await asyncio.to_thread(listener.before, path.partition("?")[0], body)
        return listener.after(report, await post(path, body=fuller, stream=stream, **more), stream=stream)

    def copied(**changes: Any) -> Any:
        return wrap_client(kind.copy(made, **changes), listener)

    made.post = aasking if inspect.iscoroutinefunction(kind.post) else asking
    made.copy = made.with_options = copied
    setattr(made, _ATTRIBUTE, listener)
    return made


def conversation_of_client(client: object) -> Conversation | None:
    """Return the conversation of a wrapped client; None for other clients."""
    listener: RequestListener | None = vars(client).get(_ATTRIBUTE)
    return None if listener is None else listener.conversation


def follow_stream(stream: Any, passing: Callable[[Any], Any]) -> None:
    """Report the events of a stream while it is read."""
    stream._iterator = passing(stream._iterator)  # noqa: SLF001 (subclassing would not reach streams it makes itself)
