"""Procedures are learned from runs that went well, and lose their place when they fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eider
from eider.api.facade import Eider
from eider.runs.procedures import Trajectory, next_actions, shared_sequences, without_repeats


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Eider]:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


def done(memory: Eider, *steps: str, outcome: float | None = 1.0, name: str = "weekly report", **options: Any) -> str:
    """A run of these steps, each of which is given the one before."""
    with memory.run(name, inputs=options.pop("inputs", {"team": "core"})) as run:
        before = ""
        for step in steps:
            run.keep(step, run.render(f"[[{before}]]") if before else "x", sees="previous", **options)
            before = step
        run.outcome = outcome
    return run.id


def test_one_run_teaches_nothing_and_two_do(memory: Eider) -> None:
    """What two distinct successful runs share is given, with what it rests on."""
    first = done(memory, "collect", "draft", "check", "send")
    assert memory.procedures("weekly report") == []
    second = done(memory, "collect", "draft", "check", "archive", inputs={"team": "core", "week": 48})
    (found, *_) = memory.procedures("weekly report")
    assert [a.partition("(")[0] for a in found.actions] == ["collect", "draft", "check"]
    assert (found.successes, found.failures, found.runs) == (2, 0, (second, first))
    assert found.preconditions == ("team",)
    assert found.confidence == 0.75


def test_at_most_two_are_given(memory: Eider) -> None:
    """However many there are."""
    for n in range(4):
        for _ in range(2):
            done(memory, f"a{n}", f"b{n}")
    assert len(memory.procedures()) == 2


def test_a_procedure_that_fails_loses_its_place(memory: Eider) -> None:
    """Failures count against it; below a posterior of 0.4 it is not given any more."""
    for _ in range(2):
        done(memory, "collect", "send")
    for failures in range(1, 4):
        done(memory, "collect", "send", outcome=-1.0)
        found = memory.procedures()
        assert [p.failures for p in found] == ([failures] if 3 / (4 + failures) >= 0.4 else [])
    assert 3 / 7 > 0.4
    done(memory, "collect", "send", outcome=-1.0)
    assert memory.procedures() == []


def test_what_is_neither_success_nor_failure_changes_nothing(memory: Eider) -> None:
    """Nor does a run that nobody judged."""
    for _ in range(2):
        done(memory, "collect", "send")
    done(memory, "collect", "send", outcome=0.5)
    done(memory, "collect", "send", outcome=None)
    assert [(p.successes, p.failures) for p in memory.procedures()] == [(2, 0)]


def test_tainted_and_unkept_runs_teach_nothing(memory: Eider) -> None:
    """The words of tools and documents, and what is not to be kept."""
    for _ in range(3):
        done(memory, "collect", "send", origin="document")
    for _ in range(3):
        with memory.run("weekly report", history=False) as run:
            run.keep("collect", 1)
            run.keep("send", 2)
            run.outcome = 1.0
    assert memory.procedures() == []


def test_the_shape_of_what_a_step_was_given_is_part_of_it(memory: Eider) -> None:
    """The same names with other arguments are another sequence."""

    def once(*, other: bool) -> None:
        with memory.run("r", inputs={"a": 1}) as run:
            run.keep("one", 1)

            @run.step(sees="none")
            def two(inputs: Any) -> int:
                return 2

            @run.step(sees="none", name="two")
            def two_with_one(one: Any) -> int:
                return 3

            run.outcome = 1.0
            two_with_one() if other else two()

    with pytest.raises(eider.EiderError, match="declared twice"):
        once(other=False)


def test_only_what_can_go_on(memory: Eider) -> None:
    """With what was done already, procedures that hold it."""
    for _ in range(2):
        done(memory, "collect", "send")
        done(memory, "find", "keep")
    (found,) = memory.procedures(done=["find()"])
    assert found.actions[0] == "find()"


ACTIONS = st.lists(st.sampled_from("abcd"), min_size=2, max_size=6)


@given(runs=st.lists(st.tuples(ACTIONS, st.sampled_from([True, False])), max_size=8))
def test_whatever_is_learned_was_done_twice_and_went_well(runs: list[tuple[list[str], bool]]) -> None:
    """Every procedure is a part of at least two distinct successful runs, and its posterior is not below 0.4."""
    made = [
        Trajectory(str(n), "r", without_repeats(actions), frozenset(), succeeded=well, failed=not well)
        for n, (actions, well) in enumerate(runs)
    ]
    for found in shared_sequences(made):
        holders = [t for t in made if _holds(t.actions, found.actions)]
        assert found.successes == sum(t.succeeded for t in holders) >= 2
        assert found.failures == sum(t.failed for t in holders)
        assert found.confidence >= 0.4
        for place in range(1, len(found.actions)):
            assert found.actions[place] in next_actions([found], found.actions[:place])


def _holds(actions: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(actions[i : i + len(part)] == part for i in range(len(actions)))
