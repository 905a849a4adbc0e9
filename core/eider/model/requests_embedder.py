"""Requests about the embedder of a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from eider.model import validation
from eider.model.answers import EmbedderStatus
from eider.model.errors import InputError
from eider.model.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderState(Request[EmbedderStatus]):
    """Say whose vectors the store has, and how far an exchange of embedders is."""

    verb: ClassVar[str] = "embedder"


SwapAction = Literal["start", "resume", "abort", "back", "drop", "reembed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapEmbedder(Request[EmbedderStatus]):
    """Exchange the embedder of the store for another one, step by step."""

    verb: ClassVar[str] = "swap_embedder"

    name: str | None = None
    """For "start"; its address and key are better kept in the settings."""
    action: SwapAction = "start"

    def __post_init__(self) -> None:
        validation.one_of(self.action, get_args(SwapAction), "action")
        if (self.action == "start") is not bool(self.name):
            raise InputError(
                f"name={self.name!r} does not go with action={self.action!r}; only 'start' takes a name, and needs it."
            )
