"""What is learned from outcomes: loops, what was recalled in them, whom an outcome was credited to, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from eider.model.shown import Value
from eider.model.values import Event

FEEDBACK_SECONDS: Final = 3600.0
"""How long a loop waits for its outcome. A guess: whoever is content rarely says so, and says so soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled(Value):
    """One line that was recalled in a loop, with the evidence that brought it there."""

    id: str
    ask: int
    """Which recall of the loop, from 0; those of `policy` are below 0, for nothing was ranked against a question."""
    words: float = 0.0
    """What its words and those around it scored, before the user's balance scaled them."""
    meaning: float = 0.0
    """Likewise its likeness."""
    rest: float = 0.0
    """All other evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop(Value):
    """From the first recall to the known outcome of one agent turn."""

    id: str
    user: str
    agent: str
    opened_at: datetime
    expires_at: datetime
    """From when on it counts as slightly negative, if nobody has said how it went."""
    closed_at: datetime | None = None
    outcome: float | None = None
    """In [−1, 1]; None while unknown."""
    recalled: tuple[Recalled, ...] = ()
    """In the order it was recalled; notes of the last seconds may still be on their way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit(Value):
    """What closing a loop came to."""

    loop: Loop
    shares: Mapping[str, float] = field(default_factory=dict[str, float])
    """Id → its part of the outcome, in [−1, 1]; empty when nothing was credited or blamed."""
    lexical_share: float = 0.5
    """The user's balance afterwards."""
    event: Event | None = None
    """The change it made; `undo(event.id)` takes it back."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm(Value):
    """One lexical share that might serve the user, and how it would have done so far."""

    share: float
    successes: float
    failures: float
    """With `successes` the parameters of a Beta distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedState(Value):
    """All that outcomes have taught about one user."""

    user: str
    version: int
    """Grows with every change; 0 when nothing was learned."""
    lexical_share: float
    """Weight of words against meaning in the ranking, in [0, 1]; 0.5 is as shipped."""
    arms: tuple[Arm, ...]
    decay: Mapping[str, float]
    """Weights of the online model of forgetting; empty without it."""
    touched: int
    """Memories whose stability outcomes have changed."""
    open_loops: int
    closed_loops: int
    changed_at: datetime | None = None
