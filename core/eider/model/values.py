"""What Eider keeps: episodes, memories and the words that describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast, get_args

from eider.model.shown import Shown, Value

EpisodeId = str
MemoryId = str
EventId = str

Role = Literal["user", "agent", "other"]
Origin = Literal["user", "agent", "import", "tool", "document"]
MemoryKind = Literal["fact", "preference", "rule", "decision", "insight", "context"]
Status = Literal["current", "superseded", "expired", "inbox", "quarantined", "erased"]
State = Literal["active", "inbox", "quarantined", "erased"]
Precision = Literal["instant", "day", "month", "year"]
Act = Literal["state", "revoke", "confirm", "praise"]
Reach = Literal["everywhere", "project", "person"]
if TYPE_CHECKING:
    Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
else:  # msgspec reads types when it sends and receives, and knows none that hold themselves
    Json = Any
Metadata = Mapping[str, Json]

ROLES: Final = get_args(Role)
ORIGINS: Final = get_args(Origin)
KINDS: Final = get_args(MemoryKind)
STATES: Final = get_args(State)
ACTS: Final = get_args(Act)
REACHES: Final = get_args(Reach)
TRUST: Final[Mapping[Origin, int]] = {"user": 2, "agent": 1, "import": 1, "tool": 0, "document": 0}
"""How far a statement of each origin may act by itself: 2 obeyed, 1 shown, 0 quoted only."""
ORIGIN_OF_ROLE: Final[Mapping[Role, Origin]] = {"user": "user", "agent": "agent", "other": "document"}


class HasId(Protocol):
    """A memory, an utterance, a recalled line or an event: whatever is named by its id."""

    @property
    def id(self) -> str: ...  # noqa: D102 (said above)


def id_of(named: str | HasId) -> str:
    """Return the id of what a verb is about, which may be passed as its id or as the value itself.

    >>> id_of("mem_1")
    'mem_1'
    """
    return named if isinstance(named, str) else getattr(named, "id", cast("str", named))


GLOBAL: Final = "global"
"""The scope that is always in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode(Shown):
    """One utterance as it happened, kept verbatim (after redaction) and never changed."""

    id: EpisodeId
    text: str
    user: str
    """Whose memory this is in: the isolation boundary."""
    speaker: str
    role: Role
    session: str
    seq: int
    """Place within its session, from 0."""
    at: datetime
    """When it was said, UTC."""
    tz: str
    """The speaker's time zone; dates in questions are read against it."""
    recorded_at: datetime
    origin: Origin
    metadata: Metadata = field(default_factory=dict[str, Json])
    key: str | None = None
    """Idempotency key given by the host."""

    @property
    def trust(self) -> int:
        """0 quoted only, 1 shown, 2 obeyed."""
        return TRUST[self.origin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span(Value):
    """A quotation: `text[start:end]` of an episode, as evidence."""

    episode: EpisodeId
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A later statement may have replaced a memory; nobody has said yet whether it did."""

    by: MemoryId
    """The later statement."""
    since: datetime
    """When it was said."""
    probability: float
    """That the memory no longer holds, in [0, 1]."""
    relation: str
    """What the later statement most likely does to it: replaces, ends …"""
    runner_up: str
    """The next likely relation."""

    def fields(self) -> Mapping[str, str | float]:
        """Return it as plain data, for the store and for exports."""
        return {
            "by": self.by, "since": self.since.isoformat(), "probability": self.probability, "relation": self.relation,
            "runner_up": self.runner_up,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory(Shown):
    """One statement an agent may act on.

    A memory is never edited. A correction writes a successor and closes this one,
    so every past belief can still be asked for.
    """

    id: MemoryId
    rev: int
    """Number of the commit that wrote this version."""
    kind: MemoryKind
    text: str
    user: str
    agent: str
    scope: str
    origin: Origin
    trust: int
    """The least trust of what it rests on: 0, 1 or 2."""
    valid_from: datetime
    """First instant the statement holds, UTC."""
    recorded_at: datetime
    """When this version was learned."""
    subject: str = ""
    entities: tuple[str, ...] = ()
    importance: int = 3
    """1 (trivial) to 5 (vital)."""
    confidence: float = 1.0
    """In [0, 1]."""
    evidence: tuple[Span, ...] = ()
    valid_to: datetime | None = None
    """First instant it no longer holds; None while it does."""
    from_precision: Precision = "instant"
    to_precision: Precision = "instant"
    retired_at: datetime | None = None
    """When a later version of the same memory replaced this one."""
    superseded_by: MemoryId | None = None
    pinned: bool = False
    state: State = "active"
    merged_from: tuple[MemoryId, ...] = ()
    """Memories this one was merged from; they stay, closed."""
    key: str | None = None
    act: Act | None = None
    """What the words do: state, revoke, confirm, praise. None: given as a statement, not read in a reply.

    The text of a memory with an act is `text[start:end]` of the utterance of its first evidence, to the letter."""
    reach: Reach | None = None
    """Where the words say that it holds."""
    answers: Span | None = None
    """The agent's words it answers, for corrections, confirmations and praise."""
    said_again: tuple[Span, ...] = ()
    """Later words that said the same; the memory does not rest on them."""
    wording: str = ""
    """A model's wording of the text, where one was asked; it stands beside the words, never for them."""
    doubt: Doubt | None = None
    """Set while a later statement may have replaced it; `settle` answers."""

    def holds(self, at: datetime) -> bool:
        """Whether the statement was true in the world at an instant."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def status(self, now: datetime) -> Status:
        """Where the memory stands now; derived, never stored."""
        if self.state != "active":
            return self.state
        if self.superseded_by is not None:
            return "superseded"
        if self.valid_to is not None and self.valid_to <= now:
            return "expired"
        return "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Value):
    """How a memory has been used; being shown is not being used."""

    id: MemoryId
    stability: float
    """Days until the probability that it is still wanted falls to 0.9."""
    last_used: datetime
    uses: int = 0
    """Credited loops, reinforcements and restatements."""
    shown: int = 0


EdgeKind = Literal["temporal", "entity", "causal", "semantic", "supersedes", "contradicts", "asks_to_end", "evidence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge(Value):
    """A typed link between two memories."""

    source: MemoryId
    target: MemoryId
    kind: EdgeKind
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Value):
    """One committed change, linked to the one before it by a hash."""

    id: EventId
    seq: int
    at: datetime
    actor: str
    """The channel that asked: library, cli, mcp …"""
    op: str
    ids: tuple[str, ...]
    """Episodes and memories it touched."""
    reason: str = ""
    erased: bool = False
    """Its content was forgotten; the chain still verifies."""
