"""A segment is exact however it came about, and the ranking keeps its promises on any rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from eider.retrieve.query import Question
from eider.retrieve.rank import rank
from eider.store.segment.segment import FOREVER, Segment
from eider.testing.segments import TODAY, segment_rows, vector_of

HOUR = 3_600_000_000
WORDS = ("harbour", "lantern", "walnut", "violin", "ticket", "glacier", "saddle", "orchard", "engine", "letter")


def answers(
    segment: Segment, text: str, visible: NDArray[np.bool_] | None = None, limit: int = 50
) -> list[tuple[str, float]]:
    """Ids and scores of an answer."""
    question = Question.read(text, segment, today=TODAY, now=10**15, embed=vector_of)
    mask = segment.alive if visible is None else visible
    return [(segment.ids[r.row], r.score) for r in rank(segment, question, mask, limit=limit)]


def assert_alike(first: list[tuple[str, float]], second: list[tuple[str, float]]) -> None:
    """The same scores for the same ids; order may differ only where scores do not."""
    assert {i for i, _ in first} == {i for i, _ in second}
    scores = dict(second)
    assert [s for _, s in first] == pytest.approx([s for _, s in second], abs=2e-3)
    for identity, score in first:
        assert scores[identity] == pytest.approx(score, abs=2e-3)


item = st.fixed_dictionaries(
    {
        "id": st.integers(0, 30).map(str),
        "text": st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
        "session": st.sampled_from(["", "s1", "s2"]),
        "seq": st.integers(0, 6),
        "at": st.integers(0, 40).map(lambda h: h * HOUR),
        "speaker": st.sampled_from(["", "Ada", "Ben"]),
        "role": st.integers(0, 2),
        "importance": st.integers(1, 5),
    }
)
step = st.one_of(
    st.tuples(st.just("upsert"), st.lists(item, min_size=1, max_size=6)),
    st.tuples(st.just("remove"), st.lists(st.integers(0, 30).map(str), max_size=4)),
)


@given(
    steps=st.lists(step, min_size=1, max_size=8),
    asked=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
)
def test_a_segment_grown_step_by_step_answers_as_one_built_afresh(steps: list[tuple[str, list]], asked: str) -> None:
    """After any upserts and removals the answers equal those of a new segment of the same rows."""
    grown = Segment()
    truth: dict[str, dict[str, object]] = {}
    for verb, argument in steps:
        if verb == "upsert":
            grown.upsert(segment_rows(argument))
            truth.update({i["id"]: i for i in argument})
        else:
            grown.remove(argument)
            for identity in argument:
                truth.pop(identity, None)
    fresh = Segment.build(segment_rows(list(truth.values())))
    assert len(grown) == len(fresh) == len(truth)
    assert_alike(answers(grown, asked), answers(fresh, asked))
    for identity, row in grown.row_of.items():
        for name in ("before", "after"):
            other, same = getattr(grown, name)[row], getattr(fresh, name)[fresh.row_of[identity]]
            assert (grown.ids[other] if other >= 0 else None) == (fresh.ids[same] if same >= 0 else None)


episode = st.fixed_dictionaries(
    {"id": st.integers(0, 4).map(lambda n: f"e{n}"), "text": st.sampled_from(WORDS), "session": st.just("s1")}
)
statement = st.fixed_dictionaries(
    {
        "id": st.integers(0, 5).map(lambda n: f"m{n}"),
        "text": st.sampled_from(WORDS),
        "memory": st.just(True),
        "evidence": st.lists(st.integers(0, 4).map(lambda n: f"e{n}"), max_size=2),
        "state": st.sampled_from([0, 1, 4]),
        "valid_to": st.sampled_from([5, 9, FOREVER]),
        "successor": st.sampled_from(["", "m0", "m1"]),
    }
)
change = st.one_of(
    st.tuples(st.just("upsert"), st.lists(st.one_of(episode, statement), min_size=1, max_size=5)),
    st.tuples(st.just("remove"), st.lists(st.sampled_from(["e0", "e1", "m0", "m1", "m2"]), max_size=2)),
)


@given(steps=st.lists(change, min_size=1, max_size=10))
def test_an_utterance_holds_as_long_as_one_of_its_statements(steps: list[tuple[str, list]]) -> None:
    """However rows came and went: its end is the last end of the stated memories that rest on it, if it has any."""
    segment = Segment()
    truth: dict[str, dict] = {}
    for verb, argument in steps:
        if verb == "upsert":
            segment.upsert(segment_rows(argument))
            truth.update({i["id"]: i for i in argument})
        else:
            segment.remove(argument)
            for identity in argument:
                truth.pop(identity, None)
    for identity, row in segment.row_of.items():
        mine = truth[identity]
        ends = [m["valid_to"] for m in truth.values() if identity in m.get("evidence", ()) and m["state"] in (0, 4)]
        expected = mine["valid_to"] if "valid_to" in mine else max(ends, default=FOREVER)
        assert segment.until[row] == expected
        assert segment.successor.get(row, "") == mine.get("successor", "")


def crowd(count: int, seed: int = 7) -> list[dict[str, object]]:
    """Many rows of talk over a small vocabulary, in sessions of twenty."""
    rng = np.random.default_rng(seed)
    vocabulary = [
        f"{a}{b}"
        for a in ("ka", "lo", "mi", "nu", "re", "sa", "to", "vi")
        for b in ("ban", "dor", "gel", "pim", "rus", "tek")
    ]
    lengths = rng.integers(3, 12, count)
    return [
        {
            "id": f"r{i}",
            "text": " ".join(rng.choice(vocabulary, lengths[i])) + f" {i}",
            "session": f"s{i // 20}",
            "seq": i % 20,
            "at": i * 60_000_000,
            "role": i % 2,
        }
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [1_000, 10_000, 40_000])
def test_the_exact_text_of_a_row_ranks_that_row_first(count: int) -> None:
    """Whoever quotes a text gets that text, whatever stands around it and however many rows there are."""
    items = crowd(count)
    segment = Segment.build(segment_rows(items))
    for i in range(0, count, count // 25):
        assert answers(segment, str(items[i]["text"]), limit=1)[0][0] == f"r{i}"


@given(
    items=st.lists(item, min_size=4, max_size=14, unique_by=lambda i: i["id"]),
    asked=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
    data=st.data(),
)
def test_masked_rows_neither_show_nor_lend_evidence(
    items: list[dict[str, object]], asked: str, data: st.DataObject
) -> None:
    """Which hidden row holds which text does not matter to the answer, wherever they stand."""
    hidden = data.draw(st.lists(st.integers(0, len(items) - 1), min_size=2, max_size=4, unique=True))
    turned = [dict(i) for i in items]
    for here, there in zip(hidden, hidden[1:] + hidden[:1], strict=True):
        turned[here]["text"] = items[there]["text"]
    found = []
    for version in (items, turned):
        segment = Segment.build(segment_rows(version))
        visible = segment.alive.copy()
        visible[hidden] = False
        found.append(answers(segment, asked, visible))
        assert not {i for i, _ in found[-1]} & {str(items[h]["id"]) for h in hidden}
    assert_alike(*found)


@given(
    items=st.lists(item, min_size=2, max_size=15, unique_by=lambda i: i["id"]),
    asked=st.sampled_from(WORDS),
    seed=st.integers(0, 99),
)
def test_the_order_in_which_rows_arrive_does_not_change_the_answer(
    items: list[dict[str, object]], asked: str, seed: int
) -> None:
    """Shuffled input gives the same answer."""
    shuffled = [items[i] for i in np.random.default_rng(seed).permutation(len(items))]
    assert_alike(
        answers(Segment.build(segment_rows(items)), asked), answers(Segment.build(segment_rows(shuffled)), asked)
    )


@given(items=st.lists(item, min_size=1, max_size=15, unique_by=lambda i: i["id"]), asked=st.sampled_from(WORDS))
def test_shares_sum_to_the_score(items: list[dict[str, object]], asked: str) -> None:
    """`why` accounts for all of the score."""
    segment = Segment.build(segment_rows(items))
    question = Question.read(asked, segment, today=TODAY, now=10**15, embed=vector_of)
    for row in rank(segment, question, segment.alive, limit=50):
        assert sum(row.shares.values()) == pytest.approx(row.score, abs=1e-2)
