"""Requests about links between what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from eider.model import validation
from eider.model.errors import InputError
from eider.model.links import LINK_KINDS, USER_KINDS, LinkCounts, Related
from eider.model.requests import Named, UserRequest
from eider.model.values import Edge


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedTo(Named[list[Related]]):
    """What a memory or an utterance is linked to."""

    verb: ClassVar[str] = "related"

    kinds: Sequence[str] | None = None
    limit: int = 20

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        if self.kinds is not None:
            validation.texts(self.kinds, "kinds")
        for kind in self.kinds or ():
            validation.one_of(kind, LINK_KINDS, "kinds")
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTogether(UserRequest[Edge]):
    """Say that two lines belong together."""

    verb: ClassVar[str] = "link"

    source: str
    target: str
    kind: str = "semantic"
    """For "causal" the source is the cause."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.name(self.source, "source")
        validation.name(self.target, "target")
        validation.one_of(self.kind, USER_KINDS, "kind")
        if self.source == self.target:
            raise InputError(f"source and target are both {self.source!r}; a line is not linked to itself.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlink(UserRequest[int]):
    """Take back what the user said of two lines; derived links stay, for they follow from the rows."""

    verb: ClassVar[str] = "unlink"

    source: str
    target: str
    kind: str | None = None
    """By default of every kind."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.name(self.source, "source")
        validation.name(self.target, "target")
        if self.kind is not None:
            validation.one_of(self.kind, USER_KINDS, "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildLinks(UserRequest[LinkCounts]):
    """Derive a user's links anew from the rows, and count them."""

    verb: ClassVar[str] = "rebuild_links"

    dry_run: bool = False
