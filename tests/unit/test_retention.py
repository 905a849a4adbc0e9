"""Retention: a score of named terms, what is immune, and closing the least worth as a plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eider
from eider.model.errors import InputError, UnknownIdError
from eider.model.retention import days_left, retention
from eider.model.values import Memory, Usage

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def clock() -> eider.FixedClock:
    return eider.FixedClock(NOW)


@pytest.fixture
def memory(tmp_path: Path, clock: eider.FixedClock) -> Iterator[eider.Eider]:
    with eider.open(tmp_path / "a.eider", user="ada", clock=clock) as opened:
        yield opened


def one(*, importance: int = 3, pinned: bool = False) -> Memory:
    return Memory(
        id="mem_1", rev=1, kind="fact", text="x", user="ada", agent="", scope="global", origin="user", trust=2,
        valid_from=NOW, recorded_at=NOW, importance=importance, pinned=pinned,
    )  # fmt: skip


@given(
    days=st.floats(0, 5_000), stability=st.floats(0.1, 3_000), uses=st.integers(0, 9), links=st.integers(0, 30),
    importance=st.integers(1, 5), more=st.sampled_from(["days", "stability", "uses", "links", "importance", "pin"]),
)  # fmt: skip
def test_each_term_moves_the_score_one_way(
    days: float, stability: float, uses: int, links: int, importance: int, more: str
) -> None:
    """Age lowers it; stability, uses, links, importance and a pin raise it; it stays in [0, 1] and is the sum of its terms."""

    def scored(days: float, stability: float, uses: int, links: int, importance: int, *, pinned: bool) -> float:
        usage = Usage(id="mem_1", stability=stability, last_used=NOW - timedelta(days=days), uses=uses)
        found = retention(one(importance=importance, pinned=pinned), usage, links, NOW)
        assert found.score == pytest.approx(min(1, max(0, sum(found.terms.values()))))
        assert bool(found.immune) == (pinned or importance >= 4 or uses >= 3)
        return found.score

    before = scored(days, stability, uses, links, importance, pinned=False)
    after = scored(
        days + 30 * (more == "days"), stability * (1 + (more == "stability")), uses + (more == "uses"),
        links + (more == "links"), min(5, importance + (more == "importance")), pinned=more == "pin",
    )  # fmt: skip
    assert after <= before if more == "days" else after >= before


@given(days=st.floats(0, 2_000), stability=st.floats(0.5, 500), importance=st.integers(1, 3), links=st.integers(0, 5))
def test_the_days_left_are_the_days_after_which_it_is_below(
    days: float, stability: float, importance: int, links: int
) -> None:
    """What is said of the future comes true."""
    usage = Usage(id="mem_1", stability=stability, last_used=NOW - timedelta(days=days))
    left = days_left(retention(one(importance=importance), usage, links, NOW), 0.5)
    assert left is not None
    if left < 100_000:
        assert retention(one(importance=importance), usage, links, NOW + timedelta(days=left + 1)).score < 0.5
    if left > 1:
        assert retention(one(importance=importance), usage, links, NOW + timedelta(days=left - 1)).score >= 0.5


def test_what_was_previewed_is_closed_with_its_reason_and_comes_back(
    memory: eider.Eider, clock: eider.FixedClock
) -> None:
    """Pinned, important and often used memories stay; a protected one stays this time; one undo brings all back."""
    faded = [memory.remember(f"The printer of room {n} is out of paper.", kind="context") for n in range(3)]
    pinned = memory.remember("The alarm code is on the back of the clock.")
    memory.pin(pinned)
    vital = memory.remember("Ada is allergic to penicillin.", importance=5)
    used = memory.remember("The staging host is wren-2.")
    for _ in range(3):
        clock.advance(timedelta(days=1))
        memory.reinforce(used)
    clock.advance(timedelta(days=4_000))
    standing = {r.memory.id: r for r in memory.retention()}
    assert {i: r.immune for i, r in standing.items() if r.immune} == {
        pinned.id: "pinned", vital.id: "importance 5", used.id: "used 3 times",
    }  # fmt: skip
    assert {r.memory.id for r in memory.retention(candidates=True)} == {m.id for m in faded}
    plan = memory.consolidate(protect=[faded[0]], dry_run=True)
    done = memory.consolidate(protect=[faded[0]])
    assert {m.id for m in plan.closed} == {m.id for m in done.closed} == {m.id for m in faded[1:]}
    assert plan.reasons == done.reasons
    assert all("below 0.5" in reason for reason in done.reasons.values())
    assert (done.kept, done.immune, done.note) == (4, 3, "")
    memory.undo(done.event)
    assert {m.id for m in memory.consolidate(dry_run=True).closed} == {m.id for m in faded}


def test_a_cap_closes_the_least_worth_and_says_so(memory: eider.Eider, clock: eider.FixedClock) -> None:
    """The oldest of equal importance go first; where only immune ones are left, more stay than allowed, and it is said."""
    old = [memory.remember(f"Shelf {n} holds spare cables.") for n in range(3)]
    clock.advance(timedelta(days=30))
    new = [memory.remember(f"Drawer {n} holds spare keys.") for n in range(3)]
    done = memory.consolidate(most=4)
    assert {m.id for m in done.closed} <= {m.id for m in old}
    assert (len(done.closed), done.kept) == (2, 4)
    assert all("among the least of 6, where 4 may stay" in reason for reason in done.reasons.values())
    for kept in new:
        memory.pin(kept)
    rest = memory.consolidate(most=1)
    assert rest.kept == 3
    assert "3 memories stay, more than the 1 allowed" in rest.note
    assert "3 immune" in rest.note


def test_a_link_keeps_longer(memory: eider.Eider, clock: eider.FixedClock) -> None:
    """What is linked on purpose is worth more than the same alone."""
    alone, first, second = (memory.remember(f"The {word} is in the cellar.") for word in ("wine", "boiler", "freezer"))
    memory.link(first, second, kind="causal")
    clock.advance(timedelta(days=10))
    score = {r.memory.id: r.score for r in memory.retention()}
    assert score[first.id] == pytest.approx(score[second.id], abs=1e-6)
    assert min(score[first.id], score[second.id]) > score[alone.id]


def test_bad_input_is_named(memory: eider.Eider) -> None:
    """A memory that is not there protects nothing, and a cap below one would close everything."""
    with pytest.raises(UnknownIdError, match="mem_nothing"):
        memory.consolidate(protect=["mem_nothing"])
    with pytest.raises(InputError, match="most=0"):
        memory.consolidate(most=0)


def test_what_fades_is_drawn(memory: eider.Eider, tmp_path: Path) -> None:
    """One curve for each memory, dotted where it is immune, and the line below which it is closed."""
    pytest.importorskip("matplotlib").use("Agg")
    from eider.model.display.plots import fading

    memory.remember("The ladder is in the shed.")
    memory.pin(memory.remember("The gate code is 4711."))
    axes = fading(memory.retention())
    styles = [line.get_linestyle() for line in axes.lines]
    assert sorted(styles[:2]) == ["-", ":"]
    assert len(styles) == 3
    with pytest.raises(InputError, match="0 memories"):
        fading([])
