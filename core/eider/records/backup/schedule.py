"""When the server backs up its stores by itself: one setting, read back as a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Final, Literal

from eider.model import config
from eider.model.errors import ConfigError

SETTING: Final = "backup"
_FORM: Final = re.compile(r"(daily|weekly) ([01]\d|2[0-3]):([0-5]\d) keep (\d{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often, at what time of the user's day, and how many days to keep."""

    every: Literal["daily", "weekly"]
    """Weekly is on Sundays."""
    at: time = time(3)
    keep: int = 7

    def __str__(self) -> str:
        return f"{self.every} {self.at:%H:%M} keep {self.keep}"

    def last_due(self, now: datetime, zone: tzinfo) -> datetime:
        """The latest instant, not after now, at which a backup was due.

        >>> from datetime import UTC
        >>> Schedule(every="daily").last_due(datetime(2026, 5, 2, 2, 59, tzinfo=UTC), UTC).isoformat()
        '2026-05-01T03:00:00+00:00'
        """
        here = now.astimezone(zone)
        day = here.date()
        if self.every == "weekly":
            day -= timedelta(days=(day.weekday() + 1) % 7)
        due = datetime.combine(day, self.at, zone)
        if due > here:
            due = datetime.combine(day - timedelta(days=7 if self.every == "weekly" else 1), self.at, zone)
        return due


def parse(text: str) -> Schedule:
    """A schedule as the setting holds it.

    Raises:
        ConfigError: It is none.

    >>> str(parse("daily 03:00 keep 7"))
    'daily 03:00 keep 7'
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"setting 'backup' is {text!r}, which is no schedule; set it with eider backup schedule daily --at 03:00."
        )
    every: Literal["daily", "weekly"] = "weekly" if found[1] == "weekly" else "daily"
    return Schedule(every=every, at=time(int(found[2]), int(found[3])), keep=int(found[4]))


def current_schedule() -> Schedule | None:
    """What is set; None when nothing is.

    Raises:
        ConfigError: The setting cannot be understood.
    """
    said = config.setting(SETTING)
    return None if not said or said == "off" else parse(said)


def keep_schedule(schedule: Schedule | None) -> None:
    """Set or end it."""
    config.write(SETTING, None if schedule is None else str(schedule))
