"""The one door: whatever enters is unmarked, redacted, sized, placed in time, and given its origin here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Generic, TypeVar

from eider.model.errors import InputError
from eider.model.values import TRUST, Metadata, Origin
from eider.privacy import recall_marks
from eider.privacy.redact import CleanText, redact_fields, redact_name, redact_row, redact_tree

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The way a request came in, and the most trust that what it brings may get."""

    name: str = "library"
    """As the event log shows it: library, cli, mcp, http, or a host's name."""
    max_trust: Origin = "user"
    agent: str = "default"
    """Name of the agent that learns."""

    def origin(self, claimed: Origin) -> Origin:
        """Return the origin that is claimed, or `max_trust` where that is lower; tools and documents stay what they are.

        >>> Channel(name="mcp", max_trust="agent").origin("user"), Channel(max_trust="tool").origin("document")
        ('agent', 'tool')
        """
        higher = TRUST[claimed] > TRUST[self.max_trust]
        return self.max_trust if higher or not TRUST[self.max_trust] else claimed

    def narrowed(self, name: str, max_trust: Origin) -> Channel:
        """Return a channel of another name that is trusted at most as much as this one."""
        return replace(self, name=name, max_trust=self.origin(max_trust))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean(Generic[R_co]):
    """A request that passed `accept`, which alone makes these: the functions of the verbs take nothing else."""

    request: R_co
    channel: Channel


def accept(request: R, channel: Channel, now: datetime) -> Clean[R]:
    """Let a request in: the one place that every request passes, whichever backend it came through.

    Args:
        request: What is asked.
        channel: The way it came in.
        now: The store's present.
    """
    del now
    return Clean(request=request, channel=channel)


def clean(fields: Mapping[str, str]) -> dict[str, CleanText]:
    """Redact the strings of one row together, so that a secret split over them is found as well.

    Speaker, session, scope and agent are names, which stay as they are: see `redact_name`.

    Raises:
        InputError: Nothing is left of the text once recalled memory is taken out.
    """
    return redact_fields(_unmarked(fields), _NAMES)


def clean_row(fields: Mapping[str, str], metadata: Metadata | None) -> tuple[dict[str, CleanText], Metadata]:
    """The same for a row with metadata, whose names and strings are redacted with the fields.

    Raises:
        InputError: Nothing is left of the text once recalled memory is taken out.
    """
    return redact_row(_unmarked(fields), metadata or {}, _NAMES)


def _unmarked(fields: Mapping[str, str]) -> dict[str, str]:
    given = dict(fields)
    if "text" in given:
        given["text"] = recall_marks.strip(given["text"])
        if not given["text"].strip():
            raise InputError("text holds nothing but recalled memory, which is not learned again; pass what was said.")
    return given


def clean_metadata(metadata: Metadata | None) -> Metadata:
    """Metadata with every name and string redacted."""
    return redact_tree(metadata) if metadata else {}


def user_name(user: str) -> str:
    """A user is a boundary, so a name that would be redacted is refused instead of changed.

    Raises:
        InputError: The name looks like a secret.
    """
    if user not in _known:
        if redact_name(user) != user:
            raise InputError(f"user={user[:8]!r}… looks like a secret; use a name or an account id.")
        if len(_known) < _KNOWN_LIMIT:
            _known.add(user)
    return user


_NAMES: Final = frozenset(("speaker", "session", "scope", "agent"))
"""Fields of a row that tell rows apart."""
_known: Final[set[str]] = set()
_KNOWN_LIMIT: Final = 10_000
