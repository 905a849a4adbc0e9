"""Background work: queued once, run in the process that owns the store, tried again, never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eider
from eider import jobs
from eider.clock import FixedClock
from eider.eider import Eider
from eider.engine import Engine
from eider.errors import InputError
from eider.jobs import Job, Progress

START = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def memory(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Eider]:
    """A store whose background thread is off, so that tests decide when jobs run."""
    monkeypatch.setattr(jobs.Jobs, "_start", lambda _: None)
    monkeypatch.setattr(jobs, "HANDLERS", dict(jobs.HANDLERS))
    with eider.open(tmp_path / "m.eider", user="ada", clock=clock) as opened:
        yield opened


def queue(memory: Eider) -> jobs.Jobs:
    return memory._engine.jobs


def test_a_job_runs_once_and_says_how_far_it_is(memory: Eider) -> None:
    """Progress and end are in the table."""
    ran: list[int] = []

    @jobs.handles("count")
    def count(_: Engine, job: Job, progress: Progress) -> None:
        ran.append(job.payload["to"])
        progress(job.payload["to"], job.payload["to"])

    queue(memory).queue("count", payload={"to": 3})
    assert queue(memory).run_due() == 1
    assert queue(memory).run_due() == 0
    done = queue(memory).listed()[0]
    assert (ran, done.state, done.done, done.total) == ([3], "done", 3, 3)


def test_the_same_waiting_job_is_queued_once(memory: Eider) -> None:
    """Forgets that follow each other share one rewrite."""
    first = queue(memory).queue("scrub")
    assert queue(memory).queue("scrub") == first


def test_urgent_work_comes_first(memory: Eider) -> None:
    """Priority decides, then age."""
    order: list[str] = []
    for kind in ("slow", "urgent"):
        jobs.handles(kind)(lambda _, job, __: order.append(job.kind))
    queue(memory).queue("slow")
    queue(memory).queue("urgent", priority=5)
    queue(memory).run_due()
    assert order == ["urgent", "slow"]


def test_a_failing_job_is_tried_again_with_growing_pauses_and_then_lies_dead(memory: Eider, clock: FixedClock) -> None:
    """Five attempts; the error stays readable; a dead job can be revived."""

    @jobs.handles("fail")
    def fail(*_: object) -> None:
        raise RuntimeError("no luck")

    number = queue(memory).queue("fail")
    for _ in range(jobs.ATTEMPTS):
        assert queue(memory).run_due() == 1
        assert queue(memory).run_due() == 0, "it waits before it is tried again"
        clock.advance(timedelta(hours=2))
    dead = queue(memory).listed("dead")[0]
    assert (dead.id, dead.attempts, dead.error) == (number, jobs.ATTEMPTS, "RuntimeError: no luck")
    queue(memory).retry(number)
    assert queue(memory).listed("waiting")[0].attempts == 0


def test_a_claim_dies_with_its_process(tmp_path: Path, memory: Eider, clock: FixedClock) -> None:
    """What was running when the process was killed waits again at the next open."""
    queue(memory).queue("scrub")
    assert queue(memory)._claim() is not None
    memory.close()
    with eider.open(tmp_path / "m.eider", user="ada", clock=clock) as again:
        assert [j.state for j in queue(again).listed()] == ["waiting"]
        assert again.drain().jobs == 1


def test_unknown_work_is_refused_when_it_is_queued(memory: Eider) -> None:
    """The message names the kinds there are."""
    with pytest.raises(InputError, match=r"'dance' has no handler; known are .*'scrub'"):
        queue(memory).queue("dance")


def test_a_forget_that_does_not_wait_is_scrubbed_by_the_next_drain(memory: Eider) -> None:
    """Nobody can read it at once; the bytes go with the queued job."""
    said = memory.record("The code word is heliotrope.")
    receipt = memory.forget(said.id, wait=False)
    assert (receipt.physical, memory.recall("heliotrope code word")) == ("queued", [])
    assert memory.drain().jobs == 1
    assert queue(memory).listed()[0].state == "done"
