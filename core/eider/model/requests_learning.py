"""Requests of the verbs that learn and guide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

from eider.model import validation
from eider.model.answers import Policy
from eider.model.errors import InputError
from eider.model.learned import InboxEntry, Learned, ScopeCount, ScopePlan, ScopeStep
from eider.model.outcomes import FEEDBACK_SECONDS, Credit, LearnedState, Loop
from eider.model.requests import Named, UserRequest, When, item_request
from eider.model.values import Memory

if TYPE_CHECKING:
    ObserveItem: TypeAlias = "Observe | Mapping[str, object]"
else:  # as they are sent: msgspec reads types when it sends and receives
    ObserveItem = Mapping[str, Any]

Exceeded = Literal["truncate", "error"]
EXCEEDED: Final = ("truncate", "error")
MAX_FEEDBACK: Final = 30 * 86_400.0
"""Seconds: a month, after which nobody knows any more what was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe(UserRequest[Learned]):
    """Record an exchange and learn from it."""

    verb: ClassVar[str] = "observe"

    user_reply: str
    agent_output: str = ""
    context: str | None = None
    """What the exchange was about: the task, the file, the project."""
    session: str | None = None
    at: When | None = None
    tz: str | None = None
    scope: str | None = None
    """Where all that is learned applies, whatever the words say. By default it is read from them."""
    ambient_scope: str | None = None
    """Where the work is, such as the open project: what is said of the work applies there, what is said of the person
    or of all work everywhere. Hosts pass this one; by default it is inferred from the context."""
    known: Sequence[str] = ()
    """What the host's own files say already: not stored again."""
    key: str | None = None
    answering_key: str | None = None
    """Key under which the host recorded the agent's output, where it did."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.text(self.user_reply, "user_reply", limit=validation.MAX_OBSERVED)
        if self.agent_output != "":
            validation.text(self.agent_output, "agent_output", limit=validation.MAX_OBSERVED)
        if self.context is not None and self.context != "":
            validation.text(self.context, "context", limit=validation.MAX_OBSERVED)
        if self.session is not None:
            validation.name(self.session, "session")
        if self.scope is not None:
            validation.scope(self.scope)
        if self.ambient_scope is not None:
            validation.scope(self.ambient_scope, "ambient_scope")
        validation.when(self.at, "at")
        validation.zone_name(self.tz)
        validation.key(self.key)
        validation.key(self.answering_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveMany(UserRequest[list[Learned]]):
    """Record many exchanges and learn from them in their order; items are `Observe`s or mappings of their fields."""

    verb: ClassVar[str] = "observe_many"

    items: Sequence[ObserveItem]

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.batch(self.items)

    def exchanges(self) -> list[Observe]:
        """Return the items as requests.

        Raises:
            InputError: An item cannot be used; the message names its place.
        """
        return [item_request(Observe, item, self.user, place) for place, item in enumerate(self.items)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRules(UserRequest[list[Memory]]):
    """Keep explicit instructions as rules, without detection."""

    verb: ClassVar[str] = "add_rules"

    rules: Sequence[str]
    scope: str | None = None

    def __post_init__(self) -> None:
        validation.user(self.user)
        if isinstance(self.rules, str):
            raise InputError("rules is one text; pass a list of them.")
        validation.batch(self.rules)
        for one in self.rules:
            validation.text(one, "rule", limit=validation.MAX_STATEMENT)
        if self.scope is not None:
            validation.scope(self.scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFor(UserRequest[Policy]):
    """Compile the guidance for a user, scope and context."""

    verb: ClassVar[str] = "policy"

    context: str | None = None
    existing_instructions: str = ""
    scopes: Sequence[str] | None = None
    budget: int | None = None
    """Tokens."""
    on_budget_exceeded: Exceeded = "truncate"
    least_trust: int = 2
    """2 for what the user said; 1 admits what agents and imports said, where the server allows that."""
    kinds: Sequence[str] | None = None
    """Only memories of these kinds, and what is pinned."""
    loop: str | None = None

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.scopes(self.scopes)
        if self.context is not None and self.context != "":
            validation.text(self.context, "context", limit=validation.MAX_OBSERVED)
        if self.budget is not None:
            validation.whole(self.budget, "budget", 1, validation.MAX_TEXT)
        validation.one_of(self.on_budget_exceeded, EXCEEDED, "on_budget_exceeded")
        validation.whole(self.least_trust, "least_trust", 1, 2)
        validation.kinds(self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox(UserRequest[list[InboxEntry]]):
    """List what waits for a person."""

    verb: ClassVar[str] = "inbox"

    limit: int = 50

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Named[Memory]):
    """Accept or reject what waits in the inbox."""

    verb: ClassVar[str] = "settle"

    accept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLoop(UserRequest[Loop]):
    """Begin a loop: from the first recall of an agent's turn to its known outcome."""

    verb: ClassVar[str] = "open_loop"

    agent: str | None = None
    """Whose turn; by default the agent that the memory was opened for."""
    feedback_timeout: float = FEEDBACK_SECONDS
    """Seconds until it counts as slightly negative, if nobody says how it went."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        if self.agent is not None:
            validation.name(self.agent, "agent")
        validation.seconds(self.feedback_timeout, "feedback_timeout", MAX_FEEDBACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOutcome(Named[Loop]):
    """Say how an open loop went."""

    verb: ClassVar[str] = "set_outcome"

    outcome: float
    """From -1 (harm) over 0 (neither) to 1 (just right)."""

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.outcome(self.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseLoop(Named[Credit]):
    """End a loop, and credit or blame what was recalled in it."""

    verb: ClassVar[str] = "close_loop"

    agent_output: str = ""
    """What the agent made of it; tells which of the recalled lines were used."""
    outcome: float | None = None
    """From -1 to 1; by default what was set before."""

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        if self.agent_output != "":
            validation.text(self.agent_output, "agent_output", limit=validation.MAX_OBSERVED)
        if self.outcome is not None:
            validation.outcome(self.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedOf(UserRequest[LearnedState]):
    """Show what outcomes have taught about a user."""

    verb: ClassVar[str] = "learned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetLearned(UserRequest[LearnedState]):
    """Take back what outcomes have taught about a user."""

    verb: ClassVar[str] = "reset_learned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scopes(UserRequest[list[ScopeCount]]):
    """List scopes with what is in them."""

    verb: ClassVar[str] = "scopes"

    def __post_init__(self) -> None:
        validation.user(self.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolidateScopes(UserRequest[ScopePlan]):
    """Merge, rename and split scopes."""

    verb: ClassVar[str] = "consolidate_scopes"

    dry_run: bool = True
    steps: Sequence[ScopeStep] | None = None
    """What a dry run proposed, or a part of it; by default proposed anew."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        for step in self.steps or ():
            if not isinstance(step, ScopeStep):  # pyright: ignore[reportUnnecessaryIsInstance] (strangers call this)
                raise InputError(f"step {str(step)[:40]!r} is {type(step).__name__}; pass steps of a plan.")
            for name in (*step.scopes, *step.into):
                validation.scope(name)
