"""What the verbs answer with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from eider.model.score_text import reasons
from eider.model.shown import Shown, Value, render
from eider.model.values import GLOBAL, Episode, Event, Memory, MemoryId, Metadata, Span, Usage

T = TypeVar("T")


class Listing(list[T]):
    """A list like any other, which a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return render(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why(Value):
    """How a score came about: each signal's share, and what the item rests on."""

    shares: Mapping[str, float]
    """Signal → its part of the score; they sum to the score."""
    weights: str
    """Version of the ranking weights."""
    notes: tuple[str, ...] = ()
    """Marks a reader should see: origin, scope, validity, layer."""

    def __str__(self) -> str:
        return reasons(self.shares, self.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSpan(Value):
    """A part of an utterance, `text[start:end]`, that no longer holds."""

    start: int
    end: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection(Shown):
    """A recalled memory or episode with its score and the reasons for it."""

    id: str
    text: str
    score: float
    """From 0 (has nothing to do with it) to 1 (answers it): the sum of `why.shares` on one scale for all verbs."""
    why: Why
    memory: Memory | None = None
    episode: Episode | None = None
    layer: str = ""
    """Name of the read-only layer it comes from; empty for the own store."""
    coverage: float = 0.0
    """Share of the question's information found in the item, in [0, 1]."""
    cosine: float = 0.0
    """Likeness of meaning, in [−1, 1]."""
    line: str = ""
    """As it reads in a prompt: a dated quotation of what was said, with what its dates meant and until when it held."""
    said: int = 1
    """How often it was said in these words."""
    until: datetime | None = None
    """When all that it says ended; None while it holds."""
    ended: tuple[EndedSpan, ...] = ()
    """Parts of it that no longer hold."""
    passage: tuple[int, int] | None = None
    """Where in the kept text the part shown stands, start and end in characters; None where it is the whole."""
    outdated_by: str = ""
    """Id of a later line that may have replaced it; empty for none."""

    @property
    def trust(self) -> int:
        """0 quoted only, 1 shown, 2 followed."""
        item = self.memory or self.episode
        return item.trust if item is not None else 0

    @property
    def kind(self) -> str:
        """The memory's kind, such as "rule"; "episode" for an utterance."""
        return self.memory.kind if self.memory is not None else "episode"

    @property
    def scope(self) -> str:
        """Where it applies; an utterance applies everywhere."""
        return self.memory.scope if self.memory is not None else GLOBAL

    @property
    def at(self) -> datetime | None:
        """When it was said, or the first instant the statement holds; UTC."""
        return (
            self.memory.valid_from if self.memory is not None else self.episode.at if self.episode is not None else None
        )

    @property
    def source(self) -> str:
        """Whose word it is: user, agent, import, tool or document."""
        item = self.memory or self.episode
        return item.origin if item is not None else "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection(Shown):
    """What to put into a prompt by itself; `text` is empty when nothing helps."""

    text: str
    recollections: tuple[Recollection, ...]
    why: str
    """Why these, or why it stays silent."""
    taint: int = 2
    """Least trust among what was injected; 2 when nothing was."""
    tokens: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    """Id of what would help → why it is not there."""

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Shown):
    """Guidance compiled from memories for one user, scope and context."""

    text: str
    """Goes into the agent's prompt; empty when nothing is known."""
    memories: tuple[Memory, ...]
    """What it says, in its order."""
    tokens: int
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    """Memory id → why it is not there."""
    over_budget: int = 0
    """Tokens by which pinned memories, which survive any budget, exceed it; 0 when all is within."""
    why: str = ""

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Shown):
    """A slice of a listing for people."""

    items: tuple[Recollection, ...]
    total: int
    offset: int
    limit: int

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Recollection]:
        return iter(self.items)

    def __getitem__(self, place: int) -> Recollection:
        return self.items[place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Shown):
    """What a forget erased, how that was checked, and what is outside its reach."""

    ids: tuple[str, ...]
    """Ids of the erased memories and episodes (ids carry no content)."""
    at: datetime
    erased: Mapping[str, int]
    """Table → rows erased."""
    kept: tuple[str, ...] = ()
    """Ids that had other support and stay, less the erased part."""
    parts: tuple[Span, ...] = ()
    """Parts of utterances that were erased where the rest stays."""
    again: tuple[str, ...] = ()
    """Ids, among those of `ids` and `parts`, that said the same again."""
    proposed: str = ""
    """Id of what waits in the inbox: nothing was erased, for whoever asked may not erase it; the user decides."""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a dry run: id of a memory, an utterance or a part of one ("ep_…[3:17]") → the words that would be erased."""
    dry_run: bool = False
    """Nothing was erased; this is what would be."""
    physical: Literal["done", "queued"] = "done"
    checks: Mapping[str, bool] = field(default_factory=dict[str, bool])
    """structure, logic → held."""
    outside: tuple[str, ...] = ()
    """Copies that are outside this store's reach."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Value):
    """One version of a memory within its history."""

    memory: Memory
    event: Event | None
    """The change that wrote it; None once erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Value):
    """Why a memory is what it is: its evidence, versions and uses."""

    memory: Memory
    status: str
    evidence: tuple[tuple[Episode, str], ...]
    """Episodes it rests on, with the quoted words."""
    events: tuple[Event, ...]
    replaces: tuple[MemoryId, ...]
    replaced_by: MemoryId | None
    usage: Usage
    retrievability: float
    """Probability that it is still worth recalling, in [0, 1]."""
    summary: str
    against: tuple[Memory, ...] = ()
    """What it contradicts, where it waits in the inbox or did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff(Shown):
    """What changed between two instants."""

    since: datetime
    until: datetime
    added: tuple[Memory, ...]
    closed: tuple[Memory, ...]
    changed: tuple[tuple[Memory, Memory], ...]
    """Pairs (before, after) of corrected or otherwise changed memories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health(Shown):
    """How one user's memory stands."""

    user: str
    episodes: int
    memories: Mapping[str, int]
    """Status → count."""
    kinds: Mapping[str, int]
    scopes: Mapping[str, int]
    retrievability: tuple[float, ...]
    """Of the current memories, unordered."""
    pending_index: int
    """Rows not yet in the search index; they are recalled all the same."""
    embedder: str
    degraded: tuple[str, ...]
    """What runs with less than it could, each with the fix."""
    oldest: datetime | None = None
    newest: datetime | None = None
    events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Value):
    """How a memory stands against forgetting."""

    memory: Memory
    score: float
    """In [0, 1]; `consolidate` closes what falls below its threshold."""
    terms: Mapping[str, float]
    """What the score is made of: decay (the retrievability), importance, use, links, pin."""
    immune: str
    """Why no score closes it; empty for one that may be closed."""
    stability: float
    """Days until the retrievability of a memory just used falls to 0.9."""
    age: float
    """Days since its last use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidation(Value):
    """What `consolidate` closed, or would close."""

    closed: tuple[Memory, ...]
    kept: int
    """How many current memories stay."""
    dry_run: bool
    event: Event | None = None
    """Undo it with `undo(event.id)`."""
    reasons: Mapping[MemoryId, str] = field(default_factory=dict[str, str])
    """Id of each that is closed → its score, and what that fell below."""
    immune: int = 0
    """How many of those that stay no score would close."""
    note: str = ""
    """Why more stay than were allowed; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported(Value):
    """What an import brought, or would bring."""

    episodes: int
    memories: int
    events: int
    runs: int = 0
    skipped: int
    """Already present."""
    refused: tuple[str, ...]
    """Rows that were not taken, each with the reason."""
    dry_run: bool
    note: str = ""
    """Whose export it is, and how far its rows are trusted for that."""
    source: str = ""
    """What kind of data it was: the name of an importer, or "eider" for an export of Eider."""
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    """Reason → how much of the source is not imported."""
    redacted: int = 0
    """Rows in which a secret was replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Value):
    """What `verify` looked at and found."""

    findings: tuple[str, ...]
    """Each names the fault and the fix; empty when all is well."""
    checked: Mapping[str, int]

    def __bool__(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderStatus(Value):
    """Whose vectors a store has, and how far an exchange of embedders is."""

    name: str
    """As `eider.open(embedder=…)` takes it; empty where an object was passed."""
    fingerprint: str
    width: int
    probe: str
    """Hash of the vectors of three sentences, by which the model is recognised; empty for embedders that come with Eider."""
    degraded: str | None
    rows: int
    pending: int
    """Rows whose vector is still to be made."""
    swap: str = ""
    """"filling": `other` is on its way in. "kept": `other` was in use before, and one step leads back."""
    other: str = ""
    filled: int = 0
    """Rows that have a vector of `other`."""
    overlap: float | None = None
    """Share of the top ten that both embedders find, asked with texts of the store."""
    trouble: str = ""
    """What the work on the exchange failed with last; it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained(Value):
    """What a drain applied to the search index."""

    applied: int
    left: int
    jobs: int = 0
    detail: Metadata = field(default_factory=dict)
