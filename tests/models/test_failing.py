"""A model that fails: what was said is kept, nothing is half-learned, and it is learned from later."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from stub_server import HANG, HTML, INVALID, REFUSAL, TRUNCATED, WRONG, Fault, StubServer, broken

import eider
from eider.model.errors import ModelError, StoreFullError
from eider.store.jobs import ATTEMPTS

Open = Callable[..., eider.Eider]
pytestmark = pytest.mark.usefixtures("unsure")
VAGUE = "Danish is what our release notes have come to be in."
STATED = "The team's release notes are in Danish."
HEARD = {"reasoning": "lasts", "signals": [{"quote": VAGUE, "kind": "fact", "confidence": 0.9}]}
WORDED = {
    "reasoning": "so",
    "memories": [{"signal": 1, "text": STATED, "kind": "fact", "subject": "team", "importance": 3}],
}
FAULTS = {
    "invalid JSON": INVALID, "another form": WRONG, "refusal": REFUSAL, "truncation": TRUNCATED,
    "429": broken(429), "500": broken(500), "529": broken(529), "HTML": HTML, "an error page": Fault(status=502, body="<html>"),
}  # fmt: skip


def texts(memory: eider.Eider) -> list[str]:
    return [str(item.text) for item in memory.search().items if item.memory is not None]


def until(done: Callable[[], bool], what: str) -> None:
    """Wait for a condition; the queue runs by itself."""
    end = time.monotonic() + 120
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def held(memory: eider.Eider) -> None:
    """Keep the queue from running by itself: tests run it."""
    memory._engine.jobs._stopped = True


def observed(memory: eider.Eider, **more: Any) -> Any:
    return memory.observe(agent_output="Here are the notes.", user_reply=VAGUE, **more)


def waiting(memory: eider.Eider) -> list[Any]:
    return [job for job in memory._engine.jobs.listed() if job.kind == "learn"]


@pytest.mark.parametrize("place", ["first", "second"])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_said_is_kept_and_learned_from_later(memory: Open, server: StubServer, fault: str, place: str) -> None:
    """Whatever goes wrong, at the first question or after it: both utterances are there, no memory is, and later one is."""
    sound = Fault(text=json.dumps(HEARD))
    server.answers |= {"signal": HEARD, "memory": WORDED}
    server.faults = [FAULTS[fault]] if place == "first" else [sound, FAULTS[fault]]
    one = memory("balanced")
    held(one)
    learned = observed(one)
    assert (learned.status, learned.memories, learned.inbox, len(learned.episodes)) == ("queued", (), (), 2)
    assert texts(one) == []
    assert [hit.text for hit in one.search("Danish").items] == [VAGUE]
    assert one._engine.jobs.run_due() == 1
    assert texts(one) == [VAGUE]
    memories = [m for m in one.search().items if m.memory is not None]
    assert memories[0].memory.evidence[0].episode == learned.episodes[-1].id
    assert memories[0].memory.trust == 2


def test_it_happens_by_itself(memory: Open, server: StubServer) -> None:
    """The queue runs in the background: nobody has to ask for it."""
    server.answers |= {"signal": HEARD, "memory": WORDED}
    server.faults = [broken(500)]
    one = memory("balanced")
    assert observed(one).status == "queued"
    until(lambda: texts(one) == [VAGUE], "the queue did not learn")


def test_silence_is_a_failure_as_well(memory: Open, server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing costs the host its patience and no more."""
    monkeypatch.setattr("eider.learn.model_assist.PATIENCE", 0.3)
    server.answers |= {"signal": HEARD, "memory": WORDED}
    server.faults = [HANG]
    one = memory("balanced")
    held(one)
    assert observed(one).status == "queued"
    assert one._engine.jobs.run_due() == 1
    assert texts(one) == [VAGUE]


def test_nobody_there(memory: Open, server: StubServer) -> None:
    """A refused connection keeps what was said."""
    one = memory("balanced")
    held(one)
    server.close()
    learned = observed(one)
    assert (learned.status, len(learned.episodes)) == ("queued", 2)
    assert "learned later" in learned.why
    assert waiting(one)[0].state == "waiting"


def test_a_service_says_when_it_is_asked_again(memory: Open, server: StubServer) -> None:
    """`retry-after` of a 429 is when the job is due, not before."""
    server.faults = [broken(429, retry_after="600")]
    one = memory("balanced")
    held(one)
    observed(one)
    job = waiting(one)[0]
    assert (job.run_after - job.queued_at).total_seconds() == pytest.approx(600)
    assert one._engine.jobs.run_due() == 0


def test_learning_later_twice_is_learning_once(memory: Open, server: StubServer) -> None:
    """The job may run again, after a kill for example: nothing is added and no model is asked."""
    from eider.learn.deferred import learn_queued as learn

    server.answers |= {"signal": HEARD, "memory": WORDED}
    server.faults = [broken(500)]
    one = memory("balanced")
    held(one)
    observed(one)
    job = waiting(one)[0]
    one._engine.jobs.run_due()
    asked = len(server.asked)
    learn(one._engine, job)
    assert (texts(one), len(server.asked)) == ([VAGUE], asked)


def test_the_same_call_again_tells_what_became_of_it(memory: Open, server: StubServer) -> None:
    """With its key it is queued while it waits, and shows what was learned once it is."""
    server.answers |= {"signal": HEARD, "memory": WORDED}
    server.faults = [broken(500)]
    one = memory("balanced")
    held(one)
    assert observed(one, key="host:1").status == "queued"
    again = observed(one, key="host:1")
    assert (again.status, again.memories) == ("queued", ())
    one._engine.jobs.run_due()
    done = observed(one, key="host:1")
    assert (done.status, [str(m.text) for m in done.memories]) == ("stored", [VAGUE])
    assert one.health().episodes == 2


def test_what_was_forgotten_meanwhile_is_not_learned_from(memory: Open, server: StubServer) -> None:
    """Forgetting the utterance ends its learning: before the model is asked, and while it is."""
    from eider.learn.deferred import learn_queued as learn

    server.faults = [broken(500)]
    one = memory("balanced")
    held(one)
    first = observed(one)
    job = waiting(one)[0]
    one.forget(first.episodes[-1].id)
    assert waiting(one) == []
    learn(one._engine, job)
    assert texts(one) == []

    server.faults = [broken(500)]
    second = observed(one)
    job = waiting(one)[0]

    def forgetting(body: dict[str, Any]) -> dict[str, Any]:
        one.forget(second.episodes[-1].id)
        return WORDED

    server.answers |= {"signal": HEARD, "memory": forgetting}
    learn(one._engine, job)
    assert texts(one) == []


def test_a_model_that_never_answers_leaves_the_rules(memory: Open, server: StubServer) -> None:
    """At the last attempt what rules found is kept: a sure instruction is not lost to a dead service."""
    reply = "Please always write the release notes in Danish."
    one = memory("eager")
    held(one)
    server.close()
    assert one.observe(agent_output="Notes.", user_reply=reply).status == "queued"
    jobs, job = one._engine.jobs, waiting(one)[0]
    jobs.run(job.id)
    assert (jobs.job(job.id).state, texts(one)) == ("waiting", [])
    with one._engine.store.connection.database.writing() as db:
        db.execute("UPDATE jobs SET attempts = ? WHERE id = ?", [ATTEMPTS - 1, job.id])
    from eider.learn.deferred import learn_queued as learn

    learn(one._engine, jobs.job(job.id))
    assert [m.text for m in one.inbox()] == [reply]


def test_a_model_that_keeps_declining_leaves_the_rules(memory: Open, server: StubServer) -> None:
    """Asked twice and declined twice: what rules found is kept."""
    reply = "Please always write the release notes in Danish."
    server.faults = [REFUSAL] * 9
    one = memory("eager")
    held(one)
    assert one.observe(agent_output="Notes.", user_reply=reply).status == "queued"
    assert one._engine.jobs.run_due() == 1
    assert texts(one) == []
    job = waiting(one)[0]
    assert job.attempts == 1
    from eider.learn.deferred import learn_queued as learn

    learn(one._engine, job)
    assert [m.text for m in one.inbox()] == [reply]


def test_a_spent_day_waits_for_the_next(memory: Open, server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tokens nobody is asked; the job is due after midnight."""
    monkeypatch.setenv("EIDER_MODEL_TOKENS", "10")
    one = memory("balanced")
    held(one)
    learned = observed(one)
    assert (learned.status, server.asked) == ("queued", [])
    job = waiting(one)[0]
    assert job.run_after.hour == 0
    assert job.run_after.date() > job.queued_at.date()


def test_directions_are_kept_whoever_fails(memory: Open, server: StubServer) -> None:
    """What a user says outright is a rule at once, also where nobody can validate it."""
    server.faults = [broken(500)]
    one = memory("eager")
    assert len(one.add_rules(["Use tabs."])) == 1


def test_a_missing_library_keeps_what_was_said(memory: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host goes on, and the answer names what to install."""
    from eider.providers import llm

    one = memory("balanced")
    held(one)
    one._engine.agents.models.clear()
    monkeypatch.setattr(llm, "find_spec", lambda name: None)
    learned = observed(one)
    assert learned.status == "queued"
    assert "pip install" in learned.why


def test_errors_of_a_job_tell_nothing_of_what_was_said(memory: Open, server: StubServer) -> None:
    """The queue shows kinds of failure, no content."""
    server.faults = [Fault(text='{"reasoning": "zebra secrets"}')] * 9
    one = memory("balanced")
    held(one)
    learned = observed(one)
    one._engine.jobs.run_due()
    assert "zebra" not in learned.why
    assert "zebra" not in (waiting(one)[0].error or "")
    assert "Danish" not in str(waiting(one)[0].payload)


def test_a_failing_model_raises_nothing_at_the_host(memory: Open, server: StubServer) -> None:
    """Not one exception of a model leaves `observe`."""
    server.faults = [broken(401), broken(404), HTML, INVALID, WRONG]
    one = memory("balanced")
    held(one)
    try:
        for n in range(5):
            one.observe(agent_output="Notes.", user_reply=f"{VAGUE} And so on, {n}.")
    except ModelError as error:  # pragma: no cover
        pytest.fail(f"the host saw {error}")


def test_a_commit_that_fails_leaves_nothing_to_learn(
    memory: Open, server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Job and utterances are kept together: where the latter could not be, the job finds nothing and asks nobody."""
    server.faults = [broken(500)]
    one = memory("balanced")
    held(one)
    store = one._engine.store

    def full(changes: object) -> object:
        raise StoreFullError(store.place.folder, "scripted")

    with monkeypatch.context() as broken_store:
        broken_store.setattr(type(store.commits), "commit", lambda self, changes: full(changes))
        with pytest.raises(StoreFullError):
            observed(one)
    asked = len(server.asked)
    assert one._engine.jobs.run_due() == 1
    assert (one.health().episodes, texts(one), len(server.asked)) == (0, [], asked)
