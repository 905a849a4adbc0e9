"""Background work: queued once, run in the process that owns the store, tried again, never lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eider
from eider.api import job_handlers
from eider.api.facade import Eider
from eider.model.clock import FixedClock
from eider.model.errors import InputError, RefusedError, UnknownIdError
from eider.store import jobs
from eider.store.engine import Engine
from eider.store.jobs import Job, Progress, pause_after

START = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def memory(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Eider]:
    """A store whose background thread is off, so that tests decide when jobs run."""
    monkeypatch.setattr(jobs.Jobs, "_start", lambda _: None)
    assert job_handlers.scrub  # with them come the handlers of jobs
    monkeypatch.setattr(jobs, "HANDLERS", dict(jobs.HANDLERS))
    monkeypatch.setattr(jobs, "OWED", set(jobs.OWED))
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
    """So many attempts; the error stays readable; a dead job can be revived."""

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


def test_pauses_grow_to_an_hour_and_never_differ() -> None:
    """The same failure waits as long in every process; no attempt waits for a day."""
    pauses = [pause_after(n).total_seconds() for n in range(1, 30)]
    assert pauses[:3] == [2, 8, 32]
    assert pauses == sorted(pauses)
    assert max(pauses) == 3600


def test_an_error_is_kept_without_its_secrets(memory: Eider) -> None:
    """What a failing handler says is redacted before it reaches the table."""
    secret = "AKIA" + "QZ7RTW2MXNVB4KLD"

    @jobs.handles("fail")
    def fail(*_: object) -> None:
        raise RuntimeError(f"the service refused {secret}")

    number = queue(memory).queue("fail")
    queue(memory).run_due()
    said = queue(memory).job(number).error
    assert said is not None
    assert "the service refused" in said
    assert secret not in said


def test_jobs_queued_together_tell_how_far_they_are(memory: Eider) -> None:
    """A batch counts what is done and what is dead; the same work in another batch is other work."""
    jobs.handles("count")(lambda *_: None)
    for n in range(3):
        queue(memory).queue("count", payload={"n": n}, batch="import-1")
    assert queue(memory).queue("count", payload={"n": 0}, batch="import-2") > 0
    queue(memory).run(queue(memory).listed(batch="import-1")[0].id)
    found = {b.label: (b.done, b.total, b.dead) for b in queue(memory).batches()}
    assert found == {"import-1": (1, 3, 0), "import-2": (0, 1, 0)}


def test_done_jobs_are_purged_but_not_from_a_batch_under_way(memory: Eider, clock: FixedClock) -> None:
    """Progress of a batch stays true; `before` spares what ended later."""
    jobs.handles("count")(lambda *_: None)
    first = queue(memory).queue("count", payload={"n": 0}, batch="b")
    queue(memory).queue("count", payload={"n": 1}, batch="b")
    alone = queue(memory).queue("count")
    queue(memory).run(first)
    queue(memory).run(alone)
    assert queue(memory).purge(before=START) == 0
    assert queue(memory).purge() == 1
    queue(memory).run_due()
    clock.advance(timedelta(minutes=1))
    assert queue(memory).purge(before=clock.now()) == 2
    assert queue(memory).listed() == []


def test_dead_jobs_are_purged_unless_they_were_promised(memory: Eider, clock: FixedClock) -> None:
    """A rewrite that a forget still owes is never thrown away, neither dead nor waiting."""

    def fail(*_: object) -> None:
        raise RuntimeError("no luck")

    jobs.handles("fail")(fail)
    jobs.handles("scrub", owed=True)(fail)
    promised = queue(memory).queue("scrub")
    queue(memory).queue("fail")
    with pytest.raises(RefusedError, match=f"eider jobs run {promised}"):
        queue(memory).cancel(promised)
    for _ in range(jobs.ATTEMPTS):
        queue(memory).run_due()
        clock.advance(timedelta(hours=2))
    assert queue(memory).purge("dead") == 1
    assert [j.id for j in queue(memory).listed("dead")] == [promised]
    with pytest.raises(InputError, match="'running'"):
        queue(memory).purge("running")


def test_a_waiting_job_can_be_cancelled(memory: Eider) -> None:
    """It does not run, and what is not there cannot be cancelled."""
    ran: list[int] = []
    jobs.handles("count")(lambda _, job, __: ran.append(job.id))
    number = queue(memory).queue("count")
    assert queue(memory).cancel(number).id == number
    assert queue(memory).run_due() == 0
    assert ran == []
    with pytest.raises(UnknownIdError, match=f"no job {number} .* eider jobs list"):
        queue(memory).cancel(number)


def test_a_job_runs_at_once_when_asked(memory: Eider, clock: FixedClock) -> None:
    """Neither its turn nor a pause after a failure holds it back; the asker is told how far it is."""
    luck = iter([False, True])

    @jobs.handles("try")
    def attempt(_: Engine, __: Job, progress: Progress) -> None:
        progress(1, 2)
        if not next(luck):
            raise RuntimeError("no luck")

    jobs.handles("urgent")(lambda *_: None)
    number = queue(memory).queue("try")
    queue(memory).run_due()
    queue(memory).queue("urgent", priority=9)
    told: list[tuple[int, int]] = []
    job = queue(memory).run(number, lambda done, total: told.append((done, total)))
    assert (job.state, told) == ("done", [(1, 2)])
    with pytest.raises(RefusedError, match="is done"):
        queue(memory).run(number)
    assert [j.kind for j in queue(memory).listed("waiting")] == ["urgent"]


def test_who_hurries_comes_first(memory: Eider) -> None:
    """Before what is more urgent."""
    order: list[str] = []
    for kind in ("slow", "urgent"):
        jobs.handles(kind)(lambda _, job, __: order.append(job.kind))
    number = queue(memory).queue("slow")
    queue(memory).queue("urgent", priority=5)
    queue(memory).hurry(number)
    queue(memory).run_due()
    assert order == ["slow", "urgent"]


def test_no_job_begins_while_work_is_paused(memory: Eider) -> None:
    """Not by its turn, not by a drain, not when asked; the server may rest meanwhile."""
    ran: list[int] = []
    jobs.handles("count")(lambda _, job, __: ran.append(job.id))
    number = queue(memory).queue("count")
    memory._engine.paused = lambda: True
    assert queue(memory).run_due() == memory.drain().jobs == 0
    for ask in (queue(memory).run, queue(memory).hurry):
        with pytest.raises(RefusedError, match="eider resume"):
            ask(number)
    assert not queue(memory).busy()
    memory._engine.paused = lambda: False
    assert queue(memory).busy()
    assert queue(memory).run_due() == 1
    assert ran == [number]


def test_a_job_whose_process_ends_every_time_is_given_up(tmp_path: Path, memory: Eider, clock: FixedClock) -> None:
    """It may be what ends it: after so many claims it lies dead and says why."""
    number = queue(memory).queue("scrub")
    for _ in range(jobs.CLAIMS - 1):
        assert queue(memory)._claim() is not None
        memory._engine._jobs = None  # as after a kill: the queue is taken over anew
    assert queue(memory).job(number).state == "waiting"
    assert queue(memory)._claim() is not None
    memory._engine._jobs = None
    dead = queue(memory).job(number)
    assert (dead.state, dead.error) == ("dead", "its process ended while it ran, again and again")


def test_what_was_done_long_ago_is_dropped_at_the_next_open(tmp_path: Path, memory: Eider, clock: FixedClock) -> None:
    """The table does not grow for ever; dead jobs stay until looked at."""
    queue(memory).queue("scrub")
    queue(memory).run_due()
    clock.advance(jobs.KEPT + timedelta(days=1))
    memory.close()
    with eider.open(tmp_path / "m.eider", user="ada", clock=clock) as again:
        assert queue(again).listed() == []


def test_queued_work_wakes_a_resting_runner(tmp_path: Path) -> None:
    """An empty queue is looked at once a minute; what is put in does not wait for that."""
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        for _ in range(2):
            number = queue(memory).queue("heal")
            end = time.monotonic() + 120
            while queue(memory).job(number).state != "done":
                assert time.monotonic() < end
                time.sleep(0.01)
