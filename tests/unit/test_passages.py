"""Long rows are judged and given by the passage that answers, with where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eider
from eider.language import analysis
from eider.providers.token_budget import HeuristicCounter
from eider.retrieve.passage import best_passage

FILL = "Rows are read in batches of a thousand and checked one by one. "
ANSWER = "The owner of the importer is Ragnhild Moe."
QUESTION = "Who is the owner of the importer?"


@given(st.text(max_size=2_000), st.text(max_size=60), st.integers(1, 400))
def test_a_passage_is_a_part_of_the_text_and_no_longer_than_asked(text: str, question: str, most: int) -> None:
    """Whatever the text: start and end lie in it, and the length holds."""
    start, end = best_passage(text, dict.fromkeys(analysis.terms(question).tolist(), 1.0), most)
    assert 0 <= start <= end <= len(text)
    assert end - start <= most


@pytest.mark.parametrize("around", [0, 1, 10, 200])
def test_the_passage_is_where_the_answer_stands(around: int) -> None:
    """At the beginning, in the middle, on the last of many pages."""
    text = FILL * around + ANSWER + " " + FILL * around
    start, end = best_passage(text, dict.fromkeys(analysis.terms(QUESTION).tolist(), 1.0), 200)
    assert ANSWER in text[start:end]


@pytest.mark.parametrize("keep", ["remember", "record"])
@pytest.mark.parametrize("around", [3, 40])
def test_a_sentence_in_a_long_row_is_injected_with_its_place(tmp_path: Path, keep: str, around: int) -> None:
    """The passage alone is in the prompt; the result says from where to where it stands in the whole."""
    text = FILL * around + ANSWER + " " + FILL * around
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        getattr(memory, keep)(text)
        for n in range(10):
            memory.remember(f"Item {n} of the shopping list is oat milk.")
        given = memory.inject(QUESTION)
        assert "Ragnhild" in given.text
        assert given.tokens <= 250
        (one,) = [r for r in given.recollections if "Ragnhild" in r.text][:1]
        if len(text) > 480:
            assert one.passage is not None
            assert text[slice(*one.passage)] == one.text


def test_a_budget_gives_long_rows_by_their_passages_and_lists_what_is_left(tmp_path: Path) -> None:
    """The best line is there whatever its length, others as well, and the last says what did not fit."""
    count = HeuristicCounter().count
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        for n in range(8):
            memory.record(f"{FILL * 20}The owner of importer {n} is Ragnhild Moe. {FILL * 20}")
        found = memory.recall(QUESTION, budget=250)
        assert 1 < len(found) < 8
        assert sum(count(r.line) for r in found) <= 250
        assert all(r.passage is not None and "Ragnhild" in r.text for r in found)
        whole = {r.id for r in memory.recall(QUESTION)}
        left = whole - {r.id for r in found}
        said = " ".join(found[-1].why.notes)
        assert "did not fit" in said
        assert all(identity in said for identity in left)
