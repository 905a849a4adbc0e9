"""Memory in an agent made by `create_agent`: asked before, taught after, once."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_agents import a_memory, a_user, calling, run_of, said, scripted  # noqa: F401
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

import eider
from eider_langchain import EiderMemoryMiddleware

FIRST, REPLY = "How do I write a review?", "No, please write in paragraphs."


@tool
def look_up(name: str) -> str:
    """Look somebody up in the directory."""
    return f"{name} works in the Oslo office."


def test_what_is_known_reaches_the_model_in_its_system_message_and_never_the_state(
    memory: eider.Eider, ada: str
) -> None:
    """Guidance and recalled lines stand beneath the agent's own prompt, each once; the state holds the talk only."""
    memory.remember("Always answer in French.", user=ada, kind="rule")
    memory.remember("Ada's deploy day is Friday.", user=ada)
    memory.record("The staging server is called puffin.", user=ada, session="earlier")
    model = scripted("puffin", "vendredi")
    agent = create_agent(model, system_prompt="Be brief.", middleware=[EiderMemoryMiddleware(memory, learn=False)])
    done = agent.invoke({"messages": [("user", "What is the staging server called?")]}, run_of(ada))
    assert model.system().startswith("Be brief.\n\n")
    assert "Always answer in French." in model.system()
    framed = model.system()[model.system().index("<eider-memory") :]
    assert "puffin" in framed
    assert not any(isinstance(m, SystemMessage) for m in done["messages"])
    agent.invoke({"messages": [("user", "On which day do we deploy?")]}, run_of(ada))
    assert model.system().count("deploy day is Friday") == 1


def test_a_system_message_of_blocks_gets_one_block_more(memory: eider.Eider, ada: str) -> None:
    """Blocks, and what caching of prompts hangs on them, stay as they are."""
    memory.remember("Always answer in French.", user=ada, kind="rule")
    block = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    model = scripted("oui")
    agent = create_agent(
        model, system_prompt=SystemMessage([block]), middleware=[EiderMemoryMiddleware(memory, learn=False)]
    )
    agent.invoke({"messages": [("user", "Hello")]}, run_of(ada))
    content = model.seen[0][0].content
    assert isinstance(content, list)
    assert content[0] == block
    assert "French" in str(content[1])


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
async def test_each_reply_is_judged_against_the_answer_before_it(memory: eider.Eider, ada: str, how: str) -> None:
    """Reply N meets output N-1: a correction becomes a rule, which guides the next turn; all is kept once."""
    middleware = EiderMemoryMiddleware(memory)
    model = scripted("- one\n- two", "One, then two.", "Three.")
    agent: Any = create_agent(model, middleware=[middleware], checkpointer=InMemorySaver())

    async def turn(text: str) -> None:
        given = {"messages": [("user", text)]}
        if how == "invoke":
            agent.invoke(given, run_of(ada))
        elif how == "ainvoke":
            await agent.ainvoke(given, run_of(ada))
        elif how == "stream":
            list(agent.stream(given, run_of(ada), stream_mode="messages"))
        else:
            _ = [part async for part in agent.astream(given, run_of(ada), stream_mode="messages")]

    await turn(FIRST)
    await turn(REPLY)
    assert await middleware.aflush(10)
    await turn("And the other report?")
    assert "paragraphs" in str(model.seen[-1][0].content)
    assert middleware.flush(10)
    assert said(memory, ada) == [
        ("user", FIRST), ("agent", "- one\n- two"), ("user", REPLY), ("agent", "One, then two."),
        ("user", "And the other report?"), ("agent", "Three."),
    ]  # fmt: skip


def test_memory_is_asked_once_a_turn_however_many_steps_it_takes(memory: eider.Eider, ada: str) -> None:
    """A rule that is kept between two steps of a turn guides the next turn, not the second step."""
    model = scripted(calling("memory_remember", text="Always answer in French.", kind="rule"), "done", "bonjour")
    middleware = EiderMemoryMiddleware(memory, learn=False)
    agent = create_agent(model, middleware=[middleware], checkpointer=InMemorySaver())
    memory.remember("Never use emojis.", user=ada, kind="rule")
    agent.invoke({"messages": [("user", "Which language shall it be?")]}, run_of(ada))
    assert model.system(0) == model.system(1) != ""
    assert [m.text for m in _memories(memory, ada, "rule")] == ["Always answer in French.", "Never use emojis."]


def test_what_tools_say_is_kept_at_their_trust_and_taints_the_answer(memory: eider.Eider, ada: str) -> None:
    """Neither the tool's words nor the answer that rests on them can become guidance."""
    model = scripted(calling("look_up", name="Grace"), "Grace works in the Oslo office.")
    middleware = EiderMemoryMiddleware(memory)
    create_agent(model, tools=[look_up], middleware=[middleware]).invoke(
        {"messages": [("user", "Where does Grace work?")]}, run_of(ada)
    )
    assert middleware.flush(10)
    assert said(memory, ada) == [
        ("user", "Where does Grace work?"), ("tool", "Grace works in the Oslo office."),
        ("tool", "Grace works in the Oslo office."),
    ]  # fmt: skip


def test_what_memory_gave_out_is_not_kept_again(memory: eider.Eider, ada: str) -> None:
    """An answer of Eider's own tools is no utterance, and an answer that quotes it keeps its own words only."""
    memory.remember("Ada's deploy day is Friday.", user=ada)
    model = scripted(calling("memory_recall", query="deploy day"), "On Fridays.")
    middleware = EiderMemoryMiddleware(memory, recall=False)
    done = create_agent(model, middleware=[middleware]).invoke({"messages": [("user", "When?")]}, run_of(ada))
    assert "eider-memory" in done["messages"][2].text
    assert middleware.flush(10)
    assert said(memory, ada) == [("user", "When?"), ("agent", "On Fridays.")]


def test_what_a_stranger_once_said_taints_an_answer_that_recalled_it(memory: eider.Eider, ada: str) -> None:
    """A document's words do not gain trust by passing through recall and the agent's mouth."""
    memory.channel("web", "document").record("The wifi password policy is weekly rotation.", user=ada, role="other")
    model = scripted(calling("memory_recall", query="wifi password policy"), "Rotate the wifi password weekly.")
    middleware = EiderMemoryMiddleware(memory, recall=False)
    create_agent(model, middleware=[middleware]).invoke({"messages": [("user", "And the wifi?")]}, run_of(ada))
    assert middleware.flush(10)
    assert said(memory, ada)[1:] == [("user", "And the wifi?"), ("tool", "Rotate the wifi password weekly.")]


def test_a_message_told_twice_is_kept_once(memory: eider.Eider, ada: str) -> None:
    """A host that repeats a turn under the same ids (a retry, a replay) teaches nothing twice."""
    middleware = EiderMemoryMiddleware(memory)
    for _ in range(2):
        agent = create_agent(scripted(AIMessage("Noted.", id="a1")), middleware=[middleware])
        agent.invoke({"messages": [HumanMessage("I live in Bergen.", id="h1")]}, run_of(ada))
    assert middleware.flush(10)
    assert said(memory, ada) == [("user", "I live in Bergen."), ("agent", "Noted.")]


def test_a_history_that_its_caller_sends_again_is_not_learned_again(memory: eider.Eider, ada: str) -> None:
    """Without a checkpointer hosts send the whole talk each turn, without ids; only the latest turn is new."""
    middleware = EiderMemoryMiddleware(memory)
    agent = create_agent(scripted("- one", "One."), middleware=[middleware])
    agent.invoke({"messages": [("user", FIRST)]}, run_of(ada))
    agent.invoke({"messages": [("user", FIRST), ("ai", "- one"), ("user", REPLY)]}, run_of(ada))
    assert middleware.flush(10)
    assert said(memory, ada) == [("user", FIRST), ("agent", "- one"), ("user", REPLY), ("agent", "One.")]
    assert any("paragraphs" in m.text for m in _memories(memory, ada))


def test_an_interrupted_turn_is_kept_once_when_it_goes_on(memory: eider.Eider, ada: str) -> None:
    """While a person is asked nothing is lost, and afterwards nothing is there twice."""
    middleware = EiderMemoryMiddleware(memory)
    agent = create_agent(
        scripted(calling("look_up", name="Grace"), "In Oslo."), tools=[look_up], checkpointer=InMemorySaver(),
        middleware=[middleware, HumanInTheLoopMiddleware(interrupt_on={"look_up": True})],
    )  # fmt: skip
    asked = agent.invoke({"messages": [("user", "Where is Grace?")]}, run_of(ada))
    assert asked["__interrupt__"]
    agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), run_of(ada))
    assert middleware.flush(10)
    assert [text for _, text in said(memory, ada)] == [
        "Where is Grace?", "Grace works in the Oslo office.", "In Oslo.",
    ]  # fmt: skip


def test_what_was_said_in_a_turn_that_failed_is_learned_with_the_next(memory: eider.Eider, ada: str) -> None:
    """The agent broke before it could answer; the user's correction counts all the same."""
    middleware = EiderMemoryMiddleware(memory)
    agent = create_agent(scripted("- one", "fails", "One."), middleware=[middleware], checkpointer=InMemorySaver())
    agent.invoke({"messages": [("user", FIRST)]}, run_of(ada))
    with pytest.raises(ConnectionError):
        agent.invoke({"messages": [("user", REPLY)]}, run_of(ada))
    agent.invoke({"messages": [("user", "Are you there?")]}, run_of(ada))
    assert middleware.flush(10)
    assert [text for _, text in said(memory, ada)] == [FIRST, "- one", REPLY, "Are you there?", "One."]
    assert any("paragraphs" in m.text for m in _memories(memory, ada))


class Review(BaseModel):
    """A review."""

    verdict: str


def test_a_structured_answer_is_the_agents_words(memory: eider.Eider, ada: str) -> None:
    """LangChain asks for it as a call; it is kept as what the agent said, and replies are judged against it."""
    middleware = EiderMemoryMiddleware(memory)
    model = scripted(calling("Review", "c1", verdict="- fine"), calling("Review", "c2", verdict="Fine."))
    agent = create_agent(
        model, middleware=[middleware], response_format=ToolStrategy(Review), checkpointer=InMemorySaver()
    )
    agent.invoke({"messages": [("user", FIRST)]}, run_of(ada))
    assert agent.invoke({"messages": [("user", REPLY)]}, run_of(ada))["structured_response"] == Review(verdict="Fine.")
    assert middleware.flush(10)
    assert said(memory, ada) == [
        ("user", FIRST), ("agent", '{"verdict": "- fine"}'), ("user", REPLY), ("agent", '{"verdict": "Fine."}'),
    ]  # fmt: skip
    assert any("paragraphs" in m.text for m in _memories(memory, ada))


def test_parallel_threads_do_not_cross(memory: eider.Eider, ada: str) -> None:
    """One agent serves many users at once; each model call sees its own user's memory, each user keeps his own words."""
    users = [f"{ada}-{n}" for n in range(6)]
    for n, user in enumerate(users):
        memory.remember(f"Always sign as agent {n}.", user=user, kind="rule")
    model = scripted(*["ok"] * len(users))
    middleware = EiderMemoryMiddleware(memory)
    agent = create_agent(model, middleware=[middleware], checkpointer=InMemorySaver())

    def turn(n: int) -> None:
        agent.invoke({"messages": [("user", f"This is number {n}.")]}, run_of(users[n], f"thread-{n}"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(turn, range(len(users))))
    for call in model.seen:
        number = call[-1].text.split()[-1]
        assert f"agent {number}" in call[0].text
    assert middleware.flush(10)
    for n, user in enumerate(users):
        assert said(memory, user) == [("user", f"This is number {n}."), ("agent", "ok")]


@dataclass
class Context:
    user_id: str


def test_whose_memory_it_is_comes_from_arguments_then_context_then_config(memory: eider.Eider, ada: str) -> None:
    """The more explicit wins, for the system message, for what is learned and for tools alike."""
    for who in ("context", "config", "argument"):
        memory.remember(f"Always mention the {who}.", user=f"{ada}-{who}", kind="rule")
    config = run_of(f"{ada}-config")
    for explicit, expected in ((None, "context"), (f"{ada}-argument", "argument")):
        model = scripted(calling("memory_remember", text=f"The {explicit} was told."), "ok")
        middleware = EiderMemoryMiddleware(memory, user=explicit)
        agent = create_agent(model, middleware=[middleware], context_schema=Context)
        agent.invoke({"messages": [("user", "Hi")]}, config, context=Context(user_id=f"{ada}-context"))
        assert f"mention the {expected}" in model.system()
        assert middleware.flush(10)
        assert ("user", "Hi") in said(memory, f"{ada}-{expected}")
        assert any("was told" in m.text for m in _memories(memory, f"{ada}-{expected}"))
    assert said(memory, f"{ada}-config") == []


def test_memory_that_fails_does_not_fail_the_agent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A closed store: the agent answers, tools answer in words, one warning is logged, and then silence."""
    memory = eider.open(tmp_path / "m.eider", user="ada")
    middleware = EiderMemoryMiddleware(memory)
    model = scripted(calling("memory_recall", query="x"), "still here", "and here")
    agent = create_agent(model, middleware=[middleware], checkpointer=InMemorySaver())
    memory.close()
    with caplog.at_level(logging.WARNING, "eider"):
        done = agent.invoke({"messages": [("user", "Hello?")]}, run_of("ada"))
        assert '"error"' in done["messages"][2].text
        assert agent.invoke({"messages": [("user", "Hello?")]}, run_of("ada"))["messages"][-1].text == "and here"
        middleware.flush(10)
    assert len([r for r in caplog.records if r.name == "eider"]) == 1


def _memories(memory: eider.Eider, user: str, kind: str | None = None) -> list[eider.Memory]:
    page = memory.search(user=user, kinds=[kind] if kind else None)
    return sorted((r.memory for r in page.items if r.memory), key=lambda m: m.text)
