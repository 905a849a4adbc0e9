"""Four time zones and a change of clocks: whose yesterday it is depends on who asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider
from eider.model.clock import FixedClock, local_date, utc
from eider.model.clock import zone as zone_of
from eider.providers.embedders.hashing import HashEmbedder

AUCKLAND, KOLKATA, BERLIN, NEW_YORK = ZONES = ("Pacific/Auckland", "Asia/Kolkata", "Europe/Berlin", "America/New_York")
NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)
"""Wednesday noon in Greenwich; in Auckland it is already Thursday."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def memory(tmp_path: Path, clock: FixedClock) -> Iterator[Eider]:
    with eider.open(tmp_path / "a.eider", user="ada", embedder=HashEmbedder(), clock=clock) as opened:
        yield opened


def test_yesterday_is_the_askers(memory: Eider) -> None:
    """At Wednesday noon UTC, "yesterday" is Wednesday in Auckland and Tuesday in New York."""
    tuesday = memory.record(
        "We spoke about the budget plan.", at=datetime(2026, 5, 5, 10, tzinfo=UTC), tz=NEW_YORK, session="t"
    )
    wednesday = memory.record(
        "We spoke about the budget plan!", at=datetime(2026, 5, 6, 8, tzinfo=UTC), tz=AUCKLAND, session="w"
    )
    ask = "What did we say about the budget plan yesterday?"
    assert memory.recall(ask, tz=NEW_YORK, limit=1)[0].id == tuesday.id
    assert memory.recall(ask, tz=AUCKLAND, limit=1)[0].id == wednesday.id


@pytest.mark.parametrize(
    ("zone", "day"),
    [(AUCKLAND, "2026-05-06"), (KOLKATA, "2026-05-06"), (BERLIN, "2026-05-05"), (NEW_YORK, "2026-05-05")],
)
def test_a_session_is_the_speakers_day(memory: Eider, zone: str, day: str) -> None:
    """One evening in Berlin is the next morning in Auckland."""
    episode = memory.record("Good night, or good morning.", at=datetime(2026, 5, 5, 20, tzinfo=UTC), tz=zone)
    assert (episode.session, episode.tz) == (day, zone)
    assert local_date(episode.at, episode.tz) == date.fromisoformat(day)


@pytest.mark.parametrize("zone", ZONES)
def test_a_naive_time_is_the_clock_on_the_speakers_wall(memory: Eider, zone: str) -> None:
    """And comes back as that instant."""
    episode = memory.record("Half past eight.", at="2026-05-05T20:30", tz=zone)
    assert episode.at.astimezone(zone_of(zone)).strftime("%Y-%m-%dT%H:%M") == "2026-05-05T20:30"
    assert episode.session == "2026-05-05"


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_as_a_filter_is_the_askers_day(memory: Eider, zone: str) -> None:
    """Its first and last minute are in, the minutes before and after are not."""
    start = utc(datetime(2026, 5, 5), zone)  # noqa: DTZ001 (local in the zone)
    minutes = [
        start - timedelta(minutes=1),
        start,
        start + timedelta(hours=23, minutes=59),
        start + timedelta(hours=24),
    ]
    ids = [memory.record(f"Minute {n}.", at=at).id for n, at in enumerate(minutes)]
    found = memory.search(since="2026-05-05", until="2026-05-06", tz=zone).items
    assert {r.id for r in found} == set(ids[1:3])


def test_the_lost_and_the_doubled_hour(memory: Eider) -> None:
    """Berlin 2026: at two o'clock it is three on 29 March, and at three it is two on 25 October."""
    spring = [
        memory.record(f"Spring {t}.", at=f"2026-03-29T{t}", tz=BERLIN, session="spring")
        for t in ("01:30", "02:30", "03:30")
    ]
    assert [e.at.strftime("%H:%M") for e in spring] == ["00:30", "01:30", "01:30"]
    autumn = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 (local in the zone)
    first, second = (
        memory.record(f"Autumn {fold}.", at=autumn.replace(fold=fold), tz=BERLIN, session="autumn") for fold in (0, 1)
    )
    assert second.at - first.at == timedelta(hours=1)
    assert {local_date(e.at, e.tz) for e in (first, second)} == {date(2026, 10, 25)}
    assert memory.verify(deep=True).findings == ()


def test_a_day_with_a_change_of_clocks_has_its_own_length(memory: Eider) -> None:
    """23 hours in spring, 25 in autumn: nothing of it belongs to a neighbour."""
    for day, after, hours in (("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25)):
        start = utc(datetime.fromisoformat(day), BERLIN)
        last = memory.record(f"Last hour of {day}.", at=start + timedelta(hours=hours, minutes=-30), tz=BERLIN)
        next_day = memory.record(f"First hour of {after}.", at=start + timedelta(hours=hours, minutes=30), tz=BERLIN)
        found = {r.id for r in memory.search(since=day, until=after, tz=BERLIN).items}
        assert last.id in found
        assert next_day.id not in found
        assert (last.session, next_day.session) == (day, after)


def test_a_traveller_keeps_the_dates_where_they_spoke(memory: Eider) -> None:
    """Each utterance has the zone of its speaker; order is by instant."""
    at = datetime(2026, 5, 5, 23, tzinfo=UTC)
    said = [memory.record(f"From {zone}.", at=at + timedelta(minutes=n), tz=zone) for n, zone in enumerate(ZONES)]
    assert [e.session for e in said] == ["2026-05-06", "2026-05-06", "2026-05-06", "2026-05-05"]
    assert [r.text for r in reversed(memory.search().items)] == [e.text for e in said]


def test_what_holds_from_a_day_holds_from_its_first_instant(memory: Eider) -> None:
    """Days of validity are UTC days, half open; the precision is remembered."""
    kept = memory.remember("The office is in Pune.", valid_from="2026-05-01", valid_to="2026-05-03")
    assert (kept.from_precision, kept.to_precision) == ("day", "day")
    for at, holds in (
        ("2026-04-30T23:59:59Z", False), ("2026-05-01T00:00:00Z", True), ("2026-05-02T23:59:59Z", True), ("2026-05-03T00:00:00Z", False)
    ):  # fmt: skip
        assert (kept.id in {r.id for r in memory.search(as_of=at).items}) is holds


def test_the_clock_going_back_keeps_what_was_known_in_order(memory: Eider, clock: FixedClock) -> None:
    """Times of changes rise with their numbers, whatever the machine's clock does."""
    for step in (0, -3600, 7200, -86_400):
        clock.advance(timedelta(seconds=step))
        memory.remember(f"Learned after a step of {step}.")
    times = [e.at for e in memory.events()]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 4
