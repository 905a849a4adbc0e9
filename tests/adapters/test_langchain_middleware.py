"""Memory in an agent made by `create_agent`: recalled before, learned after, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import eider
import pytest
from eider_langchain import EiderMemoryMiddleware
from langchain.agents import create_agent
from langchain_agents import calling, scripted, texts
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph.checkpoint.memory import InMemorySaver

ADA: dict[str, Any] = {"configurable": {"user_id": "ada", "thread_id": "t1"}}


@pytest.fixture
def memory(tmp_path: Path):
    with eider.open(tmp_path / "m.eider") as opened:
        yield opened


def said(memory: eider.Eider, user: str = "ada") -> list[tuple[str, str]]:
    """What is kept verbatim: (role, text), oldest first."""
    page = memory.search(kinds=["episode"], user=user, limit=100)
    found = sorted((r.episode for r in page.items if r.episode), key=lambda e: (e.recorded_at, e.seq))
    return [(e.role, e.text) for e in found]


def test_what_is_known_reaches_the_model_in_its_system_message_and_never_the_state(memory):
    """Guidance and recalled lines stand beneath the agent's own prompt; the state holds the conversation only."""
    memory.remember("Always answer in French.", user="ada", kind="rule")
    memory.remember("Ada's deploy day is Friday.", user="ada")
    model = scripted("vendredi")
    agent = create_agent(model, system_prompt="Be brief.", middleware=[EiderMemoryMiddleware(memory)])
    done = agent.invoke({"messages": [("user", "On which day do we deploy?")]}, ADA)
    system = model.system()
    assert system.startswith("Be brief.\n\n")
    assert "Always answer in French." in system
    assert "<eider-memory" in system
    assert "deploy day is Friday" in system
    assert not any(isinstance(m, SystemMessage) for m in done["messages"])


def test_each_reply_is_judged_against_the_answer_before_it(memory):
    """Reply N meets output N-1: a correction becomes a rule, and guides the next turn."""
    middleware = EiderMemoryMiddleware(memory)
    model = scripted("- one\n- two", "One, then two.", "Three.")
    agent = create_agent(model, middleware=[middleware], checkpointer=InMemorySaver())
    agent.invoke({"messages": [("user", "Summarise the report.")]}, ADA)
    agent.invoke({"messages": [("user", "No, please write in paragraphs.")]}, ADA)
    assert middleware.flush(10)
    agent.invoke({"messages": [("user", "And the other report?")]}, ADA)
    assert "paragraphs" in model.system()
    assert middleware.flush(10)
    assert said(memory) == [
        ("user", "Summarise the report."), ("agent", "- one\n- two"),
        ("user", "No, please write in paragraphs."), ("agent", "One, then two."),
        ("user", "And the other report?"), ("agent", "Three."),
    ]  # fmt: skip
