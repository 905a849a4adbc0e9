"""A question read against the rows that may answer it, with "before the trip" resolved to days."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from eider.language.dates import EventAnchor, Window, event_asked
from eider.model.clock import local_date
from eider.retrieve.past_question import past_asked
from eider.retrieve.query import Question
from eider.retrieve.rank import rank
from eider.retrieve.visible import View, visible_rows
from eider.store.arrays import micros

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from eider.model.requests_reading import Recall, Search
    from eider.store.engine import Engine
    from eider.store.segment.segment import Segment

    Embed = Callable[[str], NDArray[np.float32]]

_EVENT_REACH: Final = 60
"""Days before or after an anchoring event ("before the trip") that are looked at. A guess."""


def read_question(engine: Engine, segment: Segment, text: str, request: Recall | Search, view: View) -> Question:
    """Return the question in the terms of a segment.

    Args:
        engine: Whose embedder is asked.
        segment: The rows.
        text: As asked.
        request: Recall | Search: an event is looked for among what they let through.
        view: Their instants.
    """
    today = local_date(view.now, view.tz)

    def embed(words: str) -> NDArray[np.float32]:
        return engine.embedder.embed([words], "query")[0]

    question = Question.read(text, segment, today=today, now=micros(view.now), embed=embed)
    past = past_asked(text, today=today)
    if question.window is None and (anchor := event_asked(text)) is not None:
        days = _event_window(segment, anchor, request, view, embed)
        past = days if past is not None and days is not None else past
        question = replace(question, window=days)
    return question if past is None else replace(question, past=past)


def _event_window(
    segment: Segment, anchor: EventAnchor, request: Recall | Search, view: View, embed: Embed
) -> Window | None:  # fmt: skip
    """Days around an event, found by ranking the event itself; None unless one line clearly speaks of it."""
    today = local_date(view.now, view.tz)
    event = Question.read(anchor.phrase, segment, today=today, now=micros(view.now), embed=embed)
    best = rank(segment, event, visible_rows(segment, request, view), limit=1)
    if not best or best[0].coverage < 0.99:  # noqa: PLR2004 (every word of the phrase)
        return None
    day = datetime.fromordinal(int(segment.day[best[0].row])).date()
    reach = timedelta(days=_EVENT_REACH)
    if anchor.relation == "before":
        return Window(start=day - reach, end=day, precision="span")
    if anchor.relation == "during":
        return Window(start=day, end=day + timedelta(days=7), precision="span")
    return Window(start=day, end=day + reach, precision="span")
