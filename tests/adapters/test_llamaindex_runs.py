"""LlamaIndex: steps of a workflow are steps of a run, in the real framework."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from workflows.retry_policy import retry_policy, stop_after_attempt, wait_fixed

import eider
from eider.api.facade import Eider
from eider_llamaindex import keep_steps

RAN: list[str] = []
BROKEN: list[int] = []


class Found(Event):
    text: str


class Part(Event):
    number: int


class Done(Event):
    number: int


class Report(Workflow):
    """find → fan out to three parts → join → a step that breaks."""

    @step
    async def find(self, ev: StartEvent) -> Found:
        RAN.append("find")
        return Found(text=f"about {ev.topic}")

    @step
    async def split(self, ctx: Context, ev: Found) -> Part | None:
        RAN.append("split")
        for n in range(3):
            ctx.send_event(Part(number=n))
        return None

    @step(num_workers=2)
    async def work(self, ev: Part) -> Done:
        RAN.append(f"work {ev.number}")
        return Done(number=ev.number * 10)

    @step(retry_policy=retry_policy(wait=wait_fixed(0), stop=stop_after_attempt(2)))
    async def join(self, ctx: Context, ev: Done) -> StopEvent | None:
        found = ctx.collect_events(ev, [Done] * 3)
        if found is None:
            return None
        RAN.append("join")
        if BROKEN and BROKEN.pop():
            raise OSError("network")
        return StopEvent(result=sorted(d.number for d in found))


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Eider]:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    RAN.clear()
    BROKEN.clear()
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


def flow(memory: Eider) -> Any:
    async def main() -> Any:
        with memory.run("workflow", key="k") as run:
            return await keep_steps(Report(timeout=240), run).run(topic="eiders")

    return asyncio.run(main())


def test_a_workflow_goes_on_where_it_stopped(memory: Eider) -> None:
    """Events that were returned or sent come again; the steps that gave them do not run."""
    BROKEN.extend([1, 1, 1, 1])
    with pytest.raises(Exception, match="network"):
        flow(memory)
    first = list(RAN)
    assert first[:2] == ["find", "split"]
    RAN.clear()
    BROKEN.clear()
    assert flow(memory) == [0, 10, 20]
    assert "find" not in RAN
    assert not [r for r in RAN if r.startswith("work")]
    RAN.clear()
    assert flow(memory) == [0, 10, 20]
    assert RAN == [], "a run that is done gives what it gave"
    names = [s.ref for s in memory.run_of(memory.runs()[0].id).steps if s.status == "done"]
    assert {"find", "split", "work", "work#2", "work#3", "join"} <= set(names)


def test_a_retry_of_the_framework_is_the_same_step(memory: Eider) -> None:
    """A step that fails and is tried again is one step with two attempts."""
    BROKEN.append(1)
    assert flow(memory) == [0, 10, 20]
    joins = [s for s in memory.run_of(memory.runs()[0].id).steps if s.name == "join"]
    assert [(s.status, s.attempts) for s in joins] == [("done", 2)]


def test_other_instances_are_left_alone(memory: Eider) -> None:
    """Only the workflow that was handed over is kept."""
    with memory.run("workflow") as run:
        keep_steps(Report(), run)
        assert asyncio.run(_plain()) == [0, 10, 20]
        assert run.record.steps == ()


async def _plain() -> Any:
    return await Report(timeout=240).run(topic="eiders")
