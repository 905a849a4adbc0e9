"""Which rows a request may see, and which of them have ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time
from typing import TYPE_CHECKING, Final

import numpy as np

from eider.language.questions import USER
from eider.model.clock import local_zone, zone
from eider.model.values import TRUST
from eider.store.arrays import EPISODE_KIND, KIND_CODE, ORIGIN_CODE, STATE_CODE, micros
from eider.store.segment.columns import FOREVER

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from eider.language.dates import Window
    from eider.model.requests_reading import Recall, Search
    from eider.privacy.ingress import Clean
    from eider.store.segment.segment import Segment

STATED: Final = (STATE_CODE["active"], STATE_CODE["superseded"])
"""States of a statement that was made; the validity decides whether it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The instants of one request, all but `now` in microseconds since 1970, UTC."""

    now: datetime
    at: int
    """`now` in microseconds."""
    today: date
    """The asker's local date."""
    tz: str
    as_of: int
    since: int | None
    until: int | None
    known_at: datetime | None
    dated: bool
    """Whether the caller named the instant whose state is asked for."""


def view_of(accepted: Clean[Recall] | Clean[Search]) -> View:
    """Return the instants of a request, in the asker's zone and clock."""
    named = {name: micros(at) for name, (at, _) in accepted.times.items()}
    now, known_at = micros(accepted.now), accepted.times.get("known_at")
    return View(
        now=accepted.now, at=now, today=accepted.now.astimezone(zone(accepted.tz)).date(), tz=accepted.tz,
        as_of=named.get("as_of", now), since=named.get("since"), until=named.get("until"),
        known_at=None if known_at is None else known_at[0], dated="as_of" in named,
    )  # fmt: skip


def present(now: datetime) -> View:
    """Return the instants of a request without filters: the present, in the local zone."""
    tz, at = local_zone(), micros(now)
    today = now.astimezone(zone(tz)).date()
    return View(now=now, at=at, today=today, tz=tz, as_of=at, since=None, until=None, known_at=None, dated=False)


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """What may be seen of a segment's rows, each of shape `(rows,)`."""

    visible: NDArray[np.bool_]
    ended: NDArray[np.bool_]
    """Rows whose statements have ended."""
    held: NDArray[np.bool_] | None
    """Rows that held in the past that is asked about; None where none is."""


def masks(segment: Segment, request: Recall, view: View, *, past: Window | None, oneself: bool) -> Masks:
    """Return which rows a request may see, which of them have ended, and which held in the past it asks about.

    Args:
        segment: The user's rows.
        request: Its filters.
        view: Its instants.
        past: The days of the past that it asks about.
        oneself: Whether it asks for what is known of the asker at large.
    """
    held = held_rows(segment, view, past)
    visible, ended = visible_rows(segment, request, view, held), ended_rows(segment, view)
    if oneself:
        own = visible & ~ended & (segment.trust == TRUST["user"])
        for known in (own & segment.is_memory, own & (segment.role == USER)):
            if known.any():  # what was learned of the user, or at least what they said themselves
                return Masks(known, ended, held)
    return Masks(visible, ended, held)


def visible_rows(
    segment: Segment, request: Recall | Search, view: View, held: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:  # fmt: skip
    """Return the rows that hold at the request's instant, or in the past it asks about, and pass its filters.

    Args:
        segment: The user's rows.
        request: Recall | Search.
        view: Its instants.
        held: Rows that held in the past that is asked about.

    Returns:
        A mask of shape `(segment.rows,)`.
    """
    starts, ends, memory = segment.valid_from, segment.valid_to, segment.is_memory
    begun = starts <= view.as_of
    if not view.dated:  # what was said is findable at once, also when the speaker's clock runs ahead
        begun |= ~memory
    mask = segment.alive & np.isin(segment.state, STATED) & begun
    mask &= ends > view.as_of if held is None else (ends > view.as_of) | held
    if view.since is not None:
        mask &= np.where(memory, ends, starts + 1) > view.since
    if view.until is not None:
        mask &= starts < view.until
    if request.session is not None:
        mask &= _of_session(segment, request.session)
    return mask & chosen_rows(segment, request)


def ended_rows(segment: Segment, view: View) -> NDArray[np.bool_]:
    """Return a mask of the rows whose statements have ended: closed memories, and utterances all of whose memories were."""
    return (segment.until <= view.as_of) & np.isin(segment.state, STATED)


def held_rows(segment: Segment, view: View, past: Window | None) -> NDArray[np.bool_] | None:
    """Return a mask of the rows that held on one of the days asked about; None where no past is asked about."""
    if past is None or view.dated:
        return None
    starts, until = segment.valid_from, segment.until
    first, last = midnight(past.start, view.tz), midnight(past.end, view.tz)
    return (until > first) & (starts < last) & (until > starts)


def midnight(day: date, tz: str) -> int:
    """Return when a day begins in a zone, microseconds since 1970, UTC; the first and the last year stand for "ever"."""
    if day.year in (MINYEAR, MAXYEAR):
        return -FOREVER if day.year == MINYEAR else FOREVER
    return micros(datetime.combine(day, time(), zone(tz)).astimezone(UTC))


def chosen_rows(segment: Segment, request: Recall | Search) -> NDArray[np.bool_]:
    """Return a mask of the rows of the scopes, kinds and origins asked for."""
    mask = np.ones(segment.rows, np.bool_)
    if request.scopes is not None:
        codes = [segment.scopes[s] for s in request.scopes if s in segment.scopes]
        mask &= np.isin(segment.scope, codes)
    if request.kinds is not None:
        kinds = [EPISODE_KIND if k == "episode" else KIND_CODE[k] for k in request.kinds]
        mask &= np.isin(segment.kind, kinds)
    if request.origins is not None:
        mask &= np.isin(segment.origin, [ORIGIN_CODE[o] for o in request.origins])
    return mask


def _of_session(segment: Segment, session: str) -> NDArray[np.bool_]:
    mask = np.zeros(segment.rows, np.bool_)
    if session in segment.sessions and session:
        mask |= (segment.session == segment.sessions[session]) & ~segment.is_memory
        for row, episodes in segment.evidence.items():
            mask[row] |= any(mask[segment.row_of[e]] for e in episodes if e in segment.row_of)
    return mask
