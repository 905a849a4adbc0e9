"""Requests of the verbs that only read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from eider.model import validation
from eider.model.answers import Diff, Explanation, Health, Injection, Page, Recollection, Retention, Version
from eider.model.errors import InputError
from eider.model.requests import Answer, Named, UserRequest, When
from eider.model.table import Table
from eider.model.values import Event

INTENTS: Final = ("why", "when", "entity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(UserRequest[Answer]):
    """What a reader may restrict an answer to."""

    scopes: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    """Memory kinds, and 'episode'."""
    origins: Sequence[str] | None = None
    since: When | None = None
    until: When | None = None
    now: datetime | None = None
    """The asker's present; by default the store's clock."""
    tz: str | None = None
    """The asker's time zone: "last week" is read in it."""
    session: str | None = None
    as_of: When | None = None
    """What was true then."""
    known_at: When | None = None
    """What was known then."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.scopes(self.scopes)
        validation.kinds(self.kinds)
        validation.origins(self.origins)
        for field in ("since", "until", "now", "as_of", "known_at"):
            validation.when(getattr(self, field), field)
        validation.zone_name(self.tz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Filters[list[Recollection]]):
    """Rank what is kept for a question."""

    verb: ClassVar[str] = "recall"

    query: str
    limit: int = 10
    budget: int | None = None
    """Tokens the answer may fill."""
    loop: str | None = None
    intent: str | None = None
    """What the question is after, why, when or entity; by default read from it."""

    def __post_init__(self) -> None:
        Filters.__post_init__(self)
        validation.text(self.query, "query")
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)
        if self.budget is not None:
            validation.whole(self.budget, "budget", 1, validation.MAX_TEXT)
        if self.intent is not None:
            validation.one_of(self.intent, INTENTS, "intent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject(UserRequest[Injection]):
    """What belongs into a prompt by itself; often nothing."""

    verb: ClassVar[str] = "inject"

    prompt: str
    scopes: Sequence[str] | None = None
    session: str | None = None
    budget: int = 400
    without: Sequence[str] = ()
    """Ids that the conversation holds already."""
    known: Sequence[str] = ()
    """What the host's own files say already."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.scopes(self.scopes)
        validation.whole(self.budget, "budget", 1, 100_000)
        validation.texts(self.without, "without")
        validation.texts(self.known, "known")
        if not isinstance(self.prompt, str):  # pyright: ignore[reportUnnecessaryIsInstance] (untyped callers)
            raise InputError(f"prompt is {type(self.prompt).__name__}; pass a str.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Filters[Page]):
    """Filter for people; an empty text lists the newest first."""

    verb: ClassVar[str] = "search"

    text: str = ""
    limit: int = 50
    offset: int = 0
    status: str | None = None
    """Only memories of this status; by default the current ones and all episodes."""

    def __post_init__(self) -> None:
        Filters.__post_init__(self)
        if self.text != "":
            validation.encodable(validation.string(self.text, "text"), "text")
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)
        validation.whole(self.offset, "offset", 0, 10_000_000)
        if self.status is not None:
            validation.one_of(self.status, validation.STATUSES, "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Named[list[Version]]):
    """All versions of a memory."""

    verb: ClassVar[str] = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(UserRequest[list[Event]]):
    """What changed, newest first."""

    verb: ClassVar[str] = "events"

    limit: int = 50

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthOf(UserRequest[Health]):
    """How a user's memory stands."""

    verb: ClassVar[str] = "health"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionOf(UserRequest[list[Retention]]):
    """How current memories stand against forgetting."""

    verb: ClassVar[str] = "retention"

    candidates: bool = False
    """Only those below the threshold that are not immune."""
    threshold: float = 0.5
    limit: int = 50

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.fraction(self.threshold, "threshold")
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOf(UserRequest[Diff]):
    """What changed between two instants."""

    verb: ClassVar[str] = "diff"

    since: When
    until: When | None = None

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.when(self.since, "since")
        validation.when(self.until, "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyOf(Named[Explanation]):
    """What a memory rests on."""

    verb: ClassVar[str] = "why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql(UserRequest[Table]):
    """Ask one's own rows in SQL."""

    verb: ClassVar[str] = "sql"

    query: str
    params: Sequence[str | int | float | bool | None] = ()
    """Values for the question marks (or $1, $2, …) of the query, in order."""
    rows: int = 10_000
    seconds: float = 10.0
    memory: int = 512
    """Megabytes that its rows, the query and the answer may take together."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.text(self.query, "query")
        for place, value in enumerate(validation.listed_values(self.params, "params")):
            if value is not None and not isinstance(value, str | int | float):
                raise InputError(
                    f"params[{place}]={value!r:.40} is {type(value).__name__}; pass a str, a number, a bool or None."
                )
        validation.whole(self.memory, "memory", 64, 65_536)
        validation.whole(self.rows, "rows", 1, 1_000_000)
