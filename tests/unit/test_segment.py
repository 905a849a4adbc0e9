"""A segment: neighbours, sittings, what can change and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from eider.language.analysis import terms
from eider.model.errors import InputError
from eider.store.segment.segment import SITTING_ROWS, Segment
from eider.testing.segments import segment_rows, vector_of

MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE


def said(number: int, **more: object) -> dict[str, object]:
    """One row of a talk, a minute after the one before."""
    return {"id": f"e{number}", "text": f"row {number}", "session": "s", "seq": number, "at": number * MINUTE} | more


def chain(segment: Segment, start: str) -> list[str]:
    """Ids from a row to the end of its talk."""
    row = segment.row_of[start]
    found = [start]
    while (row := int(segment.after[row])) >= 0:
        found.append(segment.ids[row])
    return found


def test_rows_of_a_session_are_linked_in_their_order() -> None:
    """Whatever the order of arrival, the place in the session decides."""
    segment = Segment.build(segment_rows([said(2), said(0)]))
    segment.upsert(segment_rows([said(3)]))
    segment.upsert(segment_rows([said(1)]))
    assert chain(segment, "e0") == ["e0", "e1", "e2", "e3"]


def test_a_long_silence_ends_a_sitting() -> None:
    """The next day's talk lends no evidence, though the session goes on."""
    segment = Segment.build(segment_rows([said(0), said(1), said(2, at=DAY), said(3, at=DAY)]))
    assert chain(segment, "e0") == ["e0", "e1"]
    assert chain(segment, "e2") == ["e2", "e3"]


def test_a_sitting_has_bounded_length() -> None:
    """An endless session does not become one big piece of evidence."""
    segment = Segment.build(segment_rows([said(i) for i in range(SITTING_ROWS + 5)]))
    assert len(set(segment.block.tolist())) == 2
    assert len(chain(segment, "e0")) == SITTING_ROWS + 5


def test_a_removed_row_leaves_its_neighbours_linked() -> None:
    """The talk closes over the gap, and the words of the row no longer count."""
    segment = Segment.build(segment_rows([said(0), said(1, text="walnut"), said(2)]))
    segment.remove(["e1", "no such id"])
    assert chain(segment, "e0") == ["e0", "e2"]
    assert len(segment) == 2
    assert segment.postings.df[segment.postings.number[int(terms("walnut")[0])]] == 0


def test_what_can_change_changes_in_place() -> None:
    """A known id with the same text takes new validity, scope and importance without a new row."""
    memory = {"id": "m", "text": "Likes walnuts.", "memory": True, "importance": 2}
    segment = Segment.build(segment_rows([memory]))
    segment.upsert(segment_rows([memory | {"importance": 5, "valid_to": 9, "scope": "project:x", "pinned": True}]))
    assert segment.rows == len(segment) == 1
    row = segment.row_of["m"]
    assert segment.importance[row] == 5
    assert segment.valid_to[row] == 9
    assert segment.scope[row] == segment.scopes["project:x"]
    assert segment.pinned[row]


def test_another_text_under_a_known_id_replaces_the_row() -> None:
    """The old words are gone."""
    segment = Segment.build(segment_rows([said(0, text="walnut"), said(1)]))
    segment.upsert(segment_rows([said(0, text="lantern")]))
    assert len(segment) == 2
    assert segment.row_of["e0"] == 2
    assert chain(segment, "e0") == ["e0", "e1"]


def test_evidence_can_be_followed_both_ways() -> None:
    """From a memory to its episodes, from an episode to the memories that rest on it."""
    memory = {"id": "m", "text": "Likes walnuts.", "memory": True, "evidence": ("e0", "e1")}
    segment = Segment.build(segment_rows([said(0), said(1), memory]))
    assert segment.evidence[segment.row_of["m"]] == ("e0", "e1")
    assert segment.cited["e0"] == [segment.row_of["m"]]
    segment.remove(["m"])
    assert segment.cited == {}


def test_holes_are_packed_once_they_are_many() -> None:
    """Memory follows the live rows."""
    segment = Segment.build(segment_rows([said(i) for i in range(3000)]))
    before = segment.nbytes
    segment.remove([f"e{i}" for i in range(2500)])
    assert len(segment) == segment.rows == 500
    assert segment.nbytes < before / 2
    assert chain(segment, "e2500")[:3] == ["e2500", "e2501", "e2502"]


def test_an_empty_segment_is_fine() -> None:
    """No rows, no trouble."""
    segment = Segment.build(segment_rows([]))
    segment.remove(["x"])
    assert len(segment) == 0
    assert segment.nbytes >= 0


def test_columns_of_unequal_length_are_refused() -> None:
    """The error names the column."""
    rows = segment_rows([said(0), said(1)])
    rows.speaker = ["Ada"]
    with pytest.raises(InputError, match="speaker"):
        Segment.build(rows)


def test_vectors_of_another_width_are_refused_before_anything_changes() -> None:
    """A segment never mixes two embedders, and a refused change leaves it as it was."""
    segment = Segment.build(segment_rows([said(0)]))
    with pytest.raises(InputError, match="width"):
        segment.upsert(segment_rows([said(1, vector=np.zeros(5))]))
    assert len(segment) == segment.rows == 1
    segment.upsert(segment_rows([said(1)]))
    assert len(segment) == 2


def test_rows_without_vectors_are_like_nothing() -> None:
    """A zero row stays zero."""
    segment = Segment.build(segment_rows([said(0, vector=np.zeros(8)), said(1)]))
    likeness = segment.vectors.scan(vector_of("row 1"))
    assert likeness[0] == 0
    assert likeness[1] == pytest.approx(1, abs=1e-3)
