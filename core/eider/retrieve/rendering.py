"""How one remembered line reads in a prompt: the same for recall, injection, guidance and briefings.

What somebody said is a dated quotation with the speaker outside the quotation marks; what was given as a statement
stands as given. Beside it: the days that "last week" meant, what it answered, and whether it still holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from eider.language.dates import Window, periods_in, window_asked
from eider.language.questions.past import says_past
from eider.model.clock import local_date
from eider.model.values import GLOBAL, ORIGIN_OF_ROLE, TRUST, Episode, Memory
from eider.model.visible_text import visible_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eider.model.answers import EndedSpan
    from eider.model.values import Origin

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHOSE: Final[Mapping[Origin, str]] = {
    "agent": "an agent's note", "import": "imported", "tool": "said by a tool", "document": "said in a document",
}  # fmt: skip
"""Whose word a line is that was not given by the user."""
_QUOTED: Final = 200
"""Most characters shown of the agent's words that a line answers."""
_READ: Final = 2_000
"""Characters of a text up to which its dates are resolved: a longer one is no statement of a date."""
_YEAR: Final = timedelta(days=366)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """Who said the words of a memory, when, and what they answered."""

    speaker: str
    said_on: date
    answers: str = ""
    confirmed: str = ""
    """The user's words that confirm the agent's."""


def line_of(
    item: Memory | Episode, said: Mapping[str, Episode], *, now: datetime, until: datetime | None = None,
    ended: Sequence[EndedSpan] = (), leave_out: bool = False, known: dict[str, Sequence[str]], dated: bool,
    outdated: date | None = None,
) -> str:  # fmt: skip
    """Return a memory or an utterance as one line of a prompt, without a mark in front.

    Args:
        item: Memory | Episode.
        said: Id → utterance, as far as a memory's evidence is known.
        now: Instant of asking.
        until: When all that it says ended; None while it holds.
        ended: Parts of its text that have ended.
        leave_out: Whether those parts are left out instead of being marked.
        known: What relative dates meant, by id; added to.
        dated: Whether its analysis found a date; a text without one is not read for dates again.
        outdated: Since when a later statement may have replaced what an utterance says.
    """
    quoted = quotation_of(item, said) if isinstance(item, Memory) else None
    if item.id not in known:
        known[item.id] = dates_of(item, quoted) if dated else ()
    if isinstance(item, Memory):
        return memory_line(item, quoted, now=now, dates=known[item.id])
    return episode_line(item, until=until, ended=ended, leave_out=leave_out, dates=known[item.id], outdated=outdated)


def quotation_of(memory: Memory, episodes: Mapping[str, Episode]) -> Quotation | None:
    """Return whose words a memory is; None where its text was given as a statement.

    Args:
        memory: The memory.
        episodes: Id → utterance, as far as its evidence is known.
    """
    own: list[str] = []
    other: list[str] = []
    first: Episode | None = None
    if memory.answers is not None and memory.answers not in memory.evidence and (said_by := episodes.get(memory.answers.episode)):  # fmt: skip
        other.append(said_by.text[memory.answers.start : memory.answers.end])
    for span in memory.evidence:
        if (episode := episodes.get(span.episode)) is None:
            continue
        first = first or episode
        (own if episode.role == first.role else other).append(episode.text[span.start : span.end])
    said, text = [" ".join(words.split()) for words in own], " ".join(memory.text.split())
    if first is None or text not in (*said, " ".join(said)):
        return None
    joined = " ".join(other)[:_QUOTED]
    confirmed = memory.act == "confirm"
    return Quotation(
        speaker=speaker_of(first), said_on=local_date(first.at, first.tz), answers="" if confirmed else joined,
        confirmed=joined if confirmed else "",
    )  # fmt: skip


def speaker_of(episode: Episode) -> str:
    """Return who speaks, as a model reads it: an agent that has no name is the one that reads."""
    return "you" if episode.role == "agent" and episode.speaker in ("", "default", "agent") else episode.speaker


def memory_line(
    memory: Memory, quoted: Quotation | None, *, now: datetime, text: str | None = None, scoped: bool = True,
    dates: Sequence[str] | None = None,
) -> str:  # fmt: skip
    """Return a memory as one line of a prompt, without a mark in front.

    Args:
        memory: The memory.
        quoted: Who said it and when, where its text is a quotation.
        now: Instant of asking, against which it holds or has ended.
        text: How it reads where it is no quotation; by default its text.
        scoped: Whether its scope is told.
        dates: What its relative dates meant, where that is known.
    """
    said = visible_text(memory.text if text is None else text)
    beside = [*(dates_of(memory, quoted) if dates is None else dates)]
    if quoted is not None:
        said = f"{quoted.said_on}, {visible_text(quoted.speaker)}: {in_quotes(said)}"
        if quoted.answers:
            beside.append(f"to your {in_quotes(visible_text(quoted.answers))}")
        if quoted.confirmed:
            beside.append(f"confirmed with {in_quotes(visible_text(quoted.confirmed))}")
    if memory.origin != "user" and (quoted is None or quoted.speaker != "you"):
        beside.append(_WHOSE[memory.origin])
    if scoped and memory.scope != GLOBAL:
        beside.append(memory.scope)
    if memory.doubt is not None:
        beside.append(f"perhaps outdated since {day_in_words(memory.doubt.since.date())}")
    if memory.valid_to is not None and memory.valid_to <= now:
        beside.append(f"until {day_in_words(memory.valid_to.date())}")
    return _with(said, beside)


def episode_line(
    episode: Episode, *, until: datetime | None = None, ended: Sequence[EndedSpan] = (), leave_out: bool = False,
    dates: Sequence[str] | None = None, outdated: date | None = None,
) -> str:  # fmt: skip
    """Return an utterance as one line of a prompt, without a mark in front.

    Args:
        episode: The utterance.
        until: When all that it says ended; None while it holds.
        ended: Parts of its text that have ended.
        leave_out: Whether those parts are left out instead of being marked.
        dates: What its relative dates meant, where that is known.
        outdated: Since when a later statement may have replaced what it says.
    """
    text = episode.text
    for span in sorted(ended, key=lambda s: -s.start):
        words = "[…]" if leave_out else f"{text[span.start : span.end]} [until {day_in_words(span.until.date())}]"
        text = f"{text[: span.start]}{words}{text[span.end :]}"
    said_on, said = local_date(episode.at, episode.tz), visible_text(text)
    beside = [*(dates_of(episode) if dates is None else dates)]
    if TRUST[episode.origin] < TRUST[ORIGIN_OF_ROLE[episode.role]]:
        beside.append(_WHOSE[episode.origin])
    if until is not None:
        beside.append(f"until {day_in_words(until.date())}")
    if outdated is not None:
        beside.append(f"perhaps outdated since {day_in_words(outdated)}")
    return _with(f"{said_on}, {visible_text(speaker_of(episode))}: {in_quotes(said)}", beside)


def _with(said: str, beside: Sequence[str]) -> str:
    return f"{said} ({'; '.join(beside)})" if beside else said


def in_quotes(text: str) -> str:
    """Return a text within quotation marks that do not occur in it, if there are such.

    >>> in_quotes('Call it "alpha".')
    '“Call it "alpha".”'
    """
    return f"“{text}”" if '"' in text else f'"{text}"'


def dates_of(item: Memory | Episode, quoted: Quotation | None = None) -> list[str]:
    """Return what the relative dates of a memory or an utterance meant when it was said."""
    if isinstance(item, Episode):
        return dates_meant(visible_text(item.text), local_date(item.at, item.tz))
    said_on = item.valid_from.date() if quoted is None else quoted.said_on
    return dates_meant(visible_text(item.text), said_on, standing=item.kind in ("rule", "preference"))


def dates_meant(text: str, said_on: date, *, standing: bool = False) -> list[str]:
    """Return what the relative dates of a text meant on the day it was said.

    Args:
        text: What was said.
        said_on: The speaker's local date.
        standing: It is said once and for all: "on Friday" is every Friday.

    >>> dates_meant("I moved to Bergen last week.", date(2026, 11, 28))
    ['last week = 16 to 22 Nov']
    """
    if len(text) > _READ or not (found := periods_in(text, said_on=said_on)):
        return []
    meant: list[str] = []
    for start, end, window in found:
        phrase, days = text[start:end], days_in_words(window, said_on.year)
        bounded = window.start.year > date.min.year and window.end.year < date.max.year
        if not bounded or phrase.casefold() == days.casefold() or not _moves(phrase, said_on, _YEAR):
            continue
        if standing and window.precision == "day" and not all(_moves(phrase, said_on, n * _DAY) for n in (1, 2)):
            continue
        if window.end > said_on or not _either_way(phrase, said_on) or says_past(text):
            meant.append(f"{phrase} = {days}")
    return list(dict.fromkeys(meant))


@lru_cache(maxsize=4096)
def _moves(phrase: str, said_on: date, later: timedelta) -> bool:
    """Whether a phrase means other days when it is said that much later."""
    return periods_in(phrase, said_on=said_on) != periods_in(phrase, said_on=said_on + later)


@lru_cache(maxsize=4096)
def _either_way(phrase: str, said_on: date) -> bool:
    """Whether a phrase names a day to come as well as one gone by, as "Friday" does and "last Friday" does not."""
    return window_asked(phrase, today=said_on) != window_asked(f"will {phrase}", today=said_on)


def days_in_words(window: Window, year: int) -> str:
    """Return a period as people write it; the year only where it is another one.

    >>> days_in_words(Window(start=date(2026, 11, 16), end=date(2026, 11, 23)), 2026)
    '16 to 22 Nov'
    """
    first, last = window.start, window.last
    if window.precision == "year":
        return f"{first.year}"
    if window.precision == "month":
        return f"{_MONTHS[first.month - 1]} {first.year}"
    end = _day(last, year)
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    return f"{_day(first, year)} to {end}"


def day_in_words(day: date) -> str:
    """Return a day with its year.

    >>> day_in_words(date(2026, 11, 28))
    '28 Nov 2026'
    """
    return _day(day, 0)


def _day(day: date, year: int) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}{'' if day.year == year else f' {day.year}'}"
