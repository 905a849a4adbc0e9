"""A LlamaIndex workflow whose steps are kept: it breaks in the third step, and the same program goes on from there.

Runs as it is: the steps are plain functions; call a model in them.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from llama_index.core.workflow import Event, StartEvent, StopEvent, Workflow, step

import eider
from eider_llamaindex import keep_steps


class Planned(Event):
    """What is to be looked up."""

    question: str


class Found(Event):
    """What was found."""

    facts: list[str]


class Report(Workflow):
    """Plan, look up, write."""

    offline = False

    @step
    async def plan(self, ev: StartEvent) -> Planned:
        """Say what is to be looked up."""
        print("  plan runs")
        return Planned(question=f"Where do {ev.topic} nest?")

    @step
    async def look_up(self, ev: Planned) -> Found:
        """Look it up."""
        print("  look_up runs")
        return Found(facts=[ev.question, "In down."])

    @step
    async def write(self, ev: Found) -> StopEvent:
        """Write it down."""
        print("  write runs")
        if self.offline:
            raise ConnectionError("the model cannot be reached")
        return StopEvent(result=" ".join(ev.facts))


async def report(memory: Any, *, offline: bool) -> str:
    """Run the workflow; with the same key finished steps give the events that they gave."""
    workflow = Report(timeout=60)
    workflow.offline = offline
    with memory.run("report", key="2026-W48") as run:  # these are
        return str(await keep_steps(workflow, run).run(topic="eiders"))  # the two lines


async def main() -> None:
    """Break, go on, and look at what each step gave."""
    with eider.open(Path(tempfile.mkdtemp()) / "work.eider", user="ada") as memory:
        try:
            await report(memory, offline=True)
        except Exception as error:  # noqa: BLE001 (the framework wraps what a step raises)
            print(f"  … {str(error).splitlines()[0]}")
        print("and again:")
        print(await report(memory, offline=False))
        for one in memory.run_of(memory.runs()[0].id).steps:
            print(f"{one.ref}: {one.attempts} attempt(s), {one.tokens} tokens")


if __name__ == "__main__":
    asyncio.run(main())
