"""What is asked of a store: each request is one frozen value, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from eider.model import validation
from eider.model.errors import InputError
from eider.model.values import GLOBAL, KINDS, MemoryKind, Metadata, Role

When = datetime | date | str
ExportFormat = Literal["jsonl", "parquet", "markdown"]
EXPORT_FORMATS: Final = ("jsonl", "parquet", "markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What every verb needs: whose memory it is about."""

    user: str

    def __post_init__(self) -> None:
        validation.user(self.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Request):
    """Keep an utterance verbatim."""

    text: str
    speaker: str | None = None
    role: Role = "user"
    session: str | None = None
    at: When | None = None
    tz: str | None = None
    metadata: Metadata | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.text(self.text)
        validation.role(self.role)
        if self.speaker is not None:
            validation.name(self.speaker, "speaker")
        if self.session is not None:
            validation.name(self.session, "session")
        validation.when(self.at, "at")
        validation.zone_name(self.tz)
        validation.metadata(self.metadata)
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMany(Request):
    """Keep many utterances in one transaction; items are `Record`s or mappings of their fields."""

    items: Sequence[Record | Mapping[str, object]]
    key: str | None = None
    """Idempotency key of the whole; items that have one of their own are kept one by one."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.batch(self.items)
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Request):
    """Keep a statement as said."""

    text: str
    kind: MemoryKind = "fact"
    scope: str = GLOBAL
    importance: int = 3
    valid_from: When | None = None
    valid_to: When | None = None
    pinned: bool = False
    key: str | None = None

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.text(self.text, limit=validation.MAX_STATEMENT)
        validation.one_of(self.kind, KINDS, "kind")
        validation.name(self.scope, "scope")
        validation.whole(self.importance, "importance", 1, 5)
        validation.when(self.valid_from, "valid_from")
        validation.when(self.valid_to, "valid_to")
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberMany(Request):
    """Keep many statements in one transaction; items are `Remember`s, mappings of their fields, or texts."""

    items: Sequence[Remember | Mapping[str, object] | str]
    key: str | None = None
    """Idempotency key of the whole; items that have one of their own are kept one by one."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.batch(self.items)
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(Request):
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
class Recall(Filters):
    """Rank what is kept for a question."""

    query: str
    limit: int = 10
    budget: int | None = None
    """Tokens the answer may fill."""
    loop: str | None = None

    def __post_init__(self) -> None:
        Filters.__post_init__(self)
        validation.text(self.query, "query")
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)
        if self.budget is not None:
            validation.whole(self.budget, "budget", 1, validation.MAX_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject(Request):
    """What belongs into a prompt by itself; often nothing."""

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
class Search(Filters):
    """Filter for people; an empty text lists the newest first."""

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
class Named(Request):
    """A request about one memory, episode or event."""

    id: str

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.name(self.id, "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Named):
    """Replace a memory by what is true now."""

    text: str
    key: str | None = None

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.text(self.text, limit=validation.MAX_STATEMENT)
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deactivate(Named):
    """End a memory without a successor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinforce(Named):
    """Say that a memory was useful."""

    key: str | None = None

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Named):
    """Never let a memory decay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpin(Named):
    """Let a pinned memory decay again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Named):
    """Erase a memory or an episode and all that derives from it, for good."""

    keep_evidence: bool = False
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetUser(Request):
    """Erase all of a user."""

    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Named):
    """All versions of a memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(Request):
    """What changed, newest first."""

    limit: int = 50

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthOf(Request):
    """How a user's memory stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOf(Request):
    """What changed between two instants."""

    since: When
    until: When | None = None

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.when(self.since, "since")
        validation.when(self.until, "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyOf(Named):
    """What a memory rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Named):
    """Take back the change an event made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidate(Request):
    """Close memories that have decayed."""

    prune_threshold: float = 0.5
    dry_run: bool = False

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.fraction(self.prune_threshold, "prune_threshold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Request):
    """Write all of a user to a file or directory, losslessly (jsonl, parquet) or for reading (markdown)."""

    path: str
    format: ExportFormat = "jsonl"

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.one_of(self.format, EXPORT_FORMATS, "format")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(Request):
    """Bring an export in; every row passes the one door."""

    path: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql(Request):
    """Ask one's own rows in SQL."""

    query: str
    rows: int = 10_000
    seconds: float = 10.0

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.text(self.query, "query")
        validation.whole(self.rows, "rows", 1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Bring the search index up to date and run due jobs."""

    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Hold everything derived against the truth."""

    deep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Build the search index anew."""

    progress: Callable[[int, int], None] | None = None
    """Told (done, total); of the calling process, so it is not sent to an owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Copy everything into an immutable snapshot."""

    path: str
