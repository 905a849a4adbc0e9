"""pydantic-ai: agent runs and graph steps are steps of a run, in the real framework."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydantic
import pytest
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
from pydantic_graph import GraphBuilder, StepContext

import eider
from eider.api.facade import Eider
from eider_pydantic_ai import keep_agent, keep_step


class City(pydantic.BaseModel):
    name: str
    people: int = 1


@dataclass
class Notes:
    said: list[str] = field(default_factory=list)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Eider]:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


def test_an_agent_is_asked_once(memory: Eider) -> None:
    """Output, messages and usage come back; the model is not asked again; a tool's words are not trusted."""
    asked: list[str] = []

    def look_up(place: str) -> str:
        asked.append(place)
        return "It lies in the north."

    async def flow(*, broken: bool) -> Any:
        with memory.run("agents", key="k") as run:
            plain = keep_agent(Agent(TestModel(custom_output_text="Bergen."), name="plain"), run)
            typed = keep_agent(Agent(TestModel(), output_type=City, name="typed", tools=[look_up]), run)
            first = await plain.run("Where?")
            second = await typed.run("Which?")
            if broken:
                raise OSError("network")
            return first, second

    with pytest.raises(OSError, match="network"):
        asyncio.run(flow(broken=True))
    assert len(asked) == 1
    first, second = asyncio.run(flow(broken=False))
    assert len(asked) == 1
    assert first.output == "Bergen."
    assert isinstance(second.output, City)
    assert [type(m).__name__ for m in first.all_messages()] == ["ModelRequest", "ModelResponse"]
    assert [type(m).__name__ for m in second.new_messages()][-1] == "ModelRequest"
    steps = {s.ref: s.trust for s in memory.run_of(memory.runs()[0].id).steps}
    assert steps == {"plain": 1, "typed": 0}


def test_a_graph_goes_on_where_it_stopped(memory: Eider) -> None:
    """Steps give what they gave, models as models, and the state is as they left it."""
    ran: list[str] = []

    async def flow(*, broken: bool) -> Any:
        with memory.run("graph", key="k") as run:
            g = GraphBuilder(state_type=Notes, input_type=str, output_type=str)

            @g.step
            @keep_step(run)
            async def find(ctx: StepContext[Notes, None, str]) -> City:
                ran.append("find")
                ctx.state.said.append("found")
                return City(name=ctx.inputs)

            @g.step
            @keep_step(run)
            async def tell(ctx: StepContext[Notes, None, City]) -> str:
                ran.append("tell")
                if broken:
                    raise OSError("network")
                return f"{ctx.inputs.name} {ctx.inputs.people} {ctx.state.said}"

            g.add(g.edge_from(g.start_node).to(find), g.edge_from(find).to(tell), g.edge_from(tell).to(g.end_node))
            return await g.build().run(state=Notes(), inputs="Bergen")

    with pytest.raises(OSError, match="network"):
        asyncio.run(flow(broken=True))
    assert asyncio.run(flow(broken=False)) == "Bergen 1 ['found']"
    assert ran == ["find", "tell", "tell"]
