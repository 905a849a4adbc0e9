"""What learning passes on: signals found in a reply, drafts made of them, verdicts about them, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from eider.model.shown import Shown
from eider.model.values import GLOBAL, Episode, Event, Memory, MemoryId, MemoryKind, Precision, Span

SignalKind = Literal["correction", "preference", "directive", "fact", "decision", "praise"]
Relation = Literal["add", "merge", "supersede", "retract", "scope_override", "none", "contradiction"]
SIGNAL_KINDS: Final = get_args(SignalKind)
RELATIONS: Final = get_args(Relation)
ScopeOp = Literal["merge", "rename", "split"]
MAX_DRAFT: Final = 280
"""Characters of a derived statement: one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A reason to remember, found in a reply."""

    kind: SignalKind
    start: int
    end: int
    """`reply[start:end]` is the clause that says it: the evidence."""
    confidence: float
    """In [0, 1]; below `detect.SURE` a model is asked where the mode allows."""
    reason: str
    """Which structure told, for `why`: "standing imperative", "first person plural convention" …"""
    about: str = ""
    """What of the agent's output it answers, where it answers something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A memory that might be kept: what a signal comes to, in the third person."""

    kind: MemoryKind
    text: str
    """Third person, present tense, one sentence, at most `MAX_DRAFT` characters."""
    signal: SignalKind
    evidence: tuple[Span, ...]
    """Quotations of the redacted episode; never empty."""
    subject: str = ""
    """Whom or what it is about, normalised: "user", "the api", "karlos"."""
    attribute: str = ""
    """What of the subject it states, normalised: "indentation", "name", "deploy day"; empty when structure does not tell."""
    scope: str = GLOBAL
    entities: tuple[str, ...] = ()
    importance: int = 3
    confidence: float = 1.0
    retracts: bool = False
    """It says that something no longer holds, and nothing new in its place."""
    target: MemoryId | None = None
    """The memory it praises or names outright."""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    from_precision: Precision = "instant"
    to_precision: Precision = "instant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a model said of a draft and a memory: data, gathered before anything is planned."""

    draft: int
    """Place of the draft in its list."""
    memory: MemoryId
    relation: Relation
    confidence: float
    reason: str
    source: str
    """Model and prompt version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done with a draft."""

    draft: int
    relation: Relation
    target: MemoryId | None
    """The memory it merges with, closes, narrows or contradicts; for an older fact that is added late, the one that
    began after it; None for a plain addition."""
    text: str
    """What to keep: the draft's text, or the merged one."""
    reason: str
    """In words, for `why` and the inbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned(Shown):
    """What came of one exchange."""

    episodes: tuple[Episode, ...]
    """The agent's output and the user's reply, as recorded."""
    signals: tuple[Signal, ...] = ()
    memories: tuple[Memory, ...] = ()
    """Kept, changed or closed, as they stand now."""
    inbox: tuple[Memory, ...] = ()
    """Contradictions that wait for a person."""
    decisions: tuple[Decision, ...] = ()
    why: str = ""
    """What was noticed and what was done about it, or why nothing was."""
    status: Literal["stored", "queued"] = "stored"
    """queued: recorded, and a model will be asked later."""

    def __bool__(self) -> bool:
        return bool(self.memories or self.inbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeCount(Shown):
    """One scope and what is in it."""

    name: str
    memories: int
    """Current ones."""
    known: Literal["always", "declared", "registered", "used"]
    """Why it is there: it is always, the agent declares it, it was registered as it appeared, or memories name it."""
    agents: tuple[str, ...] = ()
    """Who registered it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeStep:
    """One change of scopes."""

    op: ScopeOp
    scopes: tuple[str, ...]
    """What it is about; of a merge, those that go."""
    into: tuple[str, ...]
    """What they become; for a split two or more."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopePlan(Shown):
    """What `consolidate_scopes` did, or would do."""

    steps: tuple[ScopeStep, ...] = ()
    memories: tuple[Memory, ...] = ()
    """What moves, as it stands afterwards."""
    dry_run: bool = True
    why: str = ""
    event: Event | None = None
    """Undo it with `undo(event.id)`."""

    def __bool__(self) -> bool:
        return bool(self.steps)
