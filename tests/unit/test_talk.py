"""A long talk ends in the guidance that a careful reader would have kept of it."""

from __future__ import annotations

import json
from pathlib import Path

import eider

TALK = Path(__file__).parents[1] / "data" / "learning" / "talk_planning.jsonl"


def test_the_guidance_after_a_long_talk_holds_most_of_what_lasts_and_little_else(tmp_path: Path) -> None:
    """Of 35 statements, told in 57 turns and partly changed later, most guide at the end, in the words that were said."""
    *turns, end = (json.loads(line) for line in TALK.read_text("utf-8").splitlines())
    with eider.open(tmp_path / "m.eider", user="hedda") as memory:
        for turn in turns:
            memory.observe(agent_output=turn["agent_output"], user_reply=turn["user_reply"], session="talk")
        text = memory.policy(budget=4_000).text.lower()
    assert len([said for said in end["final_policy"] if said.lower() in text]) >= 27, text
    assert len([said for said in end["must_not_hold"] if said.lower() in text]) <= 4, text


def test_something_that_happened_at_a_time_is_not_over_with_that_time(tmp_path: Path) -> None:
    """The week of the move ends; living there does not, nor a rule whose reason is of last month."""
    said = (
        "I moved to Bergen last week.",
        "Please always use uv instead of pip, all our repositories moved to uv last month.",
        "Wir sind letzten Monat nach Kiel gezogen.",
    )
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        for reply in said:
            memory.observe(user_reply=reply)
        text = memory.policy().text
    assert all(reply in text for reply in said)


def test_a_yes_that_says_what_holds_is_kept_in_the_users_words(tmp_path: Path) -> None:
    """What the agent asked stands beside it; a bare yes keeps the agent's words."""
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        memory.observe(
            agent_output="I'd stream with a server-side cursor, in chunks of 10,000. Agreed?",
            user_reply="sounds good, let's go with the server-side cursor",
        )
        memory.observe(agent_output="Should I remember that you prefer window seats?", user_reply="yes please")
        guidance = memory.policy().text
        held = [one.text for one in memory.search(kinds=["fact", "preference", "rule"]).items]
    assert 'ada: "sounds good, let\'s go with the server-side cursor"' in guidance
    assert any(text.startswith("you prefer window seats") for text in held)
