"""The balance of words and meaning, and whom an outcome belongs to: pure functions."""

from __future__ import annotations

import numpy as np
import pytest

from eider.learn.attribution import Line, attributed
from eider.model.forgetting_curve import shrink
from eider.model.lexical_balance import ARMS, NEUTRAL, Balance, Candidate, chances, taught
from eider.retrieve.features import GROUPS, NAMES
from eider.retrieve.rank import vector
from eider.retrieve.weights import WEIGHTS, as_shipped, weights_balanced


def answer(right: str) -> list[Candidate]:
    """Three lines: one has the words, one the meaning, one neither."""
    evidence = {"words": (5.0, 1.0), "meaning": (0.0, 6.0), "neither": (0.5, 0.5)}
    return [Candidate(words=w, meaning=m, rest=1.0, credit=float(n == right)) for n, (w, m) in evidence.items()]


def test_without_anything_learned_the_weights_are_those_shipped() -> None:
    """The very object, so every answer is the same bit for bit."""
    assert Balance().share == NEUTRAL
    assert weights_balanced(Balance().share) is WEIGHTS
    assert Balance.of(None) == Balance()


def test_a_share_scales_words_against_meaning_and_nothing_else() -> None:
    """Of a row's own words and of those around it alike; the version says so."""
    shipped, moved = vector(WEIGHTS), vector(weights_balanced(0.75))
    for name, before, after in zip(NAMES, shipped, moved, strict=True):
        factor = {"words": 1.5, "context": 1.5, "meaning": 0.5}.get(GROUPS[name], 1.0)
        assert after == pytest.approx(before * factor)
    assert weights_balanced(0.75).version != WEIGHTS.version


@pytest.mark.parametrize("share", [0.1, 0.37, 0.5, 0.9])
def test_evidence_is_noted_as_it_is_without_the_balance(share: float) -> None:
    """What was learned does not feed on itself."""
    shipped = {"words": 2.0, "context": 1.0, "meaning": 4.0, "date": 0.5}
    scaled = {"words": 4.0 * share, "context": 2.0 * share, "meaning": 8.0 * (1 - share), "date": 0.5}
    assert as_shipped(scaled, share) == pytest.approx(as_shipped(shipped, NEUTRAL), abs=2e-4)


@pytest.mark.parametrize(("right", "sign"), [("words", 1), ("meaning", -1)])
def test_the_share_follows_what_was_right_and_flees_what_did_harm(right: str, sign: int) -> None:
    """Credit moves it one way, blame for the same line the other."""
    good = bad = Balance()
    for _ in range(30):
        good, bad = taught(good, [answer(right)], 1.0), taught(bad, [answer(right)], -1.0)
    assert sign * (good.share - NEUTRAL) > 0.25
    assert sign * (bad.share - NEUTRAL) < -0.05


def test_what_tells_no_arm_apart_teaches_nothing() -> None:
    """One line, no credit, an outcome of none: the same value comes back."""
    before = taught(Balance(), [answer("words")], 1.0)
    alone = [Candidate(words=1.0, meaning=1.0, rest=0.0, credit=1.0)]
    for asks in ([], [[]], [alone], [answer("nobody")]):
        assert taught(before, asks, 1.0) is before


def test_a_user_of_both_stays_in_the_middle() -> None:
    """Half the loops one way, half the other."""
    balance = Balance()
    for n in range(60):
        balance = taught(balance, [answer("words" if n % 2 else "meaning")], 1.0)
    assert abs(balance.share - NEUTRAL) < 0.2


def test_a_change_of_habit_shows() -> None:
    """Old evidence fades: after as many loops of the other kind the share has crossed the middle."""
    balance = Balance()
    for right in ["words"] * 60 + ["meaning"] * 90:
        balance = taught(balance, [answer(right)], 1.0)
    assert balance.share < NEUTRAL


def test_a_slight_outcome_moves_slightly() -> None:
    """A loop that nobody judged weighs what it is worth."""
    slight, full = (abs(taught(Balance(), [answer("words")], o).share - NEUTRAL) for o in (-0.15, -1.0))
    assert 0 < slight < full


def test_the_state_is_json_and_arms_of_another_version_are_not_taken_over() -> None:
    """Written and read it is the same."""
    balance = taught(Balance(), [answer("words")], 1.0)
    assert Balance.of(balance.state()) == balance
    assert Balance.of({"share": 0.9, "counts": [[1, 2], [3, 4]]}) == Balance()


def test_chances_are_those_of_thompson_sampling() -> None:
    """The same as drawing a hundred thousand times, without drawing."""
    counts = [(3.0, 9.0), (8.0, 4.0), (9.0, 6.0), (2.0, 1.5), (1.0, 1.0)]
    draws = np.random.default_rng(5).beta(*np.array(counts).T, size=(100_000, len(ARMS)))
    drawn = np.bincount(draws.argmax(axis=1), minlength=len(ARMS)) / len(draws)
    assert chances(counts) == pytest.approx(drawn, abs=0.01)


# ---------------------------------------------------------------------- credit


def line(*terms: int, towards: float | None = None) -> Line:
    vector = np.zeros(2, np.float32)
    if towards is not None:
        vector[:] = (towards, (1 - towards**2) ** 0.5)
    return Line(frozenset(terms), vector)


def test_only_what_the_answer_made_use_of_is_credited() -> None:
    """The line whose words it repeats has all; the one it left aside has none."""
    assert attributed(line(1, 2, 3), [line(1, 2), line(7, 8)]) == (1.0, 0.0)
    assert attributed(line(9), [line(1, 2), line(7, 8)]) == (0.0, 0.0)
    assert attributed(line(1), []) == ()


def test_words_that_all_lines_share_tell_little() -> None:
    """An answer about deploys repeats "deploy" whichever line it took the day from."""
    deploy, friday, monday = 1, 2, 3
    shares = attributed(line(deploy, friday), [line(deploy, friday), line(deploy, monday)])
    assert shares == (1.0, 0.0)


def test_words_of_the_question_tell_nothing() -> None:
    """An answer repeats them whatever it was shown."""
    lines = [line(1, 2), line(1, 3)]
    assert attributed(line(1), lines, frozenset({1})) == (0.0, 0.0)


def test_meaning_credits_where_words_differ() -> None:
    """A paraphrase is a use; lines of the same topic are not."""
    shares = attributed(line(1, towards=1.0), [line(2, towards=0.98), line(3, towards=0.5), line(4, towards=0.1)])
    assert shares == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("stability", [0.1, 1.0, 30.0, 365.0, 36_500.0])
@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_a_lapse_never_lengthens(stability: float, chance: float) -> None:
    """And never goes below the floor."""
    assert 0.1 <= shrink(stability, chance) <= stability
