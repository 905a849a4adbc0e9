"""Which backups are kept and when one is due: two pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eider.model.errors import ConfigError
from eider.records.backup.rotation import Keep, instants_to_keep
from eider.records.backup.schedule import Schedule, current_schedule, keep_schedule, parse

INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MADE = st.sets(INSTANTS, max_size=40)
KEEP = st.builds(Keep, daily=st.integers(0, 12), weekly=st.integers(0, 6), monthly=st.integers(0, 14))


@given(MADE, KEEP)
def test_what_is_kept_was_made_and_is_bounded(made: set[datetime], keep: Keep) -> None:
    """Never more than the counts allow, and always the newest."""
    found = instants_to_keep(made, keep)
    assert found <= made
    assert len(found) <= max(1, keep.daily + keep.weekly + keep.monthly)
    assert not made or max(made) in found


@given(MADE, KEEP)
def test_the_newest_of_each_day_that_is_kept_stays(made: set[datetime], keep: Keep) -> None:
    """As many of the last days that have a backup as were asked for."""
    last_days = sorted({at.date() for at in made}, reverse=True)[: keep.daily]
    assert {max(at for at in made if at.date() == day) for day in last_days} <= instants_to_keep(made, keep)


@given(MADE, KEEP)
def test_rotating_twice_removes_nothing_more(made: set[datetime], keep: Keep) -> None:
    """The rule is at rest after one turn."""
    found = instants_to_keep(made, keep)
    assert instants_to_keep(found, keep) == found


@given(MADE, KEEP, st.sampled_from(["daily", "weekly", "monthly"]))
def test_keeping_more_loses_nothing(made: set[datetime], keep: Keep, which: str) -> None:
    """A larger count only adds."""
    counts = {name: getattr(keep, name) for name in ("daily", "weekly", "monthly")}
    more = Keep(**{**counts, which: counts[which] + 1})
    assert instants_to_keep(made, keep) <= instants_to_keep(made, more)


def test_a_year_of_daily_backups_leaves_a_ladder() -> None:
    """Rotated every day: seven days, then weeks, then months."""
    held: set[datetime] = set()
    start = datetime(2025, 1, 1, 3, tzinfo=UTC)
    for day in range(365):
        held = set(instants_to_keep({*held, start + timedelta(days=day)}, Keep()))
    ages = sorted((max(held) - at).days for at in held)
    assert ages[:7] == list(range(7))
    assert len(ages) <= 7 + 4 + 6
    assert ages[-1] > 120


@given(INSTANTS, st.sampled_from(["daily", "weekly"]), st.times().map(lambda t: t.replace(second=0, microsecond=0)))
def test_the_last_due_instant_is_the_latest_before_now(now: datetime, every: str, at: time) -> None:
    """Never in the future, and less than a turn ago."""
    zone = ZoneInfo("Europe/Berlin")
    plan = Schedule(every="weekly" if every == "weekly" else "daily", at=at)
    due = plan.last_due(now, zone)
    turn = timedelta(days=7 if every == "weekly" else 1)
    assert due <= now < due + turn + timedelta(hours=1)  # a day of summer time's end has 25 hours
    assert every == "daily" or due.weekday() == 6
    assert parse(str(plan)) == plan


@pytest.mark.parametrize("text", ["", "hourly 03:00 keep 7", "daily 24:00 keep 7", "daily 3:00", "daily 03:00 keep x"])
def test_a_setting_that_is_no_schedule_is_named(text: str) -> None:
    """With the command that mends it."""
    with pytest.raises(ConfigError, match="eider backup schedule"):
        parse(text)


def test_a_schedule_is_kept_in_the_settings() -> None:
    """Until it is taken away."""
    assert current_schedule() is None
    keep_schedule(Schedule(every="weekly", at=time(4, 30), keep=3))
    assert current_schedule() == Schedule(every="weekly", at=time(4, 30), keep=3)
    keep_schedule(None)
    assert current_schedule() is None
