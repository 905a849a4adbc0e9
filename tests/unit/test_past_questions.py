"""Which texts ask about the past."""

from __future__ import annotations

from datetime import date

import pytest

from eider.language.questions.past import past_asked

TODAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    "text",
    [
        "where did I live in 2023", "what was the port before", "What was the port before June?", "My old phone?",
        "Who owned billing in March?", "Where did I live before Oslo?", "what port did we use before the move?",
        "What was our mortgage rate then?", "Which phone did I have in July?", "my address in 2023?", "address 2023",
        "Which editor was I using last year?", "Wo habe ich damals gewohnt?", "Wo habe ich 2023 gewohnt?",
        "Wie hoch war die Miete im Mai?", "Où habitais-je en 2023 ?", "¿Dónde vivía antes?", "我2023年住在哪里？",
        "当时后端用的是什么?", "Tell me where I lived in 2023.", "Before we moved to Oslo, where did we live?",
        "Which manager did I have until June?", "What port did staging use two weeks ago?",
    ],
)  # fmt: skip
def test_what_is_asked_about_opens_the_past(text: str) -> None:
    """A past tense with a date that is gone, or a word for formerly in a question."""
    window = past_asked(text, today=TODAY)
    assert window is not None
    assert window.start < TODAY


@pytest.mark.parametrize(
    "text",
    [
        "Ask the server to reply by Friday.", "Until Friday, who owns the billing module?", "Where do I live?",
        "Get the server to sign before Monday.", "Which pier does the ferry leave from, I have to be there by Friday.",
        "Who owns billing on Friday?", "What do we deploy today?", "Use the report of last week and ask the server.",
        "What is due before June?", "Bitte bis Freitag den Besitzer fragen.", "Wem gehört das Modul bis Freitag?",
        "Demande au propriétaire avant vendredi.", "Pide al dueño que firme antes del lunes.", "周五之前让负责人回复。",
        "Run the tests before pushing.", "Schedule the review for 12 December 2026.", "Who signs on 3 March?",
        "The build was broken, get the server to sign by Friday.", "How old is my daughter?", "what is on port 2023?", "",
    ],
)  # fmt: skip
def test_a_date_by_which_something_is_to_be_done_does_not(text: str) -> None:
    """Deadlines, appointments and what is the case now are about the present."""
    assert past_asked(text, today=TODAY) is None
