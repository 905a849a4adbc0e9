"""A question, read once: its words, who and when it is about, and what kind of answer it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.language import analysis
from eider.language.dates import Window
from eider.language.lexicon import STOP_WORDS, TALK_WORDS
from eider.language.questions import AUXILIARY, read_words
from eider.retrieve.rank import rank
from eider.retrieve.visible import View, midnight, visible_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from eider.language.dates import EventAnchor
    from eider.language.questions.intents import Intent
    from eider.model.requests_reading import Recall, Search
    from eider.store.engine import Engine
    from eider.store.segment.segment import Segment

    Embed = Callable[[str], NDArray[np.float32]]

MOST_TERMS: Final = 64
"""Distinct terms of a question that are looked up, the rarest first: a pasted page is no better a question for
being long, and each term costs time. LoCoMo's questions have at most 14."""

_TALK_SHARE: Final = 0.25
"""What a word about the talk itself counts beside others; with it, what "list in order what I said of" leaves decides."""
_INNER_NAME: Final = re.compile(r"(?<=[a-z0-9,;:'\")] )[A-ZÀ-Þ][\w'-]+|\b[A-Z][a-z]*[A-Z0-9]\w*|\"[^\"]{3,60}\"")
_NUMBER: Final = re.compile(r"\d[\w.]*")
_DAYS_FIRST: Final = 3
"""Longest period, in days, whose lines come before all others: a day, a weekend."""
_EVENT_REACH: Final = 60
"""Days before or after an anchoring event ("before the trip") that are looked at. A guess."""
_WHOLE: Final = 0.99
"""Coverage of a line that has every word of a phrase."""
_TWO: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked, in the terms of one segment; valid until that segment changes."""

    text: str
    terms: NDArray[np.int32]
    """Numbers of its terms in order, names of speakers left out; -1 where the segment has no such term. Empty for
    a text too long to be a quotation."""
    distinct: NDArray[np.int32]
    """Each known term once, in order of first use, the rarest `MOST_TERMS` of them."""
    idf: NDArray[np.float32]
    """Weight of each distinct term."""
    mass: float
    """Sum of idf over all distinct terms, unknown ones included: what full coverage would be."""
    worth: Mapping[int, float]
    """Weight of each known term, by hash: what a passage is worth that has it."""
    named: NDArray[np.int32]
    """Numbers of the terms that are speakers' names."""
    speakers: tuple[int, ...] = ()
    """Codes of the speakers it names."""
    subject: int = -1
    """Code of the one speaker it is about, -1 if none."""
    role: int = -1
    """`USER` or `AGENT` where a pronoun says whose words are wanted, else -1."""
    wants: frozenset[str] = frozenset()
    """Kinds of answer: when, number, who, where, travel, why, list; or request."""
    names: NDArray[np.bool_] | None = None
    """Which distinct terms stand in names and quotations within the question."""
    digits: NDArray[np.bool_] | None = None
    """Which distinct terms are numbers."""
    window: Window | None = None
    """Days it asks about."""
    span: tuple[int, int] | None = None
    """Beginning and end of those days in the asker's zone, microseconds since 1970, UTC."""
    days_first: bool = False
    """Whether the lines of those days come before all others: it asks for a day, or for nothing but a period."""
    past: Window | None = None
    """Days of the past whose state it asks about; None where it asks how things stand."""
    event: EventAnchor | None = None
    """The event it is placed by, where it names no period."""
    oneself: bool = False
    """Whether it asks for what is known of the asker at large."""
    intent: Intent | None = None
    """What it is after: reasons, an order in time, or all that is known of somebody or something."""
    vector: NDArray[np.float32] | None = None
    """Unit vector of the text without speakers' names."""
    fingerprint: int = 0
    now: int = 0
    """Microseconds since 1970, UTC."""

    @classmethod
    def read(
        cls, text: str, segment: Segment, *, today: date, now: int = 0, tz: str = "UTC", embed: Embed | None = None
    ) -> Question:  # fmt: skip
        """Read a question against a segment.

        Args:
            text: As asked.
            segment: Whose terms, weights and speakers apply.
            today: The asker's local date, for "last week".
            now: The instant of asking, microseconds since 1970, UTC; 0 leaves age out of the ranking.
            tz: The asker's zone, in which days begin.
            embed: Turns the text, rid of speakers' names, into a unit vector; None ranks without meaning.
        """
        said, numbers = read_words(text, today=today), segment.postings.number
        matter, window = said.matter, said.window
        names = speakers_named(matter, segment)
        bare = without_names(matter, [n for found in names.values() for n in found])
        hashes = analysis.terms(bare, numbers).tolist()
        order = dict.fromkeys(hashes)
        known = [h for h in order if h in numbers]
        distinct = np.array([numbers[h] for h in known], np.int32)
        idf = weights(segment, distinct)
        unknown = float(np.log1p(2.0 * segment.total + 1.0)) * (len(order) - len(known))
        about_talk = np.array([h in _talk() for h in known], np.bool_)
        if not about_talk.all() or unknown:
            idf[about_talk] *= _TALK_SHARE
        rarest = np.sort(np.argsort(-idf, kind="stable")[:MOST_TERMS])
        subject, quoted = _subject(matter, names), hashes if len(hashes) <= MOST_TERMS else []
        named = _numbers([word for found in names.values() for word in found], numbers)
        days_first = window is not None and (said.past is not None or "request" not in said.wants)
        if days_first and window is not None and window.days > _DAYS_FIRST:
            days_first = _talk().issuperset(set(hashes) - set(analysis.terms(said.date_words, numbers).tolist()))
        return cls(
            text=text,
            terms=np.array([numbers.get(h, -1) for h in quoted], np.int32),
            distinct=distinct[rarest],
            idf=idf[rarest],
            mass=float(idf.sum()) + unknown,
            worth=dict(zip(known, idf.tolist(), strict=True)),
            named=np.array(sorted(named), np.int32),
            names=_is_among(distinct[rarest], _numbers(_INNER_NAME.findall(bare), numbers)),
            digits=_is_among(distinct[rarest], _numbers(_NUMBER.findall(bare), numbers)),
            speakers=tuple(names),
            subject=subject,
            role=-1 if subject >= 0 else said.role,
            wants=said.wants,
            window=window,
            span=None if window is None else (midnight(window.start, tz), midnight(window.end, tz)),
            days_first=days_first,
            past=said.past,
            event=said.event,
            oneself=said.oneself,
            intent=said.intent,
            vector=None if embed is None else embed(bare if bare.strip(" ?!.,") else matter),
            fingerprint=analysis.fingerprint(text),
            now=now,
        )


def question_of(engine: Engine, segment: Segment, text: str, view: View) -> Question:
    """Return a question in the terms of a segment; an event that it names is not looked for."""

    def embed(words: str) -> NDArray[np.float32]:
        return engine.embedder.embed([words], "query")[0]

    return Question.read(text, segment, today=view.today, now=view.at, tz=view.tz, embed=embed)


def read_question(engine: Engine, segment: Segment, text: str, request: Recall | Search, view: View) -> Question:
    """Return a question in the terms of a segment, with "before the trip" resolved to days.

    Args:
        engine: Whose embedder is asked.
        segment: The rows.
        text: As asked.
        request: Recall | Search: an event is looked for among what they let through.
        view: Their instants.
    """
    question = question_of(engine, segment, text, view)
    if (anchor := question.event) is None:
        return question
    event = question_of(engine, segment, anchor.phrase, view)
    best = rank(segment, event, visible_rows(segment, request, view), limit=1)
    if not best or best[0].coverage < _WHOLE:
        return question
    days = _days_around(datetime.fromordinal(int(segment.day[best[0].row])).date(), anchor)
    past = days if question.past is not None else None
    span = midnight(days.start, view.tz), midnight(days.end, view.tz)
    return replace(question, window=days, span=span, past=past)


def _days_around(day: date, anchor: EventAnchor) -> Window:
    """The days that are before, during or after an event of that day."""
    reach = timedelta(days=_EVENT_REACH)
    if anchor.relation == "before":
        return Window(start=day - reach, end=day, precision="span")
    if anchor.relation == "during":
        return Window(start=day, end=day + timedelta(days=7), precision="span")
    return Window(start=day, end=day + reach, precision="span")


@cache
def _talk() -> frozenset[int]:
    return analysis.terms_in_every_language(TALK_WORDS)


def _numbers(words: list[str], numbers: dict[int, int]) -> set[int]:
    """Numbers of the known terms of some words."""
    hashes = analysis.terms(" ".join(words), numbers).tolist() if words else []
    return {numbers[h] for h in hashes if h in numbers}


def _is_among(distinct: NDArray[np.int32], chosen: set[int]) -> NDArray[np.bool_]:
    """Which of the distinct terms are among these."""
    return np.array([t in chosen for t in distinct.tolist()], np.bool_)


def weights(segment: Segment, numbers: NDArray[np.int32]) -> NDArray[np.float32]:
    """Inverse document frequency of terms among the live rows: ln(1 + (N - df + .5) / (df + .5))."""
    df = segment.postings.df[numbers].astype(np.float32)
    return np.log1p((segment.total - df + 0.5) / (df + 0.5)).astype(np.float32)


def speakers_named(text: str, segment: Segment) -> dict[int, list[str]]:
    """Speakers of the segment that a text names, in order of first mention, with the words that name them.

    A name that is also a common word counts only with a capital inside the sentence.
    """
    found: dict[int, list[str]] = {}
    if not segment.speakers:
        return found
    lower = text == text.lower()
    for match in re.finditer(r"[^\W_]+", text):
        word = match.group().casefold()
        capital = match.group()[0].isupper() or lower or not match.group()[0].isascii()
        common = word in STOP_WORDS["en"] and (match.start() == 0 or lower)
        if capital and not common:
            for code in segment.speaker_names.get(word, ()):
                found.setdefault(code, []).append(match.group())
    return found


def without_names(text: str, names: list[str]) -> str:
    """The text with these words, and a possessive after them, taken out.

    >>> without_names("What is Ada's plan?", ["Ada"])
    'What is plan?'
    """
    if not names:
        return text
    pattern = "|".join(re.escape(n) for n in dict.fromkeys(names))
    return re.sub(r"\s{2,}", " ", re.sub(rf"\b(?:{pattern})\b(?:['’]s?\b)?", "", text)).strip()


def _subject(text: str, names: dict[int, list[str]]) -> int:
    """The speaker a question is about: the only one named, or the one whose name follows the auxiliary verb."""
    if len(names) == 1:
        return next(iter(names))
    if len(names) != _TWO or re.search(r"\bboth\b|\b\w+ and \w+ (?:have|both)|\bbeide\b|tous les deux|ambos", text):
        return -1
    for code, words in names.items():
        others = [w for other, ws in names.items() if other != code for w in ws]
        joined = any(
            re.search(rf"\b{re.escape(w)} (?:and|und|et|y) {re.escape(o)}\b", text) for w in words for o in others
        )
        if joined:
            return -1
        if any(re.search(AUXILIARY + re.escape(w) + r"\b(?!['’]s)", text, re.IGNORECASE) for w in words):
            return code
    return -1
