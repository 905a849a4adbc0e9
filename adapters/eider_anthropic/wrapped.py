"""Memory for any Anthropic client: adds memory to `system` and learns from the messages.

Every variant of a message (`create`, `stream`, `parse`, `tool_runner`, beta or not) is one `post` of the client in
the end, so that is where memory listens, and nowhere else.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from uuid import uuid4

import anthropic

from eider import Conversation
from eider.model.validation import one_of
from eider_anthropic.reading import Turn, full_request, previous_message, system_text, turn_of, with_system
from eider_anthropic.telling import HOST, RecentItems, TurnReport

if TYPE_CHECKING:
    from eider import Eider

Client = TypeVar("Client", bound="anthropic.Anthropic | anthropic.AsyncAnthropic")
NameOrFunction = str | Callable[[], str] | None
_PATH: Final = "/v1/messages"
_COUNT: Final = f"{_PATH}/count_tokens"
_BATCHES: Final = f"{_PATH}/batches"
_LISTENER_ATTRIBUTE: Final = "_eider_listener"
_TURNS: Final = 512
"""Turns whose memory is kept ready, so that a loop of tools is sent the same system prompt at every step. A guess."""
_THREADS: Final = 64
"""Threads kept by the server whose beginning is remembered here. A guess."""
_ABSENT: Final = (anthropic.Omit, anthropic.NotGiven)
_log: Final = logging.getLogger("eider")


def wrap(
    client: Client, memory: Eider, *, user: NameOrFunction = None, session: NameOrFunction = None, scopes: Sequence[str] = (),
    context: str | None = None, budget: int = 400, loop: str | None = None, speaker: NameOrFunction = "user",
) -> Client:  # fmt: skip
    """Return a copy of a client that has a memory; the given client is unchanged.

    Args:
        client: Any client of anthropic's, sync or async.
        memory: An open memory.
        user: Whose, or a function that says so at each call; by default as `eider.open` was told.
        session: Name of the conversation, or a function that says so; by default each wrapped client is one.
        scopes: Where the agent works.
        context: What the work is about.
        budget: Most tokens that recalled lines may add to a request.
        loop: Open loop that policies belong to.
        speaker: Who speaks in the user's messages: "user", or "agent" where another agent writes them, which teach nothing
            then; or a function that says so at each call.
    """
    conversation = Conversation(memory, scopes=scopes, topic=context, budget=budget, loop=loop, host=HOST)
    name = session if session is not None else uuid4().hex
    listener = _Listener(conversation, user=user, session=name, speaker=speaker)
    return _wrap_client(cast("Any", client), listener)


def conversation_of(client: anthropic.Anthropic | anthropic.AsyncAnthropic) -> Conversation | None:
    """Return the conversation of a wrapped client, for `flush` for instance; None for other clients."""
    listener: _Listener | None = vars(client).get(_LISTENER_ATTRIBUTE)
    return None if listener is None else listener.conversation


def _wrap_client(client: Any, listener: _Listener) -> Any:
    """Return a copy of a client whose requests get memory and are reported."""
    kind: Any = type(client)
    made = kind.copy(client)
    post = made.post

    def asking(path: str, *, body: Any = None, stream: bool = False, **more: Any) -> Any:
        if not _is_message(path, body):
            return post(path, body=listener.with_memory(path, body), stream=stream, **more)
        turn, fuller = listener.before(body)
        answer = post(path, body=fuller, stream=stream, **more)
        return listener.after(turn, answer, stream=stream)

    async def aasking(path: str, *, body: Any = None, stream: bool = False, **more: Any) -> Any:
        if not _is_message(path, body):
            fuller = await asyncio.to_thread(listener.with_memory, path, body) if _has_messages(path) else body
            return await post(path, body=fuller, stream=stream, **more)
        turn, fuller = await asyncio.to_thread(listener.before, body)
        answer = await post(path, body=fuller, stream=stream, **more)
        return listener.after(turn, answer, stream=stream)

    def copied(**changes: Any) -> Any:
        return _wrap_client(kind.copy(made, **changes), listener)

    made.post = aasking if inspect.iscoroutinefunction(kind.post) else asking
    made.copy = made.with_options = copied
    setattr(made, _LISTENER_ATTRIBUTE, listener)
    return made


def _is_message(path: str, body: object) -> bool:
    return path.partition("?")[0] == _PATH and isinstance(body, Mapping)


def _has_messages(path: str) -> bool:
    """Whether requests for answers are sent there that are only counted, or answered later."""
    return path.partition("?")[0] in (_COUNT, _BATCHES)


class _Listener:
    """Adds memory to requests and reports them; its errors never fail a request."""

    def __init__(
        self, conversation: Conversation, *, user: NameOrFunction, session: NameOrFunction, speaker: NameOrFunction
    ) -> None:  # fmt: skip
        self.conversation, self._user, self._session, self._speaker = conversation, user, session, speaker
        self._known = RecentItems[tuple[str, ...]](_TURNS)
        self._told = RecentItems[bool](_TURNS)
        self._threads = RecentItems[Mapping[str, Any]](_THREADS)
        self._warned = False

    def before(self, body: Mapping[str, Any]) -> tuple[TurnReport | None, Mapping[str, Any]]:
        """Return the turn's report and the request body with memory added.

        Raises:
            InputError: Nobody said whose memory it is, or the speaker is neither "user" nor "agent".
        """
        conversation = self.conversation.of(user=_resolve_name(self._user), session=_resolve_name(self._session))
        conversation.require_user()
        listens = one_of(_resolve_name(self._speaker), ("user", "agent"), "speaker") == "user"
        try:
            body = {name: value for name, value in body.items() if not isinstance(value, _ABSENT)}
            prior = previous_message(body)
            full = body if prior is None else full_request(body, self._threads.get(prior))
            if (turn := turn_of(full)) is None:
                return None, body
            telling = TurnReport(self, conversation, turn, full) if listens else None
            if prior is not None:  # the server keeps the system prompt of a thread as it was at its beginning
                return telling, body
            texts = self._memory_texts(conversation, turn, system_text(body))
            return telling, with_system(body, texts) if texts else body
        except Exception as error:  # noqa: BLE001 (a request goes out whatever happens to its memory)
            self._failed(error)
            return None, body

    def with_memory(self, path: str, body: Any) -> Any:
        """Return requests that are only counted, or answered later, with memory added; they teach nothing."""
        if not isinstance(body, Mapping) or not _has_messages(path):
            return body
        if path.startswith(_COUNT):
            return self.before(body)[1]
        requests: Any = body.get("requests") or ()
        return {**body, "requests": [{**one, "params": self.before(one["params"])[1]} for one in requests]}

    def after(self, telling: TurnReport | None, answer: Any, *, stream: bool) -> Any:
        """Report the answer and return it; a stream is reported while it is read."""
        if telling is None:
            return answer
        try:
            telling.report_user()
            if not stream:
                telling.report_agent(getattr(answer, "id", ""), _content_blocks(answer))
            elif isinstance(answer, anthropic.AsyncStream):
                _follow_stream(answer, telling.follow_async_stream)
            elif isinstance(answer, anthropic.Stream):
                _follow_stream(answer, telling.follow_stream)
        except Exception as error:  # noqa: BLE001 (an answer is the host's, whatever happens to its memory)
            self._failed(error)
        return answer

    def first(self, name: str) -> bool:
        """Whether something is told for the first time; the store's keys hold beyond this process."""
        return self._told.put(name, True)

    def keep(self, message: str, request: Mapping[str, Any]) -> None:
        """Store the request that a message of a thread answers."""
        self._threads.put(message, request)

    def _memory_texts(self, conversation: Conversation, turn: Turn, existing: str) -> tuple[str, ...]:
        """Return policy and recalled lines, in that order, since the policy changes less often."""
        name = (conversation.user, conversation.session, turn.place)
        known = self._known.get(name)
        if known is None:
            policy = conversation.guidance(existing)
            recalled = conversation.context(turn.prompt, without=[m.id for m in policy.memories])
            known = tuple(text for text in (policy.text, recalled.text) if text)
            self._known.put(name, known)
        return known

    def _failed(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            _log.warning("memory did not follow a request (%s); the client goes on without it", type(error).__name__)


def _follow_stream(stream: Any, passing: Callable[[Any], Any]) -> None:
    """Report the events of a stream while it is read."""
    stream._iterator = passing(stream._iterator)  # noqa: SLF001 (subclassing would not reach streams it makes itself)


def _content_blocks(answer: Any) -> Sequence[Mapping[str, Any]]:
    """The blocks of a message; raw responses are the host's to read, and are heard with the next request."""
    content = getattr(answer, "content", None)
    return [block.model_dump() for block in content] if isinstance(content, list) else ()


def _resolve_name(name: NameOrFunction) -> str | None:
    return name() if callable(name) else name
