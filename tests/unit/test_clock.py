"""Time: zones, gaps and folds, local dates, times known only in part."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eider.model.clock import (
    FixedClock,
    SystemClock,
    day_start,
    from_db,
    local,
    local_date,
    local_zone,
    parse_instant,
    to_db,
    utc,
    zone,
    zone_name,
)
from eider.model.errors import InputError, NaiveTimeError

ZONES = ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Auckland"]
instants = st.datetimes(timezones=st.just(UTC))
zones = st.sampled_from([*ZONES, "+05:45", "-03:30", "Australia/Lord_Howe", "America/Sao_Paulo"])


def at(text: str) -> datetime:
    """An ISO time."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "naive", "fold", "expected"),
    [
        ("UTC", "2026-03-08T02:30", 0, "2026-03-08T02:30Z"),
        ("Asia/Kolkata", "2026-03-08T02:30", 0, "2026-03-07T21:00Z"),
        ("America/New_York", "2026-03-08T01:59", 0, "2026-03-08T06:59Z"),
        ("America/New_York", "2026-03-08T02:30", 0, "2026-03-08T07:30Z"),  # skipped: 03:30 summer time
        ("America/New_York", "2026-03-08T02:30", 1, "2026-03-08T07:30Z"),
        ("America/New_York", "2026-03-08T03:00", 0, "2026-03-08T07:00Z"),
        ("America/New_York", "2026-11-01T01:30", 0, "2026-11-01T05:30Z"),  # occurs twice
        ("America/New_York", "2026-11-01T01:30", 1, "2026-11-01T06:30Z"),
        ("Pacific/Auckland", "2026-09-27T02:30", 0, "2026-09-26T14:30Z"),  # skipped
        ("Pacific/Auckland", "2026-04-05T02:30", 0, "2026-04-04T13:30Z"),  # occurs twice
        ("Pacific/Auckland", "2026-04-05T02:30", 1, "2026-04-04T14:30Z"),
        ("+02:00", "2026-03-08T02:30", 0, "2026-03-08T00:30Z"),
    ],
)
def test_a_naive_time_is_local_in_its_zone(name: str, naive: str, fold: int, expected: str) -> None:
    """A skipped time moves forward by the gap, one that occurs twice is the one its fold names."""
    assert utc(at(naive).replace(fold=fold), name) == at(expected)


def test_a_naive_time_without_a_zone_is_refused() -> None:
    """The message names the argument, the value and the fix."""
    with pytest.raises(NaiveTimeError, match=r"since='2026-05-01T00:00:00'.*tz="):
        utc(datetime(2026, 5, 1), name="since")  # noqa: DTZ001


def test_an_aware_time_keeps_its_instant() -> None:
    """A zone given beside it changes nothing."""
    aware = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert utc(aware, "America/New_York") == aware
    assert utc(aware).tzinfo is UTC


@pytest.mark.parametrize(
    ("name", "expected"),
    [("UTC", "2026-05-01"), ("Asia/Kolkata", "2026-05-02"), ("America/New_York", "2026-05-01"),
     ("Pacific/Auckland", "2026-05-02"), (None, "2026-05-01"), ("+14:00", "2026-05-02"), ("-12", "2026-05-01")],
)  # fmt: skip
def test_the_date_depends_on_the_zone(name: str | None, expected: str) -> None:
    """At half past eight in the evening in London it is tomorrow in Kolkata and Auckland."""
    assert local_date(at("2026-05-01T19:30Z"), name) == date.fromisoformat(expected)


@given(instants, zones)
@example(datetime.max.replace(tzinfo=UTC), "Pacific/Auckland")
@example(datetime.min.replace(tzinfo=UTC), "America/New_York")
def test_a_local_time_is_the_same_instant(instant: datetime, name: str) -> None:
    """There and back, within the calendar's years; at its edges time is held."""
    there = local(instant, name)
    edge = timedelta(days=1)
    if datetime.min.replace(tzinfo=UTC) + edge < instant < datetime.max.replace(tzinfo=UTC) - edge:
        assert utc(there) == instant
        assert utc(there.replace(tzinfo=None), name) == instant
    assert local_date(instant, name) == there.date()


@given(instants, zones)
def test_an_instant_is_within_its_local_day(instant: datetime, name: str) -> None:
    """The day a time falls on begins before it and ends after it."""
    day = local_date(instant, name)
    assert day_start(day, name) <= instant
    if day < date(9999, 12, 30):
        assert instant < day_start(day + timedelta(days=1), name)


@given(instants)
def test_the_database_gives_back_what_it_was_given(instant: datetime) -> None:
    """To the microsecond, without a zone in between."""
    kept = to_db(instant)
    assert kept.tzinfo is None
    assert from_db(kept) == instant


def test_the_database_takes_no_naive_time() -> None:
    """A time without a zone would be guessed at."""
    with pytest.raises(NaiveTimeError):
        to_db(datetime(2026, 5, 1))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "../../etc/passwd", "America", "a\0b", "\ud800", "+25:00",
                                  "+02:75", "Europe/Berlin ", "/etc/localtime", "x" * 300])  # fmt: skip
def test_an_unknown_zone_is_refused(name: str) -> None:
    """The message names the value and an example."""
    with pytest.raises(InputError, match="Europe/Berlin"):
        zone(name)


@given(st.text(max_size=30))
def test_any_zone_name_is_known_or_refused(name: str) -> None:
    """Never another kind of error."""
    try:
        zone(name)
    except InputError as error:
        assert repr(name) in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", [*ZONES, "+02:00", "-03:30", "Europe/Berlin"])
def test_a_zone_is_found_again_by_its_name(name: str) -> None:
    """What an aware time says of its zone leads back to it."""
    there = local(at("2026-05-01T12:00Z"), name)
    found = zone_name(there)
    assert found == name
    assert there.astimezone(zone(found)).utcoffset() == there.utcoffset()


def test_a_naive_time_has_no_zone_name() -> None:
    """There is nothing to name."""
    assert zone_name(datetime(2026, 5, 1)) is None  # noqa: DTZ001


@pytest.mark.parametrize(("value", "expected"), [("Asia/Kolkata", "Asia/Kolkata"), (":UTC", "UTC")])
def test_the_machine_has_a_zone(monkeypatch: pytest.MonkeyPatch, value: str, expected: str) -> None:
    """The environment decides where it names one."""
    monkeypatch.setenv("TZ", value)
    assert local_zone() == expected


@pytest.mark.parametrize("value", ["", "nonsense", "XYZ-3"])
def test_a_machine_set_up_badly_still_has_a_zone(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Whatever is found can be looked up."""
    monkeypatch.setenv("TZ", value)
    zone(local_zone())


@pytest.mark.parametrize(
    ("text", "tz", "expected", "precision"),
    [
        ("2023", None, "2023-01-01T00:00Z", "year"),
        ("2023", "Asia/Kolkata", "2022-12-31T18:30Z", "year"),
        ("2023-05", "America/New_York", "2023-05-01T04:00Z", "month"),
        ("2023-05-07", "Pacific/Auckland", "2023-05-06T12:00Z", "day"),
        (" 2023-5-7 ", "UTC", "2023-05-07T00:00Z", "day"),
        ("2023-05-07T10:00:00Z", "Asia/Kolkata", "2023-05-07T10:00Z", "instant"),
        ("2023-05-07T10:00:00.123456+02:00", None, "2023-05-07T08:00:00.123456Z", "instant"),
        ("2023-05-07 10:00", "Asia/Kolkata", "2023-05-07T04:30Z", "instant"),
        (date(2023, 5, 7), "Asia/Kolkata", "2023-05-06T18:30Z", "day"),
        (datetime(2023, 5, 7, tzinfo=UTC), None, "2023-05-07T00:00Z", "instant"),
        ("9999", "America/New_York", "9999-01-01T05:00Z", "year"),
        ("0001", "Asia/Kolkata", "0001-01-01T00:00Z", "year"),
    ],
)
def test_a_time_may_be_known_in_part(text: str | date, tz: str | None, expected: str, precision: str) -> None:
    """A year, a month or a day begins at local midnight; held within the years 1 to 9999."""
    assert parse_instant(text, tz=tz) == (at(expected), precision)


@pytest.mark.parametrize("text", ["", "soon", "2023-13", "2023-02-30", "0000", "23", "2023-05-07T25:00", "20230", "\0"])
def test_an_unreadable_time_is_refused(text: str) -> None:
    """The message names the value and shows the forms."""
    with pytest.raises(InputError, match="2023-05-07T10"):
        parse_instant(text)


def test_a_time_of_day_needs_a_zone() -> None:
    """A plain date may do without."""
    with pytest.raises(NaiveTimeError):
        parse_instant("2023-05-07T10:00")


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    """Never another kind of error."""
    try:
        found, _ = parse_instant(text, tz="America/New_York")
    except InputError:
        return
    assert found.tzinfo is UTC


def test_a_fixed_clock_moves_when_told() -> None:
    """It stands still, advances and can be set."""
    clock = FixedClock(at("2026-05-01T12:00+02:00"))
    assert clock.now() == clock.now() == at("2026-05-01T10:00Z")
    clock.advance(timedelta(days=1))
    assert clock.now() == at("2026-05-02T10:00Z")
    clock.set(at("2025-01-01T00:00Z"))
    assert clock.now() == at("2025-01-01T00:00Z")
    with pytest.raises(NaiveTimeError, match="start"):
        FixedClock(datetime(2026, 5, 1))  # noqa: DTZ001


def test_the_system_clock_tells_utc() -> None:
    """Aware, and not before the last time it was asked by more than a step of the clock."""
    assert SystemClock().now().tzinfo is UTC
