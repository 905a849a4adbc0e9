"""Links between what is kept: derived from the rows whenever somebody asks, or said by the user and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from eider.model.shown import Value
from eider.model.values import Episode, Memory

LinkKind = Literal["temporal", "entity", "causal", "semantic", "supersedes", "evidence"]
LINK_KINDS: Final = get_args(LinkKind)
USER_KINDS: Final = ("causal", "entity", "temporal", "semantic")
"""Kinds of links that a user may say; the others follow from `correct` and from quoting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Related(Value):
    """A line that a memory or an utterance is linked to."""

    id: str
    text: str
    kind: LinkKind
    weight: float
    """How close it is, in (0, 1]."""
    outward: bool
    """Whether the link goes to this line: from cause to effect, from the new to the old, from what rests to what it rests on."""
    reason: str
    """Why it is linked, in words."""
    by_user: bool = False
    """Whether the user said so; the others are derived."""
    memory: Memory | None = None
    episode: Episode | None = None

    @property
    def at(self) -> datetime | None:
        """When it was said, or the first instant the statement holds; UTC."""
        if self.memory is not None:
            return self.memory.valid_from
        return None if self.episode is None else self.episode.at


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounts(Value):
    """How much of what is kept has links of each kind."""

    rows: int
    """Memories and utterances."""
    linked: Mapping[str, int]
    """Kind → rows that have at least one link of it."""
    by_user: int
    """Links that the user said."""
    hubs: tuple[str, ...]
    """Names in so many rows that they link nothing."""
    dry_run: bool
