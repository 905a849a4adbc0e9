"""Which rows a request may see, and which of them have ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time
from typing import TYPE_CHECKING, Final

import numpy as np

from eider.model.clock import local_zone, zone
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
    tz: str
    as_of: int
    since: int | None
    until: int | None
    known_at: datetime | None
    dated: bool
    """Whether the caller named the instant whose state is asked for."""


def view_of(accepted: Clean[Recall] | Clean[Search]) -> View:
    """Return the instants of a request, in the asker's zone and clock."""
    as_of, since, until = (accepted.time(name) for name in ("as_of", "since", "until"))
    return View(
        now=accepted.now, tz=accepted.tz, as_of=micros(as_of or accepted.now), since=None if since is None else micros(since),
        until=None if until is None else micros(until), known_at=accepted.time("known_at"), dated=as_of is not None,
    )  # fmt: skip


def present(now: datetime) -> View:
    """Return the instants of a request without filters: the present, in the local zone."""
    return View(now=now, tz=local_zone(), as_of=micros(now), since=None, until=None, known_at=None, dated=False)


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
