"""Forgetting: the curve, what a use does, what has decayed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eider.model.errors import InputError
from eider.model.forgetting_curve import (
    MAX_STABILITY,
    MIN_STABILITY,
    days_until,
    due,
    grow,
    initial_stability,
    retrievability,
)
from eider.model.values import KINDS

ages = st.floats(0, 1e6)
stabilities = st.floats(MIN_STABILITY, MAX_STABILITY)
importances = st.integers(1, 5)


@given(ages, ages, stabilities)
def test_older_is_never_likelier(a: float, b: float, stability: float) -> None:
    """Retrievability falls with age and stays a probability above 0."""
    young, old = min(a, b), max(a, b)
    assert 0.0 < retrievability(old, stability) <= retrievability(young, stability) <= 1.0


@given(ages, stabilities, stabilities)
def test_what_is_stable_lasts_longer(age: float, a: float, b: float) -> None:
    """More stability never means less retrievability."""
    assert retrievability(age, min(a, b)) <= retrievability(age, max(a, b))


@given(stabilities)
def test_stability_is_the_age_at_nine_tenths(stability: float) -> None:
    """That is what the word means."""
    assert retrievability(stability, stability) == pytest.approx(0.9)
    assert days_until(0.9, stability) == pytest.approx(stability)


@given(stabilities, st.floats(0, 1), importances)
def test_a_use_never_weakens(stability: float, at_use: float, importance: int) -> None:
    """Stability after a use is at least what it was and at most a hundred years."""
    assert stability <= grow(stability, at_use, importance) <= MAX_STABILITY


@given(stabilities, st.floats(0, 1), st.floats(0, 1))
def test_a_late_use_strengthens_more(stability: float, a: float, b: float) -> None:
    """What was nearly forgotten gains most; a use at once gains nothing."""
    assert grow(stability, max(a, b)) <= grow(stability, min(a, b))
    assert grow(stability, 1.0) == stability


@given(stabilities, st.floats(0, 0.99), importances.filter(lambda i: i < 5))
def test_what_matters_settles_faster(stability: float, at_use: float, importance: int) -> None:
    """More importance never means less growth."""
    assert grow(stability, at_use, importance) <= grow(stability, at_use, importance + 1)


@given(st.lists(st.tuples(ages, stabilities), min_size=1, max_size=20))
def test_arrays_are_their_elements(pairs: list[tuple[float, float]]) -> None:
    """An array of memories gives what each alone would; numbers give a number."""
    age, stability = (np.array(column) for column in zip(*pairs, strict=True))
    now = retrievability(age, stability)
    np.testing.assert_allclose(now, [retrievability(a, s) for a, s in pairs])
    np.testing.assert_allclose(grow(stability, now), [grow(s, retrievability(a, s)) for a, s in pairs])
    assert due(age, stability).tolist() == [due(a, s) for a, s in pairs]
    assert isinstance(retrievability(1.0, 2.0), float)
    assert isinstance(due(1.0, 2.0), bool)


@given(stabilities, st.floats(0.05, 1.0))
def test_a_memory_is_due_when_its_time_has_come(stability: float, threshold: float) -> None:
    """`due` and `days_until` agree."""
    days = days_until(threshold, stability)
    assert due(days * 1.001 + 1e-6, stability, threshold=threshold)
    assert not due(days * 0.999, stability, threshold=threshold)


def test_a_clock_set_back_does_no_harm() -> None:
    """A memory used in the future is fresh."""
    assert retrievability(-5.0, 10.0) == 1.0


def test_a_store_without_memories_has_none_due() -> None:
    """Empty arrays stay empty."""
    assert retrievability(np.zeros(0), np.zeros(0)).shape == (0,)
    assert due(np.zeros(0), np.zeros(0)).shape == (0,)


def test_what_matters_starts_more_stable() -> None:
    """Stability at the start rises with importance for every kind and lies within the bounds."""
    for kind in KINDS:
        starts = [initial_stability(importance, kind) for importance in range(1, 6)]
        assert starts == sorted(set(starts))
        assert MIN_STABILITY <= starts[0] <= starts[-1] <= MAX_STABILITY


@pytest.mark.parametrize("importance", [0, 6, -1])
def test_importance_is_one_to_five(importance: int) -> None:
    """Anything else is an error that names it."""
    with pytest.raises(InputError, match=f"'{importance}'"):
        initial_stability(importance)
    with pytest.raises(InputError, match=f"'{importance}'"):
        grow(1.0, 0.5, importance)


def test_an_unknown_kind_is_refused() -> None:
    """The message lists those there are."""
    with pytest.raises(InputError, match=r"'whim'.*fact"):
        initial_stability(3, "whim")  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    """Zero is never reached."""
    with pytest.raises(InputError, match="threshold"):
        days_until(threshold, 30.0)
