"""LangGraph: nodes are steps of a run, in the real framework."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command

import eider
from eider.api.facade import Eider
from eider_langchain import keep_nodes


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    log: Annotated[list[str], operator.add]
    rounds: int


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Eider]:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


def graph(ran: list[str], *, broken: bool) -> StateGraph[Any]:
    """Plan → (left | right) → join, a loop of two rounds, and a command at the end."""

    def plan(state: State) -> State:
        ran.append("plan")
        return {"messages": [AIMessage("planned", id="m1")], "log": ["plan"], "rounds": 0}

    def left(state: State) -> State:
        ran.append("left")
        return {"log": ["left"]}

    async def right(state: State) -> State:
        ran.append("right")
        return {"messages": [ToolMessage("from a tool", tool_call_id="t", id="m2")], "log": ["right"]}

    def again(state: State) -> Command[str]:
        ran.append("again")
        if broken and state["rounds"] == 1:
            raise OSError("network")
        rounds = state["rounds"] + 1
        return Command(update={"rounds": rounds, "log": [f"round {rounds}"]}, goto="again" if rounds < 2 else END)

    made = StateGraph(State)
    for node in (plan, left, right):
        made.add_node(node.__name__, node)
    made.add_node("again", again, defer=True)
    made.add_edge(START, "plan")
    made.add_edge("plan", "left")
    made.add_edge("plan", "right")
    made.add_edge("left", "again")
    made.add_edge("right", "again")
    return made


def test_a_graph_goes_on_where_it_stopped(memory: Eider) -> None:
    """Finished nodes give their updates, messages and commands as they were, and do not run again."""
    ran: list[str] = []

    async def flow(*, broken: bool) -> Any:
        with memory.run("graph", key="k") as run:
            app = keep_nodes(graph(ran, broken=broken), run).compile()
            return await app.ainvoke({"messages": [HumanMessage("hi", id="m0")]})

    with pytest.raises(OSError, match="network"):
        asyncio.run(flow(broken=True))
    assert sorted(ran) == ["again", "again", "left", "plan", "right"]
    ran.clear()
    state = asyncio.run(flow(broken=False))
    assert ran == ["again"], "the round that failed, and nothing else"
    assert [type(m).__name__ for m in state["messages"]] == ["HumanMessage", "AIMessage", "ToolMessage"]
    assert sorted(state["log"]) == ["left", "plan", "right", "round 1", "round 2"]
    steps = {s.ref: s for s in memory.run_of(memory.runs()[0].id).steps}
    assert set(steps) == {"plan", "left", "right", "again", "again#2"}
    assert (steps["plan"].trust, steps["right"].trust, steps["again"].trust) == (1, 0, 0)


def test_an_interrupt_ends_no_step(memory: Eider) -> None:
    """A node that waits for a person runs again when they have answered."""
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import interrupt

    def ask(state: State) -> State:
        return {"log": [interrupt("ok?")]}

    made = StateGraph(State)
    made.add_node("ask", ask)
    made.add_edge(START, "ask")
    with memory.run("graph") as run:
        app = keep_nodes(made, run).compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "1"}}
        app.invoke({"log": []}, config)
        assert run.record.steps == ()
        assert app.invoke(Command(resume="yes"), config)["log"] == ["yes"]
        assert [s.ref for s in run.record.steps] == ["ask"]
