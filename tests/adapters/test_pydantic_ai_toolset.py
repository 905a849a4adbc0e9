"""The seven tools as a toolset of pydantic-ai."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ToolCallPart, ToolReturnPart
from pydantic_ai.models.test import TestModel as FakeModel
from pydantic_ai_agents import Script, own_loop

import eider
from eider_pydantic_ai import memory_toolset

__all__ = ["own_loop"]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[eider.Eider]:
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


def returned(messages: list[ModelMessage]) -> list[Any]:
    """What tools answered."""
    return [part.content for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]


def test_every_tool_takes_what_its_schema_allows(memory: eider.Eider) -> None:
    """The framework's own fake model calls all seven with generated arguments; each answers, none raises."""
    model = FakeModel()
    done = Agent(model, toolsets=[memory_toolset(memory, loop=memory.open_loop().id)]).run_sync("Try them.")
    answers = returned(done.all_messages())
    assert len(answers) == 7
    assert all(set(answer) & {"status", "results", "error"} for answer in answers)
    assert model.last_model_request_parameters is not None
    assert all(tool.description for tool in model.last_model_request_parameters.function_tools)


def test_what_is_kept_is_recalled_framed_as_data(memory: eider.Eider) -> None:
    """It entered as an agent's word, and leaves in memory's own frame."""
    script = Script(
        ToolCallPart("memory_remember", {"text": "Ada likes tea."}), ToolCallPart("memory_recall", {"query": "What does Ada like?"}), "Tea."
    )  # fmt: skip
    done = Agent(script.model, toolsets=[memory_toolset(memory)]).run_sync("I like tea. What do I like?")
    first, second = returned(done.all_messages())
    assert first["status"] == "stored"
    assert second["text"].startswith("<eider-memory")
    assert memory.recall("tea")[0].trust == 1


@dataclass
class Deps:
    user: str
    scopes: tuple[str, ...]


def test_user_and_scopes_come_from_deps(memory: eider.Eider) -> None:
    """A model cannot leave what the host's run says, whatever it passes."""
    toolset = memory_toolset(memory, user=lambda ctx: ctx.deps.user, scopes=lambda ctx: ctx.deps.scopes)
    calls = ({"text": "Uses tabs."}, {"text": "Uses tabs.", "user": "eve"}, {"text": "x", "scope": "project:b"})
    for arguments, kept in zip(calls, (True, False, False), strict=True):
        script = Script(ToolCallPart("memory_remember", arguments), "Done.")
        one = Agent(script.model, toolsets=[toolset], deps_type=Deps)
        done = one.run_sync("Go.", deps=Deps("bob", ("project:a",)))
        assert ("status" in returned(done.all_messages())[0]) is kept
    found = memory.search(user="bob").items
    assert [(r.memory.scope, r.text) for r in found if r.memory] == [("project:a", "Uses tabs.")]
    assert memory.search(user="eve").total == memory.search(user="ada").total == 0


def test_faults_are_answers_and_cost_the_run_nothing(memory: eider.Eider) -> None:
    """Wrong arguments and a closed memory are told to the model; no retry is used up."""
    script = Script(ToolCallPart("memory_forget", {"id": "mem_none"}), ToolCallPart("memory_recall", {}), "Done.")
    agent = Agent(script.model, toolsets=[memory_toolset(memory)], retries=0)
    answers = returned(agent.run_sync("Go.").all_messages())
    assert all(answer["error"]["fix"] for answer in answers)
    memory.close()
    script = Script(ToolCallPart("memory_recall", {"query": "tea"}), "Done.")
    agent = Agent(script.model, toolsets=[memory_toolset(memory)], retries=0)
    assert "error" in returned(agent.run_sync("Go.").all_messages())[0]
