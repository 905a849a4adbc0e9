"""What a text says of dates never stops it from being kept or asked for."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eider
from eider.language.dates import periods_in
from eider.model.clock import FixedClock
from eider.providers.embedders.hashing import HashEmbedder

WORDS = (
    "January April 5 12 31 2024 May Sept Sun monday Friday - – — to from until between and since last next ago weeks "
    "1er avril au juin 5. bis zum März Montag vor zwei de mayo al lunes hace 三月 4月5日 至 到 二三 天前 2024年 "
    "0001-01-01 9999-12-31 2024-02-30 , . ( ) I live in Rome will plan".split()
)
prose = st.builds(
    lambda parts, mark: mark.join(parts),
    st.lists(
        st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=4),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([" ", "", "-"]),
)
TODAY = date(2026, 5, 20)
PLAIN = (
    "The cat sleeps.",
    "Rome is large!",
    "Was it 12 or 31 of them?",
    "It cost 7.5 in all.",
    "Nous mangeons bien.",
    "Das Haus ist alt.",
)
DATED = (
    "We met on May 5, 2024.",
    "I moved last week!",
    "Back on 2024-02-30 or 1 June?",
    "Wir fuhren am 7. Mai.",
    "It is due in Q3 2025.",
    "The 1st of June, then.",
)
SCHEDULE = (
    "April 5-April 12",
    "Week 2 (May 12-May 26)",
    "September 1-September 15, 2024",
    "二三天前",
    "5. Mai-7. Juni",
)


def opened(folder: str) -> eider.Eider:
    clock = FixedClock("2026-05-20T12:00:00+00:00")
    return eider.open(Path(folder, "a.eider"), embedder=HashEmbedder(width=32), clock=clock, user="kari")


@settings(max_examples=settings().max_examples // 4, suppress_health_check=list(HealthCheck))
@given(st.lists(prose, min_size=1, max_size=12))
def test_any_date_like_text_is_kept_and_asked_for(texts: list[str]) -> None:
    """`record`, `observe`, `recall` and `inject` take any text that is not blank."""
    with tempfile.TemporaryDirectory() as folder, opened(folder) as memory:
        for text in texts:
            if text.strip():
                memory.record(text)
                memory.observe(agent_output="Noted.", user_reply=text)
                memory.recall(text)
                memory.inject(text)


@pytest.mark.parametrize("text", SCHEDULE)
def test_a_range_of_dates_is_kept(text: str, tmp_path: Path) -> None:
    """A schedule in ordinary words is kept and found."""
    with opened(str(tmp_path)) as memory:
        memory.record(f"The sprint: {text}.")
        assert memory.recall(text)


def test_a_batch_of_prose_is_kept_whole(tmp_path: Path) -> None:
    """No line of a batch is lost for the dates in it."""
    lines = [{"text": f"Sprint {i}: {text}."} for i, text in enumerate(SCHEDULE)]
    with opened(str(tmp_path)) as memory:
        assert len(memory.record_many(lines)) == len(lines)


@given(
    st.lists(st.sampled_from(PLAIN), max_size=4), st.sampled_from(DATED), st.lists(st.sampled_from(PLAIN), max_size=4)
)
def test_sentences_without_a_date_change_nothing(before: list[str], dated: str, after: list[str]) -> None:
    """A long text is read where it can name a date; what stands around it neither hides nor moves it."""
    text = " ".join([*before, dated, *after])
    found = [(text[start:end], window) for start, end, window in periods_in(text, said_on=TODAY)]
    assert found == [(dated[start:end], window) for start, end, window in periods_in(dated, said_on=TODAY)]
    assert found
