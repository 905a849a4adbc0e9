"""Requests of the verbs that learn and guide; the table they belong to is in `eider.verbs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from eider import check
from eider.errors import InputError
from eider.requests import Named, Request, When

Exceeded = Literal["truncate", "error"]
EXCEEDED: Final = ("truncate", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe(Request):
    """Record an exchange and learn from it."""

    user_reply: str
    agent_output: str = ""
    context: str | None = None
    """What the exchange was about: the task, the file, the project."""
    session: str | None = None
    at: When | None = None
    tz: str | None = None
    scope: str | None = None
    """Where what is learned applies; by default inferred from the context, else everywhere."""
    known: Sequence[str] = ()
    """What the host's own files say already: not stored again."""
    key: str | None = None

    def __post_init__(self) -> None:
        check.user(self.user)
        check.text(self.user_reply, "user_reply", limit=check.MAX_OBSERVED)
        if self.agent_output != "":
            check.text(self.agent_output, "agent_output", limit=check.MAX_OBSERVED)
        if self.context is not None and self.context != "":
            check.text(self.context, "context", limit=check.MAX_OBSERVED)
        if self.session is not None:
            check.name(self.session, "session")
        if self.scope is not None:
            check.name(self.scope, "scope")
        check.when(self.at, "at")
        check.zone_name(self.tz)
        check.key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct(Request):
    """Keep explicit instructions, without detection."""

    directions: Sequence[str]
    scope: str | None = None

    def __post_init__(self) -> None:
        check.user(self.user)
        if isinstance(self.directions, str):
            raise InputError("directions is one text; pass a list of them.")
        check.batch(self.directions)
        for one in self.directions:
            check.text(one, "direction", limit=check.MAX_STATEMENT)
        if self.scope is not None:
            check.name(self.scope, "scope")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFor(Request):
    """Compile the guidance for a user, scope and context."""

    context: str | None = None
    existing_instructions: str = ""
    scopes: Sequence[str] | None = None
    budget: int | None = None
    """Tokens."""
    on_budget_exceeded: Exceeded = "truncate"
    least_trust: int = 2
    """2 for what the user said; 1 admits what agents and imports said, where the owner allows that."""
    loop: str | None = None

    def __post_init__(self) -> None:
        check.user(self.user)
        check.scopes(self.scopes)
        if self.context is not None and self.context != "":
            check.text(self.context, "context", limit=check.MAX_OBSERVED)
        if self.budget is not None:
            check.whole(self.budget, "budget", 1, check.MAX_TEXT)
        check.one_of(self.on_budget_exceeded, EXCEEDED, "on_budget_exceeded")
        check.whole(self.least_trust, "least_trust", 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox(Request):
    """List what waits for a person."""

    limit: int = 50

    def __post_init__(self) -> None:
        check.user(self.user)
        check.whole(self.limit, "limit", 1, check.MAX_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Named):
    """Accept or reject what waits in the inbox."""

    accept: bool
