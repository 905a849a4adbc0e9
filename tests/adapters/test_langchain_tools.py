"""Eider's tools as LangChain's, in agents and alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_agents import a_memory, a_user, calling, run_of, scripted  # noqa: F401
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool

import eider
from eider.api.tools import TOOLS
from eider.model.errors import InputError
from eider_langchain import EiderMemoryMiddleware, EiderTool, memory_tools


def named(memory: eider.Eider, name: str, **more: Any) -> EiderTool:
    return memory_tools(memory, only=[name], **more)[0]


def test_a_model_is_told_of_all_seven_with_their_schemas(memory: eider.Eider, ada: str) -> None:
    """As any provider's adapter of LangChain turns them into its own form."""
    told = [convert_to_openai_tool(one)["function"] for one in memory_tools(memory, user=ada, scopes=["project:x"])]
    assert [f["name"] for f in told] == [f"memory_{name}" for name in TOOLS]
    (remember,) = (f for f in told if f["name"] == "memory_remember")
    assert remember["parameters"]["required"] == ["text"]
    assert remember["parameters"]["properties"]["scope"]["enum"] == ["project:x", "global"]
    with pytest.raises(InputError, match="there is no tool 'memorise'"):
        memory_tools(memory, only=["memorise"])


async def test_a_tool_answers_json_with_the_same_as_artifact(memory: eider.Eider, ada: str) -> None:
    """Called outright, by a tool call, with a plain text, sync and async."""
    told = json.loads(named(memory, "remember", user=ada).invoke({"text": "Ada's deploy day is Friday."}))
    assert told["status"] == "stored"
    recall = named(memory, "recall", user=ada)
    call = ToolCall(name="memory_recall", args={"query": "deploy day"}, id="c1", type="tool_call")
    for message in (recall.invoke(call), await recall.ainvoke(call)):
        assert isinstance(message, ToolMessage)
        assert message.tool_call_id == "c1"
        assert json.loads(message.text) == message.artifact
        assert "Friday" in message.artifact["text"]
    assert "Friday" in recall.run("deploy day")
    assert "Friday" in await recall.ainvoke({"query": "deploy day"})


def test_a_fault_is_an_answer_in_words(memory: eider.Eider, ada: str) -> None:
    """What a model gets wrong, and what its host forgot, does not break the agent's run."""
    model = scripted(
        AIMessage("", tool_calls=[
            ToolCall(name="memory_remember", args={"text": "x", "importance": "very"}, id="c1"),
            ToolCall(name="memory_forget", args={"id": "mem_unknown"}, id="c2"),
            ToolCall(name="memory_recall", args={}, id="c3"),
        ]), "I could not.",
    )  # fmt: skip
    done = create_agent(model, tools=memory_tools(memory, user=ada)).invoke({"messages": [("user", "Do it.")]})
    faults = [json.loads(m.text)["error"]["type"] for m in done["messages"] if isinstance(m, ToolMessage)]
    assert faults == ["InputError", "UnknownIdError", "InputError"]
    assert "user is missing" in named(memory, "recall").invoke({"query": "x"})


def test_a_call_that_is_sent_twice_is_carried_out_once(memory: eider.Eider, ada: str) -> None:
    """A graph that replays a step from its checkpoint repeats the call under the same id."""
    kept = [named(memory, "remember").invoke(
        ToolCall(name="memory_remember", args={"text": f"Note {n}."}, id="c1", type="tool_call"), run_of(ada)  # pyright: ignore[reportArgumentType]
    ).artifact["id"] for n in (1, 1)]  # fmt: skip
    assert kept[0] == kept[1]
    other = named(memory, "remember").invoke(
        ToolCall(name="memory_remember", args={"text": "Note 2."}, id="c1", type="tool_call"),
        run_of(ada, "another-thread"),  # pyright: ignore[reportArgumentType]
    )
    assert other.artifact["id"] not in kept


def test_tools_work_for_whom_the_run_is(memory: eider.Eider, ada: str) -> None:
    """Scopes, context and loop of the run's config reach them as well."""
    with memory.loop(user=ada) as loop:
        config: Any = {"configurable": {
            "user_id": ada, "eider_scopes": ["project:x"], "eider_context": "deploying", "eider_loop": loop.id,
        }}  # fmt: skip
        model = scripted(
            calling("memory_remember", "c1", text="Deploying takes an hour."), calling("memory_recall", "c2"),
            calling("memory_signal_outcome", "c3", outcome=1.0), "done",
        )  # fmt: skip
        done = create_agent(model, tools=memory_tools(memory)).invoke({"messages": [("user", "Go.")]}, config)
    answers = [m.artifact for m in done["messages"] if isinstance(m, ToolMessage)]
    assert [r.memory and r.memory.scope for r in memory.search(user=ada, kinds=["fact"]).items] == ["project:x"]
    assert "takes an hour" in answers[1]["text"]
    assert answers[2] == {"status": "stored", "loop": loop.id, "outcome": 1.0}


def test_a_renamed_tool_and_another_prefix_work(memory: eider.Eider, ada: str) -> None:
    """What a tool is called is the host's choice; what it does stays."""
    memory.remember("The deploy day is Friday.", user=ada)
    (prefixed,) = memory_tools(memory, user=ada, only=["recall"], prefix="eider-")
    renamed = prefixed.model_copy(update={"name": "look_it_up"})
    assert (prefixed.name, renamed.name) == ("eider-recall", "look_it_up")
    assert "Friday" in prefixed.invoke({"query": "deploy day"})
    assert "Friday" in renamed.invoke({"query": "deploy day"})
    with pytest.raises(InputError, match="prefix='my memory'"):
        memory_tools(memory, prefix="my memory")


def test_a_host_with_a_tool_of_the_same_name_is_told(memory: eider.Eider, ada: str) -> None:
    """`search` beside the middleware works; a tool that hides one of memory's is an error that names the fix."""

    @tool
    def search(query: str) -> str:
        """Search the shop."""
        return f"3 {query}"

    own = search.model_copy(update={"name": "memory_search"})
    agents = [
        create_agent(scripted("ok"), tools=[one], middleware=[EiderMemoryMiddleware(memory)]) for one in (search, own)
    ]
    assert agents[0].invoke({"messages": [("user", "Hello.")]}, run_of(ada))["messages"][-1].text == "ok"
    with pytest.raises(InputError, match="'memory_search' of its own"):
        agents[1].invoke({"messages": [("user", "Hello.")]}, run_of(ada))
