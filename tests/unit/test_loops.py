"""Loops: what an outcome credits and blames, what it teaches, and how all of that is taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from planted import START, THEMES, PlantedEmbedder, library, live

import eider
from eider.learn import loops, online_decay
from eider.model.clock import FixedClock
from eider.model.errors import InputError, RefusedError, UnknownIdError
from eider.model.requests_learning import CloseLoop
from eider.privacy.ingress import Channel, accept


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def memory(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[eider.Eider]:
    monkeypatch.setattr(online_decay, "installed", lambda: False)
    with eider.open(tmp_path / "m.eider", user="ada", embedder=PlantedEmbedder(), clock=clock) as found:
        yield found


def stability(memory: eider.Eider, id_: str) -> float:
    return memory.why(id_).usage.stability


# ---------------------------------------------------------------------- credit and blame


def test_being_shown_is_not_being_used(memory: eider.Eider, clock: FixedClock) -> None:
    """Recalled, in a loop or outside one, a memory is as strong as before; so it is when an answer made no use of it."""
    used = memory.remember("Deploys of the ledger happen on Fridays.")
    shown = memory.remember("Deploys are announced by carrier pigeon.")
    before = [memory.why(m.id).usage for m in (used, shown)]
    clock.advance(timedelta(days=10))
    with memory.loop() as loop:
        assert {h.id for h in memory.recall("when are deploys?", loop=loop.id)} == {used.id, shown.id}
        memory.drain()
        assert [memory.why(m.id).usage.stability for m in (used, shown)] == [u.stability for u in before]
        loop.agent_output = "The ledger goes out on Fridays."
        loop.set_outcome(1.0)
    assert loop.credit is not None
    assert loop.credit.shares == {used.id: 1.0}
    assert stability(memory, used.id) > before[0].stability
    after = memory.why(shown.id).usage
    assert (after.stability, after.last_used, after.uses) == (before[1].stability, before[1].last_used, 0)
    assert memory.why(used.id).usage.uses == 1


def test_a_whole_credit_is_a_use_and_a_bad_outcome_a_lapse(memory: eider.Eider, clock: FixedClock) -> None:
    """As `reinforce` at the same instant; and blame shortens what lasted."""
    named = [f"The {name} has its lid on the left." for name in ("teapot", "toaster", "piano")]
    ids = [kept.id for kept in memory.remember_many(named)]
    clock.advance(timedelta(days=20))
    memory.reinforce(ids[0])
    for id_, name, outcome in ((ids[1], "toaster", 1.0), (ids[2], "piano", -1.0)):
        loop = memory.open_loop()
        memory.recall(f"lid of the {name}", loop=loop.id, limit=1)
        memory.close_loop(loop.id, agent_output=f"The {name} has its lid on the left.", outcome=outcome)
        assert memory.why(id_).usage.uses == (outcome > 0)
    assert stability(memory, ids[1]) == pytest.approx(stability(memory, ids[0]), rel=1e-6)
    assert stability(memory, ids[2]) < 0.5 * 30


def test_without_an_answer_each_has_an_even_and_small_part(memory: eider.Eider, clock: FixedClock) -> None:
    """Nobody knows what was used: five share the outcome, none counts as used, and the balance learns nothing."""
    ids = [memory.remember(f"Crate {n} holds apples.").id for n in range(5)]
    clock.advance(timedelta(days=20))
    loop = memory.open_loop()
    memory.recall("apples in a crate", loop=loop.id)
    credit = memory.close_loop(loop.id, outcome=1.0)
    assert credit.shares == dict.fromkeys(credit.shares, 0.2)
    assert set(credit.shares) == set(ids)
    assert all(memory.why(i).usage.uses == 0 and stability(memory, i) > 30 for i in ids)
    assert memory.learned().lexical_share == 0.5


def test_a_model_may_attribute_in_place_of_likeness(memory: eider.Eider) -> None:
    """What it says is held within [0, 1] and taken as it is."""
    first, second = (memory.remember(t) for t in ("Tea is at four.", "Tea is green."))
    loop = memory.open_loop()
    memory.recall("tea", loop=loop.id)
    asked: list[tuple[str, Sequence[str]]] = []

    def attribute(answer: str, texts: Sequence[str]) -> list[float]:
        asked.append((answer, texts))
        return [7.0 if t == second.text else 0.0 for t in texts]

    request = CloseLoop(user="ada", id=loop.id, agent_output="Nothing alike.", outcome=0.5)
    credit = loops.close_loop(memory._engine, accept(request, Channel(), memory._engine.now()), attribute)
    assert credit.shares == {second.id: 0.5}
    assert asked[0][0] == "Nothing alike."
    assert set(asked[0][1]) == {first.text, second.text}


def test_what_a_policy_showed_is_credited_and_teaches_no_balance(memory: eider.Eider, clock: FixedClock) -> None:
    """Nothing was ranked against a question, so words and meaning have nothing to learn from it."""
    rule = memory.remember("Write reviews as paragraphs.", kind="rule")
    first = memory.policy()
    clock.advance(timedelta(hours=1))
    loop = memory.open_loop()
    assert memory.policy(loop=loop.id) == first
    credit = memory.close_loop(loop.id, agent_output="Reviews, written as paragraphs.", outcome=1.0)
    assert credit.shares == {rule.id: 1.0}
    assert credit.lexical_share == 0.5


def test_a_loop_that_nobody_judged_is_slightly_negative(memory: eider.Eider, clock: FixedClock) -> None:
    """After its hour a job closes it; before, and with nothing recalled, nothing happens to anybody."""
    kept = memory.remember("The gate code is 4711.")
    waiting, empty = memory.open_loop(feedback_timeout=3600), memory.open_loop(feedback_timeout=60)
    memory.recall("gate code", loop=waiting.id)
    clock.advance(timedelta(minutes=59))
    memory.drain()
    assert (memory.learned().open_loops, stability(memory, kept.id)) == (1, 30.0)
    assert memory._engine.loops.get(empty.id, "ada").outcome == loops.GIVEN_UP
    clock.advance(timedelta(minutes=2))
    memory.drain()
    swept = memory._engine.loops.get(waiting.id, "ada")
    assert (swept.outcome, memory.learned().open_loops) == (-0.15, 0)
    assert 24 < stability(memory, kept.id) < 30
    with pytest.raises(RefusedError, match="was closed at"):
        memory.set_outcome(waiting.id, 1.0)


def test_an_outcome_that_was_set_counts_when_the_loop_is_swept(memory: eider.Eider, clock: FixedClock) -> None:
    """Whoever judged and was killed before closing is heard all the same."""
    kept = memory.remember("The gate code is 4711.")
    loop = memory.open_loop()
    memory.recall("gate code", loop=loop.id)
    memory.set_outcome(loop.id, 1.0)
    clock.advance(timedelta(hours=2))
    memory.drain()
    assert stability(memory, kept.id) > 30


def test_closing_twice_credits_once(memory: eider.Eider, clock: FixedClock) -> None:
    """The second answer says how it was closed."""
    kept = memory.remember("The gate code is 4711.")
    clock.advance(timedelta(days=3))
    loop = memory.open_loop()
    memory.recall("gate code", loop=loop.id)
    memory.close_loop(loop.id, agent_output="The gate code is 4711.", outcome=1.0)
    once = stability(memory, kept.id)
    again = memory.close_loop(loop.id, agent_output="The gate code is 4711.", outcome=-1.0)
    assert (again.event, again.loop.outcome, stability(memory, kept.id)) == (None, 1.0, once)
    assert "closed before, with an outcome of +1.00" in again.why


def test_an_outcome_of_zero_and_none_teach_nothing(memory: eider.Eider) -> None:
    """They close the loop, without an event."""
    memory.remember("The gate code is 4711.")
    before = len(memory.events())
    for outcome in (0.0, None):
        loop = memory.open_loop()
        memory.recall("gate code", loop=loop.id)
        credit = memory.close_loop(loop.id, agent_output="The gate code is 4711.", outcome=outcome)
        assert (credit.shares, credit.event) == ({}, None)
    assert len(memory.events()) == before


def test_a_block_without_an_outcome_leaves_the_loop_open(memory: eider.Eider) -> None:
    """Praise may come in the next message; an error in the block is no judgement either."""
    with memory.loop() as loop:
        pass
    assert (loop.credit, memory.learned().open_loops) == (None, 1)
    with pytest.raises(ZeroDivisionError), memory.loop():
        _ = 1 / 0
    assert memory.learned().open_loops == 2


def test_a_closed_loop_takes_no_more_notes_and_lets_recall_answer(memory: eider.Eider) -> None:
    """An agent that thinks too long still gets its memories."""
    memory.remember("The gate code is 4711.")
    loop = memory.open_loop()
    memory.close_loop(loop.id)
    assert memory.recall("gate code", loop=loop.id)
    memory.drain()
    assert memory._engine.loops.get(loop.id, "ada").recalled == ()


def test_loops_are_their_users_own(memory: eider.Eider) -> None:
    """A stranger's loop does not exist, for nobody and no verb."""
    loop = memory.open_loop()
    memory.remember("Bob's.", user="bob")
    for ask in (
        lambda: memory.recall("x", user="bob", loop=loop.id),
        lambda: memory.policy(user="bob", loop=loop.id),
        lambda: memory.set_outcome(loop.id, 1.0, user="bob"),
        lambda: memory.close_loop(loop.id, user="bob"),
        lambda: memory.recall("x", loop="loop_nobody"),
    ):
        with pytest.raises(UnknownIdError, match="no loop"):
            ask()


@pytest.mark.parametrize("outcome", [1.5, -1.01, "good", True, float("nan")])
def test_an_outcome_out_of_range_is_named(memory: eider.Eider, outcome: float) -> None:
    """From -1 to 1, and a number."""
    loop = memory.open_loop()
    with pytest.raises(InputError, match="outcome="):
        memory.set_outcome(loop.id, outcome)
    with pytest.raises(InputError, match="feedback_timeout="):
        memory.open_loop(feedback_timeout=0)


def test_recall_in_a_loop_writes_nothing(memory: eider.Eider) -> None:
    """Notes wait in memory; only the flush writes, and it makes no event."""
    memory.remember("The gate code is 4711.")
    loop = memory.open_loop()
    events = len(memory.events())
    memory.recall("gate code", loop=loop.id)
    assert memory._engine.loops.get(loop.id, "ada").recalled == ()
    memory.drain()
    assert len(memory._engine.loops.get(loop.id, "ada").recalled) == 1
    assert len(memory.events()) == events


# ---------------------------------------------------------------------- the balance


def hits_at_5(memory: eider.Eider, asked: Sequence[tuple[str, str, str]], wanted: Callable[[int], int]) -> float:
    found = [asked[n][wanted(n)] in [h.id for h in memory.recall(asked[n][0], limit=5)] for n in range(len(asked))]
    return sum(found) / len(found)


@pytest.mark.slow
def test_a_user_of_words_gets_words(memory: eider.Eider, clock: FixedClock) -> None:
    """Right by words in 90 % of 50 loops: the share rises by 0.2 at least, and so does R@5, on questions not seen before."""
    asked = library(memory)
    unseen = asked[THEMES // 2 :]
    before = hits_at_5(memory, unseen, lambda _: 1)
    assert memory.alpha_estimate() == 0.5
    live(memory, clock, asked, lexical=0.9, turns=50)
    after = hits_at_5(memory, unseen, lambda _: 1)
    assert memory.alpha_estimate() >= 0.7
    assert after > before


@pytest.mark.slow
def test_a_user_of_meaning_gets_meaning(memory: eider.Eider, clock: FixedClock) -> None:
    """The other way round the share falls."""
    asked = library(memory)
    live(memory, clock, asked, lexical=0.1, turns=50)
    assert memory.alpha_estimate() <= 0.4


def answers(
    memory: eider.Eider, asked: Sequence[tuple[str, str, str]], user: str = "ada"
) -> list[list[tuple[str, float]]]:
    return [[(h.id, h.score) for h in memory.recall(q, limit=8, user=user, now=START)] for q, _, _ in asked]


def test_reset_restores_identical_answers(memory: eider.Eider, clock: FixedClock) -> None:
    """Ids and scores, bit for bit, at the same instant; what a person strengthened since stays strengthened."""
    asked = library(memory)
    now = clock.now() + timedelta(days=5)
    before = [[(h.id, h.score) for h in memory.recall(q, limit=8, now=now)] for q, _, _ in asked]
    live(memory, clock, asked, lexical=0.9)
    changed = [[(h.id, h.score) for h in memory.recall(q, limit=8, now=now)] for q, _, _ in asked]
    assert changed != before
    state = memory.reset_learned()
    assert (state.lexical_share, state.version, state.touched, state.decay) == (0.5, 0, 0, {})
    assert [[(h.id, h.score) for h in memory.recall(q, limit=8, now=now)] for q, _, _ in asked] == before
    assert memory.verify(deep=True).findings == ()


def test_reset_keeps_what_a_person_reinforced(memory: eider.Eider, clock: FixedClock) -> None:
    """As if no loop had been, and the reinforcement had."""
    ids = [memory.remember(t).id for t in ("The teapot leaks.", "The toaster leaks.")]
    clock.advance(timedelta(days=5))
    loop = memory.open_loop()
    memory.recall("teapot", loop=loop.id, limit=1)
    memory.close_loop(loop.id, agent_output="The teapot leaks.", outcome=1.0)
    clock.advance(timedelta(days=5))
    for id_ in ids:
        memory.reinforce(id_)
    memory.reset_learned()
    assert stability(memory, ids[0]) == pytest.approx(stability(memory, ids[1]), rel=1e-6)


def test_what_is_learned_of_one_user_is_nobody_elses(memory: eider.Eider, clock: FixedClock) -> None:
    """The other's answers stay as they were, bit for bit."""
    memory.remember_many([f"Line {n} of the zarquon." for n in range(6)], user="bob")
    before = [(h.id, h.score) for h in memory.recall("zarquon", user="bob", now=START)]
    live(memory, clock, library(memory), lexical=0.9)
    assert memory.alpha_estimate(user="bob") == 0.5
    assert [(h.id, h.score) for h in memory.recall("zarquon", user="bob", now=START)] == before


def test_what_was_learned_outlives_the_process(tmp_path: Path, clock: FixedClock) -> None:
    """It is in the store, and said in `why`."""
    folder = tmp_path / "again.eider"
    with eider.open(folder, user="ada", embedder=PlantedEmbedder(), clock=clock) as memory:
        asked = library(memory)
        live(memory, clock, asked, lexical=0.9)
        share, found = memory.alpha_estimate(), answers(memory, asked)
        state = memory.learned()
    with eider.open(folder, user="ada", embedder=PlantedEmbedder(), clock=clock) as memory:
        assert memory.alpha_estimate() == share
        assert memory.learned().arms == state.arms
        assert answers(memory, asked) == found
        assert f"words {share:.2f}" in memory.recall(asked[0][0])[0].why.weights


# ---------------------------------------------------------------------- taking back, and forgetting


def test_forgetting_a_memory_forgets_its_loops(memory: eider.Eider) -> None:
    """Closed or open, with notes written or on their way."""
    kept = memory.remember("The walrus sleeps.")
    other = memory.remember("The heron sleeps.")
    done, still = memory.open_loop(), memory.open_loop()
    memory.recall("walrus", loop=done.id, limit=1)
    memory.close_loop(done.id, agent_output="The walrus sleeps.", outcome=1.0)
    memory.recall("who sleeps", loop=still.id)
    receipt = memory.forget(kept.id)
    assert all(receipt.checks.values())
    credit = memory.close_loop(still.id, outcome=1.0)
    assert set(credit.shares) == {other.id}
    with memory._engine.store.connection.database.reading() as db:
        for table, column in (("loops", "recalled"), ("unlearned", "id"), ("jobs", "payload"), ("usage", "id")):
            found = db.execute(f"SELECT count(*) FROM {table} WHERE contains({column}, ?)", [kept.id]).fetchall()
            assert found == [(0,)], table


def test_forgetting_a_user_forgets_what_was_learned(memory: eider.Eider, clock: FixedClock) -> None:
    """The name is nowhere, and the balance is as shipped."""
    live(memory, clock, library(memory), lexical=0.9)
    memory.open_loop()
    memory.forget_user("ada")
    state = memory.learned()
    assert (state.lexical_share, state.version, state.open_loops, state.closed_loops) == (0.5, 0, 0, 0)
    with memory._engine.store.connection.database.reading() as db:
        for table in ("loops", "learned", "unlearned", "jobs"):
            assert db.execute(f"SELECT count(*) FROM {table} WHERE user_id = 'ada'").fetchall() == [(0,)], table


def test_a_loop_can_be_undone(memory: eider.Eider, clock: FixedClock) -> None:
    """Stability and balance are as before it; the undo can be undone as well."""
    asked = library(memory)
    live(memory, clock, asked, lexical=0.9)
    share = memory.alpha_estimate()
    kept = asked[0][1]
    clock.advance(timedelta(days=2))
    before = memory.why(kept).usage
    loop = memory.open_loop()
    text = next(h.text for h in memory.recall(asked[0][0], limit=12, loop=loop.id) if h.id == kept)
    credit = memory.close_loop(loop.id, agent_output=text, outcome=1.0)
    assert credit.event is not None
    after, learned = memory.why(kept).usage, memory.alpha_estimate()
    assert after.stability > before.stability
    undone = memory.undo(credit.event.id)
    assert (memory.why(kept).usage.stability, memory.alpha_estimate()) == (before.stability, share)
    memory.undo(undone.id)
    assert (memory.why(kept).usage.stability, memory.alpha_estimate()) == (after.stability, learned)
