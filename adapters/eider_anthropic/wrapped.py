"""Memory for any Anthropic client: adds memory to `system` and learns from the messages.

Every variant of a message (`create`, `stream`, `parse`, `tool_runner`, beta or not) is one `post` of the client in
the end, so that is where memory listens, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

import anthropic

from eider import Conversation
from eider.api.client_turns import ClientListener, NameOrFunction, RecentItems
from eider.api.client_wrapping import conversation_of_client, follow_stream, wrap_client
from eider_anthropic.reading import full_request, previous_message, system_text, turn_of, with_system
from eider_anthropic.telling import MessageReport

if TYPE_CHECKING:
    from eider import Eider

Client = TypeVar("Client", bound="anthropic.Anthropic | anthropic.AsyncAnthropic")
_PATH: Final = "/v1/messages"
_COUNT: Final = f"{_PATH}/count_tokens"
_BATCHES: Final = f"{_PATH}/batches"
_THREADS: Final = 64
"""Threads kept by the server whose beginning is remembered here. A guess."""
_ABSENT: Final = (anthropic.Omit, anthropic.NotGiven)


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
    conversation = Conversation(memory, scopes=scopes, context=context, budget=budget, loop=loop, host="anthropic")
    name = session if session is not None else uuid4().hex
    return wrap_client(client, _Listener(conversation, "anthropic", user=user, session=name, speaker=speaker))


def conversation_of(client: anthropic.Anthropic | anthropic.AsyncAnthropic) -> Conversation | None:
    """Return the conversation of a wrapped client, for `flush` for instance; None for other clients."""
    return conversation_of_client(client)


class _Listener(ClientListener):
    """Adds memory to requests and reports them; its errors never fail a request."""

    def __init__(self, *given: Any, **names: Any) -> None:
        super().__init__(*given, **names)
        self._threads = RecentItems[Mapping[str, Any]](_THREADS)

    def listens_to(self, path: str) -> bool:
        """Messages, and requests for them that are only counted, or answered later."""
        return path in (_PATH, _COUNT, _BATCHES)

    def before(self, path: str, body: Mapping[str, Any]) -> tuple[MessageReport | None, Mapping[str, Any]]:
        """Return the turn's report and the request body with memory added; what is not answered now teaches nothing.

        Raises:
            InputError: Nobody said whose memory it is, or the speaker is neither "user" nor "agent".
        """
        if path == _BATCHES:
            requests: Any = body.get("requests") or ()
            return None, {
                **body,
                "requests": [{**one, "params": self._with_memory(one["params"])[1]} for one in requests],
            }
        report, fuller = self._with_memory(body)
        return None if path == _COUNT else report, fuller

    def _with_memory(self, body: Mapping[str, Any]) -> tuple[MessageReport | None, Mapping[str, Any]]:
        conversation, listens = self.identified()
        try:
            body = {name: value for name, value in body.items() if not isinstance(value, _ABSENT)}
            prior = previous_message(body)
            full = body if prior is None else full_request(body, self._threads.get(prior))
            if (turn := turn_of(full)) is None:
                return None, body
            report = MessageReport(self, conversation, turn, full, self._threads) if listens else None
            if prior is not None:  # the server keeps the system prompt of a thread as it was at its beginning
                return report, body
            texts = self.memory_texts(conversation, turn, system_text(body))
            return report, with_system(body, texts) if texts else body
        except Exception as error:  # noqa: BLE001 (a request goes out whatever happens to its memory)
            self.warn_of_failure(error)
            return None, body

    def after(self, report: MessageReport | None, answer: Any, *, stream: bool) -> Any:
        """Report the answer and return it; a stream is reported while it is read."""
        if report is None:
            return answer
        try:
            report.report_user()
            if not stream:
                content = getattr(answer, "content", None)
                blocks = [block.model_dump() for block in content] if isinstance(content, list) else ()
                report.report_message(getattr(answer, "id", ""), blocks)
            elif isinstance(answer, anthropic.AsyncStream):
                follow_stream(answer, report.follow_async_stream)
            elif isinstance(answer, anthropic.Stream):
                follow_stream(answer, report.follow_stream)
        except Exception as error:  # noqa: BLE001 (an answer is the host's, whatever happens to its memory)
            self.warn_of_failure(error)
        return answer
