"""What learning passes on: signals found in a reply, drafts made of them, verdicts about them, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from eider.model.shown import Shown
from eider.model.values import GLOBAL, Act, Episode, Event, Memory, MemoryId, MemoryKind, Precision, Reach, Span

Zone = Literal["learn", "ask", "leave"]
"""What becomes of words that may be worth keeping: they are learned, wait in the inbox, or are left."""
Relation = Literal["add", "merge", "supersede", "retract", "none", "doubt", "contradiction"]
"""What a new statement does: it stands beside (add), says more than an older one (merge), replaces or ends it
(supersede, retract), says the same (none), may have replaced it (doubt), or may not replace it (contradiction)."""
PLAIN: Final = {
    "same": "says the same", "more": "says the same and more", "replaces": "replaces this", "ends": "ends this",
    "adds": "adds to this", "exception": "is an exception to this", "narrower": "narrows this",
    "unrelated": "is about something else",
}  # fmt: skip
"""How a later statement bears on an earlier one, in plain words: "it …"."""
SIGNAL_KINDS: Final = get_args(MemoryKind)
RELATIONS: Final = get_args(Relation)
ScopeOp = Literal["merge", "rename", "split"]
MAX_WORDING: Final = 280
"""Characters of a model's wording: one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A reason to remember, found in a reply."""

    kind: MemoryKind
    start: int
    end: int
    """`reply[start:end]` are the words that say it: the evidence, and the text of what is learned."""
    confidence: float
    """Probability that a careful reader would keep it, in [0, 1]."""
    reason: str
    """Who found it: "read in the reply", or a model and its prompt."""
    act: Act = "state"
    reach: Reach = "everywhere"
    zone: Zone = "learn"
    about: tuple[int, int] | None = None
    """Where in the agent's output the words stand that it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A memory that might be kept: the words as they were said, and what they are about."""

    kind: MemoryKind
    text: str
    evidence: tuple[Span, ...] = ()
    """The first quotes the text to the letter; empty for a statement that was given as such."""
    act: Act | None = None
    reach: Reach | None = None
    zone: Zone = "learn"
    answers: Span | None = None
    answered: str = ""
    """The agent's words that it answers, where it corrects or completes them."""
    wording: str = ""
    """A model's wording of the text."""
    scope: str = GLOBAL
    importance: int = 3
    confidence: float = 1.0
    trust: int = 2
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
    """What a draft does to one memory, or that it stands by itself."""

    draft: int
    relation: Relation
    target: MemoryId | None = None
    """The memory it is about; of an older fact that is added late, the one that began after it."""
    reason: str = ""
    """In words, for `why` and the inbox."""
    probability: float = 1.0
    """Of what was decided, in [0, 1]."""
    likely: str = ""
    """What the later statement most likely does to the older: replaces, ends, same, adds …"""
    runner_up: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEntry(Shown):
    """Something a person decides: a question with two answers. `settle(entry.id, accept=…)` gives one."""

    id: MemoryId
    question: str
    yes: str
    """What happens on `accept=True`."""
    no: str
    """What happens on `accept=False`."""
    memory: Memory
    """The memory it is about: new words that wait, or an older memory that may no longer hold."""
    against: tuple[Memory, ...] = ()
    """What stands against it: what new words contradict, or the later statement that raised the doubt."""
    probability: float = 1.0
    """That yes is right, in [0, 1]."""
    relation: str = ""
    runner_up: str = ""

    @property
    def text(self) -> str:
        """The words that it is about."""
        return self.memory.text

    @property
    def scope(self) -> str:
        """Where they apply."""
        return self.memory.scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned(Shown):
    """What came of one exchange."""

    episodes: tuple[Episode, ...]
    """The agent's output and the user's reply, as recorded."""
    signals: tuple[Signal, ...] = ()
    memories: tuple[Memory, ...] = ()
    """Kept, changed or closed, as they stand now."""
    inbox: tuple[Memory, ...] = ()
    """Memories that a person is asked about: new words that wait, and older memories that are in doubt."""
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
