"""What an adapter costs beyond the verbs it asks: a turn without memory, with it, and those verbs by themselves; and imports."""

from __future__ import annotations

import asyncio
import gc
import itertools
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import corpus
import numpy as np

import eider
from eider.api.facade import Eider

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "clients")]

MEMORIES, ITEMS, TURNS, WARM_UP, SESSION, RUNS = 10_000, 500, 40, 4, 5, 7
"""ITEMS are a LangGraph store's own, beside the memories of others; SESSION is how many turns one has."""
HEAD = [
    "adapter",
    "a turn without, ms",
    "with memory, ms",
    "the verbs in it, ms",
    "the verbs called directly, ms",
    "overhead p50, ms",
]
IMPORT_HEAD = ["import", "the framework, ms", "the adapter after it, ms"]
ANSWER = "Here is what I suggest."
IMPORTS = (
    ("from langchain.agents import create_agent", "from eider_langchain import EiderMemoryMiddleware"),
    ("from langgraph.store.base import BaseStore", "from eider_langchain import EiderStore"),
    ("import llama_index_instrumentation", "from eider_llamaindex import EiderEventHandler"),
    ("import llama_index.core", "from eider_llamaindex import eider_memory"),
    ("import pydantic_ai", "from eider_pydantic_ai import EiderCapability"),
    ("import anthropic", "from eider_anthropic import wrap"),
    ("from mcp.server import MCPServer", "from eider_mcp.serving import server_of"),
)
_IMPORT = "import time; t0 = time.perf_counter(); {0}; t1 = time.perf_counter(); {1}; print(t1 - t0, time.perf_counter() - t1)"

Turn = Callable[[str, str], Awaitable[object]]
"""Called with (prompt, session)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One adapter in its framework."""

    name: str
    without: Turn
    within: Turn
    verbs: Turn
    """What the turn with memory asks of the core, by itself."""


def parts() -> tuple[list[list[str]], list[list[str]]]:
    """Turns, and imports."""
    with tempfile.TemporaryDirectory() as folder, eider.open(Path(folder, "memory.eider"), user="ada") as memory:
        memory.remember_many([
            {"text": text, "kind": "fact" if number % 200 else "rule"}
            for number, text in enumerate(corpus.statements(MEMORIES))
        ])  # fmt: skip
        memory.drain()
        turns = asyncio.run(_turns(memory))
    return turns, [imported(*each) for each in IMPORTS]


def imported(framework: str, adapter: str) -> list[str]:
    """Medians of fresh processes that import the framework and then the adapter."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", _IMPORT.format(framework, adapter)], check=True, capture_output=True, text=True
        ).stdout.split()
        for _ in range(RUNS)
    ]
    first, then = (float(np.median([float(run[place]) * 1e3 for run in runs])) for place in (0, 1))
    return [f"`{adapter}` after `{framework}`", f"{first:,.0f}", f"{then:.0f}"]


async def _turns(memory: Eider) -> list[list[str]]:
    return [await _measured(memory, made) for made in (langchain, langgraph, llamaindex, pydantic_ai, anthropic, mcp)]


async def _measured(memory: Eider, made: Callable[[Eider], Any]) -> list[str]:
    """Interleaved; with memory and the verbs do the same work on the same questions, neither before the other."""
    spent: dict[str, list[float]] = {"without": [], "within": [], "verbs": []}
    asked: list[float] = []
    settled = eider.Conversation(memory)
    async with made(memory) as case, AsyncExitStack() as stack:
        gc.collect()
        gc.freeze()  # what a framework loaded is not looked through again in everybody's turns
        stack.callback(gc.unfreeze)
        core = stack.enter_context(_asking(memory))
        for number, prompt in enumerate(corpus.questions(TURNS + WARM_UP)):
            names = ["without", "within", "verbs"]
            for name in names[number % 3 :] + names[: number % 3]:
                memory._engine.policies.clear()
                core.clear()
                turn: Turn = getattr(case, name)
                start = time.perf_counter()
                await turn(prompt, f"{made.__name__}-{name}-{number // SESSION}")
                spent[name].append((time.perf_counter() - start) * 1e3)
                asked += [sum(core)] if name == "within" else []
                settled.flush(30)
    without, within, verbs, core_within = (np.array(times[WARM_UP:]) for times in (*spent.values(), asked))
    shown = [float(np.median(times)) for times in (without, within, core_within, verbs)]
    beyond = float(np.median(within - core_within) - np.median(without))
    return [case.name, *(f"{one:.1f}" for one in (*shown, beyond))]


@contextmanager
def _asking(memory: Eider) -> Iterator[list[float]]:
    """Milliseconds of each request while a host waits for it; what is written behind its back is not among them."""
    spent: list[float] = []
    kind: Any = type(memory._backend)
    ask = kind.execute

    def timed(self: Any, request: Any) -> Any:
        start = time.perf_counter()
        try:
            return ask(self, request)
        finally:
            if threading.current_thread().name != "eider-writer":
                spent.append((time.perf_counter() - start) * 1e3)

    kind.execute = timed
    try:
        yield spent
    finally:
        kind.execute = ask


def _verbs(memory: Eider, *, about_prompt: bool) -> Turn:
    """Guidance and recall before a turn, and telling after it; some hosts ask for guidance about the prompt."""

    async def turn(prompt: str, session: str) -> None:
        conversation = eider.Conversation(memory, session=session, host="direct")
        conversation.guidance(context=prompt if about_prompt else None)
        conversation.context(prompt)
        conversation.user_said(prompt)
        conversation.agent_said(ANSWER)

    return turn


@asynccontextmanager
async def langchain(memory: Eider) -> AsyncGenerator[Case]:
    """The middleware in an agent."""
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    from eider_langchain import EiderMemoryMiddleware

    class Parrot(GenericFakeChatModel):
        def bind_tools(self, tools: Sequence[Any], **_: Any) -> Any:
            return self

    def agent(*middleware: Any) -> Turn:
        said = (AIMessage(ANSWER) for _ in itertools.count())
        made = create_agent(Parrot(messages=said), system_prompt="Be brief.", middleware=middleware)

        async def turn(prompt: str, session: str) -> None:
            await made.ainvoke({"messages": [("user", prompt)]}, {"configurable": {"thread_id": session}})

        return turn

    yield Case(
        name="LangChain: middleware in `create_agent`", without=agent(), within=agent(EiderMemoryMiddleware(memory)),
        verbs=_verbs(memory, about_prompt=True),
    )  # fmt: skip


@asynccontextmanager
async def langgraph(memory: Eider) -> AsyncGenerator[Case]:
    """The long-term store: an item put, and a search."""
    from langgraph.store.base import PutOp
    from langgraph.store.memory import InMemoryStore

    from eider_langchain import EiderStore

    place = ("users", "ada")

    def store(made: Any) -> Turn:
        made.batch([PutOp(place, f"k{n}", {"text": t}) for n, t in enumerate(corpus.statements(ITEMS, seed=7))])
        keys = itertools.count()

        async def turn(prompt: str, session: str) -> None:
            made.put(place, f"n{next(keys)}", {"text": prompt, "session": session})
            made.search(place, query=prompt, limit=5)

        return turn

    within = store(EiderStore(memory))
    direct = memory.channel("langgraph", "agent")
    direct.record_many([{"text": t} for t in corpus.statements(ITEMS, seed=7)], user="direct")

    async def verbs(prompt: str, session: str) -> None:
        value = {"text": prompt, "session": session}
        direct.record(prompt, user="direct", role="agent", session=session, metadata={"item": value, "value": value})
        direct.recall(prompt, user="direct", kinds=["episode"], limit=5)

    memory.drain()
    yield Case(name="LangGraph: store, `put` and `search`", without=store(InMemoryStore()), within=within, verbs=verbs)


@asynccontextmanager
async def llamaindex(memory: Eider) -> AsyncGenerator[Case]:
    """The event handler and the memory in an agent."""
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.llms.mock import MockFunctionCallingLLM
    from llama_index.core.memory import Memory

    from eider_llamaindex import EiderEventHandler, eider_memory
    from eider_llamaindex.window import ChatWindow

    async def answer(messages: Sequence[ChatMessage], **_: Any) -> AsyncIterator[ChatMessage]:
        yield ChatMessage(role="assistant", content=ANSWER)

    def agent(remembers: Callable[[str], Memory]) -> Turn:
        llm = MockFunctionCallingLLM(response_generator=answer, is_chat_model=True)
        made = FunctionAgent(name="assistant", description="Helps.", llm=llm, system_prompt="Be brief.", tools=[])
        memories: dict[str, Memory] = {}

        async def turn(prompt: str, session: str) -> None:
            if session not in memories:
                memories[session] = remembers(session)
            await made.run(prompt, memory=memories[session])

        return turn

    handler = EiderEventHandler(memory)
    handler.detach()
    remembering = agent(lambda session: eider_memory(memory, session=session))

    async def within(prompt: str, session: str) -> None:
        handler.attach()
        await remembering(prompt, session)
        handler.detach()

    yield Case(
        name="LlamaIndex: event handler and memory in a `FunctionAgent`", within=within,
        without=agent(lambda session: Memory.from_defaults(session_id=session, chat_store=ChatWindow())),
        verbs=_verbs(memory, about_prompt=True),
    )  # fmt: skip


@asynccontextmanager
async def pydantic_ai(memory: Eider) -> AsyncGenerator[Case]:
    """The capability in an agent."""
    from pydantic_ai import Agent
    from pydantic_ai.models.test import TestModel

    from eider_pydantic_ai import EiderCapability

    def agent(*capabilities: Any) -> Turn:
        made = Agent(TestModel(call_tools=[], custom_output_text=ANSWER), capabilities=capabilities)

        async def turn(prompt: str, session: str) -> None:
            await made.run(prompt, conversation_id=session)

        return turn

    yield Case(
        name="pydantic-ai: capability", without=agent(), within=agent(EiderCapability(memory)),
        verbs=_verbs(memory, about_prompt=False),
    )  # fmt: skip


@asynccontextmanager
async def anthropic(memory: Eider) -> AsyncGenerator[Case]:
    """A wrapped client before a stub of the API."""
    from anthropic import AsyncAnthropic
    from stub_model import StubModel

    from eider_anthropic import wrap

    def asking(client: AsyncAnthropic) -> Turn:
        async def turn(prompt: str, session: str) -> None:
            await client.messages.create(model="m", max_tokens=64, messages=[{"role": "user", "content": prompt}])

        return turn

    async with AsyncExitStack() as stack:
        stub = stack.enter_context(StubModel({"default": {"text": ANSWER}}))
        client = await stack.enter_async_context(AsyncAnthropic(api_key="k", base_url=stub.base_url, max_retries=0))
        yield Case(
            name="Anthropic: wrapped client", without=asking(client), within=asking(wrap(client, memory)),
            verbs=_verbs(memory, about_prompt=False),
        )  # fmt: skip


@asynccontextmanager
async def mcp(memory: Eider) -> AsyncGenerator[Case]:
    """Two calls of the SDK's client within the process: `policy`, then `recall`."""
    from mcp import Client
    from mcp.server import MCPServer

    from eider_mcp import server

    plain: Any = MCPServer("plain")
    for name in ("policy", "recall"):
        plain.add_tool(_echo, name=name)
    box = eider.Conversation(memory, host="direct").toolbox()

    def calling(client: Client, about: str, query: str) -> Turn:
        async def turn(prompt: str, session: str) -> None:
            await client.call_tool("policy", {about: prompt})
            await client.call_tool("recall", {query: prompt})

        return turn

    async def verbs(prompt: str, session: str) -> None:
        box.memory.policy(user="ada", context=prompt)
        box.call("recall", {"query": prompt})

    async with Client(plain) as without, Client(server(memory, user="ada")) as within:
        yield Case(
            name="MCP: `policy` and `recall` by a client in memory", without=calling(without, "text", "text"),
            within=calling(within, "context", "query"), verbs=verbs,
        )  # fmt: skip


def _echo(text: str) -> str:
    """Say it again."""
    return text
