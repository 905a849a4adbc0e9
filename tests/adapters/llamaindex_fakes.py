"""What the tests of the LlamaIndex adapter share: scripted models of the framework's own, and looking into a memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import ChatMessage, ChatResponse, ChatResponseGen, CompletionResponse, MockLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import Memory
from llama_index.core.tools import FunctionTool
from llama_index_instrumentation import get_dispatcher
from pydantic import Field

import eider
from eider.api import conversation
from eider_llamaindex import EiderEventHandler, spans
from eider_llamaindex.window import ChatWindow


class Parrot(MockLLM):
    """A chat model of the framework that answers with what it was asked, in its own words."""

    seen: list[list[tuple[str, str]]] = Field(default_factory=list)

    def __init__(self, **more: Any) -> None:
        super().__init__(is_chat_model=True, **more)

    def _answer(self, messages: Sequence[ChatMessage]) -> str:
        self.seen.append([(m.role.value, m.content or "") for m in messages])
        return f"About {(messages[-1].content or '').strip().splitlines()[-1]}: use bullet points."

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        return ChatResponse(message=ChatMessage(role="assistant", content=self._answer(messages)))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponseGen:
        return _words(self._answer(messages))

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return CompletionResponse(text="condensed question")


def _words(answer: str) -> Iterator[ChatResponse]:
    so_far = ""
    for word in answer.split(" "):
        so_far = f"{so_far} {word}".strip()
        yield ChatResponse(message=ChatMessage(role="assistant", content=so_far), delta=f" {word}")


Step = Callable[[Sequence[ChatMessage]], ChatMessage]


def says(text: str) -> ChatMessage:
    return ChatMessage(role="assistant", content=text)


def calls(tool: str, **arguments: Any) -> ChatMessage:
    return ChatMessage(
        role="assistant", blocks=[ToolCallBlock(tool_call_id="1", tool_name=tool, tool_kwargs=arguments)]
    )


def model(step: Step, seen: list[list[tuple[str, str]]] | None = None) -> MockFunctionCallingLLM:
    """A function-calling model that answers as `step` says."""

    async def answer(messages: Sequence[ChatMessage], **_: Any) -> AsyncIterator[ChatMessage]:
        if seen is not None:
            seen.append([(m.role.value, m.content or "") for m in messages])
        yield step(messages)

    return MockFunctionCallingLLM(response_generator=answer, is_chat_model=True)


def last(messages: Sequence[ChatMessage]) -> ChatMessage:
    return messages[-1]


def answering(messages: Sequence[ChatMessage]) -> ChatMessage:
    """Calls `lookup` when a question asks for it, else answers."""
    if last(messages).role == "user" and "look up" in (last(messages).content or ""):
        return calls("lookup", what="deploy day")
    return says(f"I suggest bullet points for: {last(messages).content}")


def lookup(what: str) -> str:
    """Look something up."""
    return f"The page says that {what} is Friday."


def agent(step: Step = answering, seen: list[list[tuple[str, str]]] | None = None, tools: Sequence[Any] = ()) -> Any:
    return FunctionAgent(
        name="assistant", description="Helps.", llm=model(step, seen), system_prompt="Be brief.",
        tools=[FunctionTool.from_defaults(lookup), *tools],
    )  # fmt: skip


def index() -> VectorStoreIndex:
    return VectorStoreIndex.from_documents(
        [Document(text="The sky over the harbour is blue.")], embed_model=MockEmbedding(embed_dim=4)
    )


def short_term(session: str | None = None) -> Memory:
    """The framework's own memory, without the database connection that it never closes."""
    return Memory.from_defaults(session_id=session, chat_store=ChatWindow())


def spoken(memory: eider.Eider, user: str) -> list[tuple[str, str]]:
    """(role, text) of all that was kept, in its order."""
    page = memory.search(user=user, kinds=["episode"], limit=500)
    kept = sorted((r.episode for r in page.items if r.episode), key=lambda e: (e.recorded_at, e.seq))
    return [(e.role, e.text) for e in kept]


def learned(memory: eider.Eider, user: str) -> list[str]:
    page = memory.search(user=user, limit=500)
    return sorted(r.memory.text for r in page.items if r.memory)


@pytest.fixture(name="memory", scope="module")
def a_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[eider.Eider]:
    """One store for a file; each test has users of its own."""
    with eider.open(tmp_path_factory.mktemp("llamaindex") / "m.eider") as opened:
        yield opened


@pytest.fixture(name="ada")
def a_user() -> str:
    """Somebody nobody else is."""
    return f"ada-{uuid4().hex[:8]}"


@pytest.fixture(name="users")
def some_users(ada: str) -> list[str]:
    """Several, whose names end in their numbers."""
    return [f"user-of-{ada}-{n}" for n in range(6)]


@pytest.fixture(autouse=True)
def nothing_swallowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException]]:
    """LlamaIndex swallows what handlers raise, and ours says its own faults once: here both are failures."""
    raised: list[BaseException] = []

    def watched(whose: Any, name: str) -> None:
        inner = getattr(whose, name)

        def outer(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return inner(self, *args, **kwargs)
            except BaseException as error:
                raised.append(error)
                raise

        monkeypatch.setattr(whose, name, outer)

    watched(EiderEventHandler, "handle")
    for name in ("span_enter", "span_exit", "span_drop"):
        watched(spans.SpanHandler, name)
    monkeypatch.setattr(conversation.HostSession, "warn_of_failure", lambda _, error: raised.append(error))
    root = get_dispatcher()
    before = (list(root.event_handlers), list(root.span_handlers))
    yield raised
    root.event_handlers, root.span_handlers = before
    assert raised == []
