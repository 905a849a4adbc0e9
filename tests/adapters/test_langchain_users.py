"""One handler and many users: what each said reaches their own memory, however the runs are started."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_agents import a_user, run_of, said, scripted  # noqa: F401
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langgraph.graph import START, MessagesState, StateGraph

import eider
from eider_langchain import EiderCallbackHandler, EiderMemoryMiddleware

PEOPLE = 4
OWNER = "owner"


@pytest.fixture(name="memory", scope="module")
def an_owned_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[eider.Eider]:
    """A memory whose default user must hear nothing of what others say."""
    with eider.open(tmp_path_factory.mktemp("langchain") / "m.eider", user=OWNER) as opened:
        yield opened
        assert said(opened, OWNER) == []


def words(n: int) -> str:
    return f"I live in town number {n}."


def chain() -> Any:
    return ChatPromptTemplate([("human", "{input}")]) | scripted(*["ok"] * PEOPLE)


def mapped() -> Any:
    return RunnableParallel(a=RunnableLambda(lambda given: given["input"]), b=RunnableLambda(lambda _: "ok"))


def graph() -> Any:
    """A graph within a graph."""
    model = scripted(*["ok"] * PEOPLE)
    inner = StateGraph(MessagesState)
    inner.add_node("answer", lambda state: {"messages": [model.invoke(state["messages"])]})
    inner.add_edge(START, "answer")
    outer = StateGraph(MessagesState)
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "inner")
    return RunnableLambda(lambda given: {"messages": [("user", given["input"])]}) | outer.compile()


async def run_all(how: str, runnable: Any, inputs: list[Any], configs: list[Any]) -> None:
    """Start one run for each input."""

    async def drained(stream: Any) -> None:
        _ = [part async for part in stream]

    pairs = list(zip(inputs, configs, strict=True))
    if how == "batch":
        runnable.batch(inputs, configs)
    elif how == "batch_as_completed":
        list(runnable.batch_as_completed(inputs, configs))
    elif how == "abatch":
        await runnable.abatch(inputs, configs)
    elif how == "abatch_as_completed":
        await drained(runnable.abatch_as_completed(inputs, configs))
    elif how == "ainvoke":
        await asyncio.gather(*(runnable.ainvoke(*one) for one in pairs))
    elif how == "astream":
        await asyncio.gather(*(drained(runnable.astream(*one)) for one in pairs))
    elif how == "astream_events":
        await asyncio.gather(*(drained(runnable.astream_events(*one, version="v2")) for one in pairs))
    else:
        with ThreadPoolExecutor(PEOPLE) as pool:
            list(pool.map(lambda one: runnable.invoke(*one), pairs))


WAYS = [
    "batch", "batch_as_completed", "abatch", "abatch_as_completed", "ainvoke", "astream", "astream_events", "threads",
]  # fmt: skip


@pytest.mark.parametrize("made", [chain, mapped, graph])
@pytest.mark.parametrize("how", WAYS)
async def test_each_run_is_its_own_users(memory: eider.Eider, ada: str, how: str, made: Any) -> None:
    """At once, on threads or in a loop; nobody hears another, and the default user hears nothing."""
    handler = EiderCallbackHandler(memory)
    inputs = [{"input": words(n)} for n in range(PEOPLE)]
    configs = [{**run_of(f"{ada}-{n}", f"t{n}"), "callbacks": [handler]} for n in range(PEOPLE)]
    await run_all(how, made(), inputs, configs)
    assert await handler.aflush(10)
    for n in range(PEOPLE):
        assert [text for role, text in said(memory, f"{ada}-{n}") if role == "user"] == [words(n)]
    assert said(memory, OWNER) == []
    assert not handler._runs


@pytest.mark.parametrize("how", WAYS)
async def test_runs_within_another_users_run_are_their_own(memory: eider.Eider, ada: str, how: str) -> None:
    """A program that runs for one user starts runs for others, and each is told by its own config."""
    handler = EiderCallbackHandler(memory)
    inputs = [{"input": words(n)} for n in range(PEOPLE)]
    configs = [{**run_of(f"{ada}-{n}"), "callbacks": [handler]} for n in range(PEOPLE)]

    async def start(_: str) -> str:
        await run_all(how, chain(), inputs, configs)
        return "done"

    await RunnableLambda(start).ainvoke("Go.", {**run_of(f"{ada}-host"), "callbacks": [handler]})  # pyright: ignore[reportArgumentType]
    assert await handler.aflush(10)
    for n in range(PEOPLE):
        assert [text for role, text in said(memory, f"{ada}-{n}") if role == "user"] == [words(n)]
    assert said(memory, f"{ada}-host") == [("user", "Go."), ("agent", "done")]


def test_runs_that_a_chain_starts_for_others_do_not_make_it_theirs(memory: eider.Eider, ada: str) -> None:
    """Children speak for a run only where they were started with its own config."""
    handler = EiderCallbackHandler(memory, session="s")
    ask = chain()

    def start(_: str) -> str:
        ask.batch([{"input": words(n)} for n in range(2)], [run_of(f"{ada}-{n}") for n in range(2)])
        return "done"

    RunnableLambda(start).invoke("Go.", {"callbacks": [handler], "metadata": {"user_id": f"{ada}-host"}})
    assert handler.flush(10)
    assert said(memory, f"{ada}-host")[0] == ("user", "Go.")
    assert not said(memory, f"{ada}-0")


def test_a_run_of_nobody_is_not_kept_where_others_named_their_users(
    memory: eider.Eider, ada: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A model that is called without any config: one warning, and no default user hears a stranger."""
    handler = EiderCallbackHandler(memory)
    model = scripted("ok", "ok", "ok")
    model.invoke("I live in Bergen.", {**run_of(ada), "callbacks": [handler]})  # pyright: ignore[reportArgumentType]
    for _ in range(2):
        model.generate([[HumanMessage("I live in Ghent.")]], callbacks=[handler])
    assert handler.flush(10)
    assert said(memory, ada) == [("user", "I live in Bergen."), ("agent", "ok")]
    assert said(memory, OWNER) == []
    assert len([r for r in caplog.records if "configurable.user_id" in r.getMessage()]) == 1


@pytest.mark.parametrize("sent", ["user_id", "user"])
def test_the_authenticated_user_comes_before_what_a_client_sends(memory: eider.Eider, ada: str, sent: str) -> None:
    """An id in the request opens nobody else's memory; what the application itself says stays."""
    config: Any = {"configurable": {"langgraph_auth_user_id": f"{ada}-caller", "thread_id": "1", sent: f"{ada}-victim"}}
    memory.remember("Prefers metric units.", kind="preference", user=f"{ada}-victim")
    gives, handler = EiderMemoryMiddleware(memory), EiderCallbackHandler(memory)
    model = scripted("ok", "ok")
    create_agent(model, middleware=[gives]).invoke({"messages": [("user", "Which units do I prefer?")]}, config)
    assert gives.flush(10)
    assert "metric" not in (model.system() or "")
    chain().invoke({"input": "I live in Bergen."}, {**config, "callbacks": [handler]})
    assert handler.flush(10)
    assert ("user", "I live in Bergen.") in said(memory, f"{ada}-caller")
    assert not said(memory, f"{ada}-victim")
    handler = EiderCallbackHandler(memory, user=f"{ada}-own")
    chain().invoke({"input": "I live in Oslo."}, {**config, "callbacks": [handler]})
    assert handler.flush(10)
    assert ("user", "I live in Oslo.") in said(memory, f"{ada}-own")
