"""What is asked of a store: each request is one frozen value, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, Self, TypeAlias, TypeVar, cast, get_args

from eider.model import validation
from eider.model.answers import Consolidation, Drained, Imported, Listing, Receipt, Verified
from eider.model.errors import InputError
from eider.model.values import GLOBAL, KINDS, ORIGINS, Episode, Event, Memory, MemoryKind, Metadata, Origin, Role

Answer = TypeVar("Answer")
Item = TypeVar("Item", bound="UserRequest[Any]")

if TYPE_CHECKING:
    When = datetime | date | str
    RecordItem: TypeAlias = "Record | Mapping[str, object]"
    RememberItem: TypeAlias = "Remember | Mapping[str, object] | str"
else:  # as they are sent: msgspec reads types when it sends and receives
    When, RecordItem, RememberItem = str, Mapping[str, Any], Mapping[str, Any] | str
ExportFormat = Literal["jsonl", "parquet", "markdown", "pam"]
EXPORT_FORMATS: Final = ("jsonl", "parquet", "markdown", "pam")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[Answer]):
    """Something asked of a store, checked when it is made; it says by its type what the answer is."""

    verb: ClassVar[str]
    """Name of the verb: the method of `Eider` and the HTTP route. `eider.api.verbs` says which function answers it."""

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Return the request with these fields.

        Raises:
            TypeError: One is missing or unknown.
            InputError: One cannot be used.
        """
        return cls(**fields)

    @classmethod
    def shown(cls, answer: Answer) -> Answer:
        """Return an answer as it is shown to callers: notebooks show a list as a table."""
        return cast("Answer", Listing(answer)) if type(answer) is list else answer  # pyright: ignore[reportUnknownArgumentType]

    @classmethod
    def answer_type(cls) -> type[Answer]:
        """Return the type of the answer, such as `Episode` or `list[Memory]`."""
        bases: tuple[Any, ...] = vars(cls)["__orig_bases__"]
        return get_args(bases[0])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRequest(Request[Answer]):
    """A request about one user's memory."""

    user: str

    def __post_init__(self) -> None:
        validation.user(self.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(UserRequest[Episode]):
    """Keep an utterance verbatim."""

    verb: ClassVar[str] = "record"

    text: str
    speaker: str | None = None
    role: Role = "user"
    session: str | None = None
    at: When | None = None
    tz: str | None = None
    metadata: Metadata | None = None
    key: str | None = None
    origin: Origin | None = None
    """Who authored it, where that is less trusted than the role says: "tool" for what an agent repeats of a page."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.text(self.text)
        validation.role(self.role)
        if self.origin is not None:
            validation.one_of(self.origin, ORIGINS, "origin")
        if self.speaker is not None:
            validation.name(self.speaker, "speaker")
        if self.session is not None:
            validation.name(self.session, "session")
        validation.when(self.at, "at")
        validation.zone_name(self.tz)
        validation.metadata(self.metadata)
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMany(UserRequest[list[Episode]]):
    """Keep many utterances in few transactions; items are `Record`s or mappings of their fields."""

    verb: ClassVar[str] = "record_many"

    items: Sequence[RecordItem]
    key: str | None = None
    """Idempotency key of the whole; items that have one of their own are repeated each for itself."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.batch(self.items)
        validation.key(self.key)

    def records(self) -> list[Record]:
        """Return the items as requests.

        Raises:
            InputError: An item cannot be used; the message names its place.
        """
        return [item_request(Record, item, self.user, place) for place, item in enumerate(self.items)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(UserRequest[Memory]):
    """Keep a statement as said."""

    verb: ClassVar[str] = "remember"

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
        validation.scope(self.scope)
        validation.whole(self.importance, "importance", 1, 5)
        validation.when(self.valid_from, "valid_from")
        validation.when(self.valid_to, "valid_to")
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberMany(UserRequest[list[Memory]]):
    """Keep many statements in one transaction; items are `Remember`s, mappings of their fields, or texts."""

    verb: ClassVar[str] = "remember_many"

    items: Sequence[RememberItem]
    key: str | None = None
    """Idempotency key of the whole; items that have one of their own are kept one by one."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.batch(self.items)
        validation.key(self.key)

    def statements(self) -> list[Remember]:
        """Return the items as requests.

        Raises:
            InputError: An item cannot be used; the message names its place.
        """
        items = [{"text": item} if isinstance(item, str) else item for item in self.items]
        return [item_request(Remember, item, self.user, place) for place, item in enumerate(items)]


def item_request(kind: type[Item], item: object, user: str, place: int) -> Item:
    """One entry of a bulk request as a request of its own; a fault names its place."""
    if not isinstance(item, kind | Mapping):
        raise InputError(f"items[{place}] is {type(item).__name__}; pass a mapping or a {kind.__name__}.")
    try:
        fields: dict[str, Any] = {"user": user, **item} if isinstance(item, Mapping) else {}
        request = item if isinstance(item, kind) else kind.of(fields)
    except TypeError as error:
        raise InputError(f"items[{place}]: {error}; use the fields of {kind.__module__}.{kind.__name__}.") from None
    except InputError as error:
        raise InputError(f"items[{place}]: {error}") from error
    if request.user != user:
        raise InputError(f"items[{place}].user={request.user!r} differs from user={user!r}; write one user at a time.")
    return request


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(UserRequest[Answer]):
    """A request about one memory, episode or event."""

    id: str

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.name(self.id, "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Named[Memory]):
    """Replace a memory by what is true now."""

    verb: ClassVar[str] = "correct"

    text: str
    key: str | None = None

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.text(self.text, limit=validation.MAX_STATEMENT)
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deactivate(Named[bool]):
    """End a memory without a successor."""

    verb: ClassVar[str] = "deactivate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinforce(Named[Memory]):
    """Say that a memory was useful."""

    verb: ClassVar[str] = "reinforce"

    key: str | None = None

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Named[Memory]):
    """Never let a memory decay."""

    verb: ClassVar[str] = "pin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpin(Named[Memory]):
    """Let a pinned memory decay again."""

    verb: ClassVar[str] = "unpin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Named[Receipt]):
    """Erase a memory or an episode and all that derives from it, for good."""

    verb: ClassVar[str] = "forget"

    keep_evidence: bool = False
    only_this: bool = False
    dry_run: bool = False
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetMany(UserRequest[Receipt]):
    """Erase many memories or episodes at once, with what rests on them alone."""

    verb: ClassVar[str] = "forget_many"

    ids: Sequence[str]
    wait: bool = True

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.batch(self.ids)
        for one in self.ids:
            validation.name(one, "an item of ids")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetUser(UserRequest[Receipt]):
    """Erase all of a user."""

    verb: ClassVar[str] = "forget_user"

    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Named[Event]):
    """Take back the change an event made."""

    verb: ClassVar[str] = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidate(UserRequest[Consolidation]):
    """Close memories that have decayed."""

    verb: ClassVar[str] = "consolidate"

    prune_threshold: float = 0.5
    most: int | None = None
    """How many current memories may stay; beyond that the least worth are closed too."""
    protect: Sequence[str] = ()
    """Ids of memories that stay whatever their score."""
    dry_run: bool = False

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.fraction(self.prune_threshold, "prune_threshold")
        validation.texts(self.protect, "protect")
        if self.most is not None:
            validation.whole(self.most, "most", 1, 100_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(UserRequest[int]):
    """Write all of a user to a file or directory, losslessly (jsonl, parquet), to read and edit (markdown) or for other tools (pam)."""

    verb: ClassVar[str] = "export"

    path: str
    format: ExportFormat = "jsonl"

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.one_of(self.format, EXPORT_FORMATS, "format")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(UserRequest[Imported]):
    """Bring an export in; every row passes the one channel."""

    verb: ClassVar[str] = "import_"

    path: str
    dry_run: bool = False
    trust_key: str | None = None
    progress: Callable[[int, int], None] | None = None
    """Called with (rows done, rows in all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLines(UserRequest[Imported]):
    """Bring in chat messages and statements of another tool, in one transaction per thousand."""

    verb: ClassVar[str] = "import_lines"

    lines: Sequence[Mapping[str, Any]]
    dry_run: bool = False

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.batch(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain(Request[Drained]):
    """Bring the search index up to date and run due jobs."""

    verb: ClassVar[str] = "drain"

    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify(Request[Verified]):
    """Hold everything derived against the truth."""

    verb: ClassVar[str] = "verify"

    deep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild(Request[int]):
    """Build the search index anew."""

    verb: ClassVar[str] = "rebuild"

    progress: Callable[[int, int], None] | None = None
    """Told (done, total); of the calling process, so it is not sent to a server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish(Request[Path]):
    """Copy everything into an immutable snapshot."""

    verb: ClassVar[str] = "publish"

    path: str
