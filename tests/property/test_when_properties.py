"""Dates in language: what holds for any text and any day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eider.language.dates import event_asked, mentions, window_asked

days = st.dates()
WORDS = (
    "last next this may May March April jan Dec on since before after between and from to until by the of in ago back "
    "7 31 7th 1st 1er 7. 31. 2023 1999 0 00 week weekend month year decade Friday Mon tue summer two a few couple first "
    "early mid late end Christmas Easter 29 February 30 yesterday tomorrow every Q3 1990s 2023-05-07 2023-02-30 5/7/2023 "
    "9999-12-31 0001-01-01 2023-05 , - – — . ( ) / : \n vor seit bis vom zum am zwei Wochen letzte Mai Montag gestern "
    "il y a dernier du au mars juin lundi hier ans pasado hace del al de mayo lunes ayer año próximo "
    "上周 前天 三月 之前 从 到 至 年 月 日 底 三 十 二三 一二十 十十 天前 2024年 4月 5日 12日 个月 最近 周 几".split(
        " "
    )
)
texts = st.one_of(
    st.text(max_size=80),
    st.builds(
        lambda parts, mark: mark.join(parts),
        st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=10),
        st.sampled_from([" ", "", "-"]),
    ),
)


@pytest.fixture
def no_fault_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Dates that a fault of the reader leaves unread are logged; no test may cause one."""
    yield
    assert not [record for record in caplog.get_records("call") if "could not be read" in record.getMessage()]


@pytest.mark.usefixtures("no_fault_logged")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts, days)
def test_windows_hold_at_least_a_day(text: str, today: date) -> None:
    """No text raises on any day of the calendar, and no window is empty or reversed."""
    asked = window_asked(text, today=today)
    for window in [*mentions(text, said_on=today), *([asked] if asked else [])]:
        assert window.start < window.end
        assert window.days == (window.end - window.start).days >= 1
        assert window.first in window
        assert window.end not in window


@given(texts)
def test_looking_for_an_event_never_fails(text: str) -> None:
    """Any text has an event or none."""
    event_asked(text)


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2090, 12, 31)), days)
def test_a_full_date_is_read_as_itself(day: date, today: date) -> None:
    """The written forms of a day all mean that day, whenever they are read."""
    spellings = [day.isoformat(), f"on {day.day} {day:%B} {day.year}", f"{day:%B} {day.day}, {day.year}",
                 f"{day.day}.{day.month}.{day.year}", f"{day.year}年{day.month}月{day.day}日"]  # fmt: skip
    for text in spellings:
        window = window_asked(text, today=today)
        assert window is not None, text
        assert (window.start, window.days) == (day, 1), text


@given(st.dates(min_value=date(2, 1, 1), max_value=date(9990, 1, 1)), st.integers(1, 31))
def test_days_ago_are_counted(today: date, count: int) -> None:
    """So many days ago is that day."""
    window = window_asked(f"What did I say {count} days ago?", today=today)
    assert window is not None
    assert window.start == today - timedelta(days=count)
