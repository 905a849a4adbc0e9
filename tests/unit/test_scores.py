"""Scores are on one scale from 0 to 1, in the order of the sums that they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eider
from eider.api.scores import relevance

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, FINITE)
def test_the_order_stays_and_the_scale_holds(one: float, other: float) -> None:
    """Whatever the sums, the greater one is never shown as the lesser."""
    low, high = sorted((one, other))
    assert 0.0 <= relevance(low) <= relevance(high) <= 1.0


def test_recall_inject_and_search_speak_of_one_scale(tmp_path: Path) -> None:
    """A line has the same score however it was asked for; raw shares stay in `why`; a plain listing has none."""
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        memory.record("The ledger runs on Postgres 15, and we cap retries at five.", session="s")
        memory.remember("The cat sleeps.")
        question = "On which Postgres does the ledger run?"
        best, *rest = memory.recall(question)
        assert best.score > 0.5
        assert all(0 <= hit.score < best.score for hit in rest)
        assert best.score == pytest.approx(relevance(sum(best.why.shares.values())), abs=0.01)
        (given_,) = memory.inject(question).recollections
        assert 0.5 < given_.score <= 1
        assert memory.search("ledger Postgres")[0].score <= 1
        assert {hit.score for hit in memory.search("")} == {0.0}
