"""Who speaks in pydantic-ai, and whose memory it is: only the person's words teach, also of a run that is given up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ToolCallPart
from pydantic_ai_agents import Script, agent, kept, own_loop

import eider
from eider.model.errors import InputError
from eider_pydantic_ai import EiderCapability

__all__ = ["own_loop"]
FRENCH = "Always answer in French."


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[eider.Eider]:
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


@pytest.fixture
def gives(memory: eider.Eider) -> EiderCapability:
    return EiderCapability(memory, tools=False)


@pytest.mark.parametrize("how", ["run_stream", "iter"])
async def test_a_run_that_is_given_up_keeps_what_the_user_said(
    memory: eider.Eider, gives: EiderCapability, how: str
) -> None:
    """A closed tab, a break: the words are learned from once, also when the prompt is sent again."""
    words = agent(Script("one two three"), gives)
    if how == "run_stream":
        async with words.run_stream(FRENCH) as run:
            async for _ in run.stream_text():
                break
    else:
        async with words.iter(FRENCH) as run:
            async for _ in run:
                break
    assert await gives.aflush(10)
    assert kept(memory) == [("user", 2, FRENCH)]
    assert FRENCH in memory.policy().text


@pytest.mark.parametrize(("speaker", "learns"), [(None, False), ("user", True), ("agent", False)])
async def test_an_agent_that_a_tool_runs_is_spoken_to_by_an_agent(
    memory: eider.Eider, gives: EiderCapability, speaker: Any, learns: bool
) -> None:
    """Delegation, as pydantic-ai's documentation has it; a host may say who speaks."""
    inner = agent(Script("done"), EiderCapability(memory, tools=False, speaker=speaker))
    outer = agent(Script(ToolCallPart("delegate", {"task": FRENCH}), "ok"), gives)

    @outer.tool_plain
    async def delegate(task: str) -> str:
        """Hand a task to another agent."""
        return (await inner.run(task)).output

    await outer.run("Do the research.")
    assert await gives.aflush(10)
    assert (FRENCH in memory.policy().text) is learns
    assert ("user", 2, "Do the research.") in kept(memory)


async def test_an_agent_that_makes_the_output_is_spoken_to_by_an_agent(
    memory: eider.Eider, gives: EiderCapability
) -> None:
    """A hand-off by an output function."""
    inner = agent(Script("done"), gives)

    async def hand_off(task: str) -> str:
        """Hand the conversation on."""
        return (await inner.run(task)).output

    outer: Agent[None, str] = Agent(
        Script(ToolCallPart("final_result", {"task": FRENCH})).model, output_type=hand_off, capabilities=[gives]
    )
    assert (await outer.run("Do the research.")).output == "done"
    assert await gives.aflush(10)
    assert FRENCH not in memory.policy().text


def test_a_run_that_names_no_user_is_an_error(tmp_path: Path) -> None:
    """Where neither capability nor `eider.open` says whose memory it is, nobody's is taken; so is a wrong speaker."""
    with eider.open(tmp_path / "m.eider") as memory:
        with pytest.raises(InputError, match="user is missing"):
            agent(Script(), EiderCapability(memory)).run_sync("Hello.")
        wrong: Any = EiderCapability(memory, user="ada", speaker=lambda _: "robot")
        with pytest.raises(InputError, match="speaker='robot'"):
            agent(Script(), wrong).run_sync("Hello.")


def test_a_host_keeps_its_own_tools(memory: eider.Eider) -> None:
    """A tool named `search` stands beside memory's; the prefix is the host's choice."""
    script = Script(ToolCallPart("my-recall", {"query": "tea"}), ToolCallPart("search", {"query": "lamps"}), "Done.")
    shop = agent(script, EiderCapability(memory, prefix="my-"))
    found: list[str] = []

    @shop.tool_plain
    def search(query: str) -> str:
        """Search the shop."""
        found.append(query)
        return "3 lamps"

    assert shop.run_sync("Which lamps are there?").output == "Done."
    assert found == ["lamps"]
    assert "error" not in str(script.sent[1][0][-1])
