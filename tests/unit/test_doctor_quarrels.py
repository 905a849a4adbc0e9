"""Which statements are suspected of excluding each other."""

from __future__ import annotations

import pytest

from eider.service.doctor.contradictions import contradictions


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ("Drinks coffee after lunch.", "Doesn't drink coffee after lunch.", "negation"),
        ("Trinkt gern Kaffee.", "Trinkt nicht gern Kaffee.", "negation"),
        ("The port is 8080.", "The port is 9090.", None),  # one word of content: too little to go by
        ("The server port is 8080.", "The server port is 9090.", "number"),
        ("Met Bob on 3 May.", "Met Bob on 5 May.", None),
        ("The budget of 2025 is 5 million.", "The budget of 2026 is 6 million.", None),
        ("Has 2 cats named Ink.", "Has 2 dogs named Ink.", None),
        ("Likes tea with milk.", "Likes tea with milk.", None),
        ("Runs 5 km in the morning.", "Runs in the morning.", None),
    ],
)
def test_only_what_differs_in_a_number_or_a_not_is_suspected(one: str, other: str, what: str | None) -> None:
    """A careful guess: dates, and anything else that differs, are left alone."""
    found = [kind for _, _, kind in contradictions([("a", one), ("b", other)])]
    assert found == ([what] if what else [])


def test_a_series_is_no_quarrel() -> None:
    """What is noted week after week in the same words differs in its numbers by design."""
    notes = [(str(n), f"The weekly build took {n} minutes.") for n in range(8)]
    assert list(contradictions(notes)) == []
    assert [what for _, _, what in contradictions(notes[:2])] == ["number"]
