"""Memory for any OpenAI client: adds memory to the instructions and learns from the messages.

Every variant (`responses` and `chat.completions`: `create`, `stream`, `parse`) is one `post` of the client in the end,
so that is where memory listens, and nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

import openai

from eider import Conversation
from eider.api.client_turns import ClientListener, NameOrFunction, RecentItems, TurnReport
from eider.api.client_wrapping import conversation_of_client, follow_stream, wrap_client
from eider_openai.reading import Item, answer_of, items_of, system_text, turn_of, with_system

if TYPE_CHECKING:
    from eider import Eider

Client = TypeVar("Client", bound="openai.OpenAI | openai.AsyncOpenAI")
HOST: Final = "openai"
_CHAT: Final = "/chat/completions"
_RESPONSES: Final = "/responses"
_COUNT: Final = "/responses/input_tokens"
_KEPT: Final = 256
"""Conversations kept by the server whose beginning is remembered here. A guess."""
_ABSENT: Final = (openai.Omit, openai.NotGiven)


def wrap(
    client: Client, memory: Eider, *, user: NameOrFunction = None, session: NameOrFunction = None, scopes: Sequence[str] = (),
    context: str | None = None, budget: int = 400, loop: str | None = None, speaker: NameOrFunction = "user",
    names: Sequence[str] = (),
) -> Client:  # fmt: skip
    """Return a copy of a client that has a memory; the given client is unchanged.

    Args:
        client: Any client of OpenAI's library, sync or async, also for other vendors' servers.
        memory: An open memory.
        user: Whose, or a function that says so at each call; by default as `eider.open` was told.
        session: Name of the conversation, or a function that says so; by default that of the server's `conversation`, else
            each wrapped client is one.
        scopes: Where the agent works.
        context: What the work is about.
        budget: Most tokens that recalled lines may add to a request.
        loop: Open loop that policies belong to.
        speaker: Who speaks in the user's messages: "user", or "agent" where another agent writes them, which teach nothing
            then; or a function that says so at each call.
        names: Values of `name` in messages of role "user" that are the user's, besides their id; under any other it is
            another agent.
    """
    conversation = Conversation(memory, scopes=scopes, context=context, budget=budget, loop=loop, host=HOST)
    listener = _Listener(conversation, HOST, user=user, session=session, speaker=speaker)
    listener.names = tuple(names)
    return wrap_client(client, listener)


def conversation_of(client: openai.OpenAI | openai.AsyncOpenAI) -> Conversation | None:
    """Return the conversation of a wrapped client, for `flush` for instance; None for other clients."""
    return conversation_of_client(client)


class _Report(TurnReport):
    """Report of one turn, with what the server will keep of it."""

    items: Sequence[Item] = ()
    threads: RecentItems[Sequence[Item]]

    def report_answer(self, answer: Any) -> None:
        """Report an answer once, and remember what a request that goes on from it goes on from."""
        text, outside = answer_of(answer)
        self.report_agent(text, outside=outside)
        if isinstance(found := getattr(answer, "id", None), str) and hasattr(answer, "output"):
            self.threads.put(found, (*self.items, *items_of({"input": answer.output})))

    def follow_stream(self, events: Iterator[Any]) -> Iterator[Any]:
        """Report a stream's events while the host reads them."""
        heard = _StreamedAnswer()
        for event in events:
            heard.add_event(event, self)
            yield event
        heard.end(self)

    async def follow_async_stream(self, events: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Report an async stream's events while the host reads them."""
        heard = _StreamedAnswer()
        async for event in events:
            heard.add_event(event, self)
            yield event
        heard.end(self)


class _StreamedAnswer:
    """An answer collected from its stream: whole at the end of one of Responses, in pieces of chat completions."""

    def __init__(self) -> None:
        self._text = ""

    def add_event(self, event: Any, report: _Report) -> None:
        """Add one event."""
        if getattr(event, "type", "") in ("response.completed", "response.incomplete"):
            report.report_answer(event.response)
        for choice in getattr(event, "choices", None) or ():
            if choice.index == 0:
                self._text += getattr(choice.delta, "content", None) or ""
                if choice.finish_reason:
                    self.end(report)

    def end(self, report: _Report) -> None:
        """Report what was collected."""
        report.report_agent(self._text)
        self._text = ""


class _Listener(ClientListener):
    """Adds memory to requests and reports them; its errors never fail a request."""

    names: tuple[str, ...] = ()

    def __init__(self, *given: Any, **names: Any) -> None:
        super().__init__(*given, **names)
        self._threads = RecentItems[Sequence[Item]](_KEPT)
        self._own_session = uuid4().hex

    def listens_to(self, path: str) -> bool:
        """Requests for answers, and those that only count their tokens."""
        return path in (_CHAT, _RESPONSES, _COUNT)

    def before(self, path: str, body: Mapping[str, Any]) -> tuple[_Report | None, Mapping[str, Any]]:
        """Return the turn's report and the request body with memory added.

        Raises:
            InputError: Nobody said whose memory it is, or the speaker is neither "user" nor "agent".
        """
        body = {name: value for name, value in body.items() if not isinstance(value, _ABSENT)}
        server = body.get("conversation")
        kept = server.get("id") if isinstance(server, Mapping) else server
        conversation, listens = self.identified(kept if isinstance(kept, str) else self._own_session)
        try:
            prior = body.get("previous_response_id")
            known = self._threads.get(prior) or ()
            opening = "" if known or not (prior or kept) else f"{prior or kept}:{'' if prior else uuid4().hex}"
            items = [*known, *items_of(body)]
            names = frozenset(n.casefold() for n in (conversation.require_user(), *self.names))
            if (turn := turn_of(items, body, names, opening)) is None:
                return None, body
            report = None
            if listens and path != _COUNT:
                report = _Report(self, conversation, turn)
                report.items, report.threads = items, self._threads
            texts = self.memory_texts(conversation, turn, system_text(body))
            return report, with_system(body, texts) if texts else body
        except Exception as error:  # noqa: BLE001 (a request goes out whatever happens to its memory)
            self.warn_of_failure(error)
            return None, body

    def after(self, report: _Report | None, answer: Any, *, stream: bool) -> Any:
        """Report the answer and return it; a stream is reported while it is read."""
        if report is None:
            return answer
        try:
            report.report_user()
            if not stream:
                report.report_answer(answer)
            elif isinstance(answer, openai.AsyncStream):
                follow_stream(answer, report.follow_async_stream)
            elif isinstance(answer, openai.Stream):
                follow_stream(answer, report.follow_stream)
        except Exception as error:  # noqa: BLE001 (an answer is the host's, whatever happens to its memory)
            self.warn_of_failure(error)
        return answer
