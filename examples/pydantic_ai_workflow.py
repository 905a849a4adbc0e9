"""Agent runs and graph steps of pydantic-ai that are kept: the graph breaks, and the same program goes on from there.

Runs without a key on a scripted model, which says how often it was asked.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_graph import GraphBuilder, StepContext

import eider
from eider_pydantic_ai import keep_agent, keep_step


@dataclass
class Notes:
    """State of the graph."""

    facts: list[str] = field(default_factory=list)


def scripted(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
    """Stands in for a model."""
    print("  the model is asked")
    return ModelResponse([TextPart("Eiders line their nests with down.")])


async def report(memory: Any, *, offline: bool) -> str:
    """Run the graph; with the same key what is finished gives what it gave, and no model is asked again."""
    with memory.run("report", key="2026-W48") as run:
        researcher = keep_agent(Agent(FunctionModel(scripted), name="researcher"), run)  # an agent: one line
        graph = GraphBuilder(state_type=Notes, input_type=str, output_type=str)

        @graph.step
        @keep_step(run)  # a step of a graph: one line
        async def look_up(ctx: StepContext[Notes, None, str]) -> str:
            print("  look_up runs")
            ctx.state.facts.append((await researcher.run(ctx.inputs)).output)
            return ctx.inputs

        @graph.step
        @keep_step(run)
        async def write(ctx: StepContext[Notes, None, str]) -> str:
            print("  write runs")
            if offline:
                raise ConnectionError("the printer cannot be reached")
            return f"{ctx.inputs} {' '.join(ctx.state.facts)}"

        graph.add(
            graph.edge_from(graph.start_node).to(look_up),
            graph.edge_from(look_up).to(write),
            graph.edge_from(write).to(graph.end_node),
        )
        return str(await graph.build().run(state=Notes(), inputs="Where do eiders nest?"))


async def main() -> None:
    """Break, go on, and look at what each step gave."""
    with eider.open(Path(tempfile.mkdtemp()) / "work.eider", user="ada") as memory:
        try:
            await report(memory, offline=True)
        except ConnectionError as error:
            print(f"  … {error}")
        print("and again:")
        print(await report(memory, offline=False))
        for step in memory.run_of(memory.runs()[0].id).steps:
            print(f"{step.ref}: {step.attempts} attempt(s), {step.tokens} tokens")


if __name__ == "__main__":
    asyncio.run(main())
