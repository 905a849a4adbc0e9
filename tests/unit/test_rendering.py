"""How a remembered line reads in a prompt."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from quoted import quoted

import eider
from eider.retrieve.rendering import dates_meant


@pytest.mark.parametrize(
    ("text", "said_on", "meant"),
    [
        ("I moved to Bergen last week.", date(2026, 11, 28), ["last week = 16 to 22 Nov"]),
        ("Yesterday I bought a kayak.", date(2026, 1, 1), ["Yesterday = 31 Dec 2025"]),
        ("My lease ends in three months.", date(2026, 6, 3), ["in three months = Sep 2026"]),
        ("Ich ziehe nächste Woche um.", date(2026, 11, 28), ["nächste Woche = 30 Nov to 6 Dec"]),
        ("I was born on 3 May 1988.", date(2026, 11, 28), []),
        ("We deploy on Tuesdays.", date(2026, 11, 28), []),
        ("We moved on Friday.", date(2026, 11, 28), ["Friday = 27 Nov"]),
        ("The demo is on Friday.", date(2026, 11, 28), []),
        ("The demo will be on Friday.", date(2026, 11, 28), ["Friday = 4 Dec"]),
    ],
)
def test_relative_dates_are_resolved_against_the_day_they_were_said(text: str, said_on: date, meant: list[str]) -> None:
    """What is dated by itself needs nothing; what recurs is no date."""
    assert dates_meant(text, said_on) == meant


def test_a_weekday_of_a_rule_is_every_such_day() -> None:
    """What a rule says of a day of the week holds every week."""
    said_on = date(2026, 11, 28)
    assert dates_meant("Never deploy on Friday.", said_on, standing=True) == []
    assert dates_meant("From tomorrow on use tabs.", said_on, standing=True) == ["tomorrow = 29 Nov"]


def test_what_was_said_is_a_dated_quotation_and_what_was_given_is_not(tmp_path: Path) -> None:
    """The speaker stands outside the quotation marks; a statement given by `remember` reads as given."""
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        quoted(memory, "Btw, I moved to Bergen last week.", "I moved to Bergen last week.", at="2026-11-28T10:00:00Z")
        memory.remember("Tollgate listens on port 7443.", scope="project:kestrel")
        memory.record("The harbour opens at six.", session="x", at="2026-05-04T10:00:00Z")
        memory.record("I put the tests next to the code.", role="agent", session="x", at="2026-05-04T10:01:00Z")
        lines = {r.line for q in ("Bergen", "Tollgate port", "harbour", "tests") for r in memory.recall(q)}
    assert '2026-11-28, ada: "I moved to Bergen last week." (last week = 16 to 22 Nov)' in lines
    assert "Tollgate listens on port 7443. (project:kestrel)" in lines
    assert '2026-05-04, ada: "The harbour opens at six."' in lines
    assert '2026-05-04, you: "I put the tests next to the code."' in lines


@pytest.mark.parametrize("door", ["remember", "record"])
def test_the_best_answer_is_cut_to_its_passage_where_the_whole_does_not_fit(tmp_path: Path, door: str) -> None:
    """A budget never drops the answer without a word; what was cut says so."""
    rest = "Bring two towels and a bottle of water for each guest. " * 60
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        getattr(memory, door)(f"{rest}The sauna of the boathouse is heated on Fridays from five. {rest}")
        for n in range(9):
            memory.remember(f"Item {n} of the shopping list is oat milk.")
        found = memory.recall("when is the sauna heated?", budget=200)
        assert "heated on Fridays from five." in found[0].text
        assert any("cut to the passage" in note for note in found[0].why.notes)
        assert sum(memory._engine.counter.count(r.line) for r in found) <= 200
