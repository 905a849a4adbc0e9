"""The gate's weights: one frozen, versioned value, written by `tests/lab/fit_gate.py --write`."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWeights:
    """What each signal counts: P(line helps) = sigmoid(world + prompt signals) * sigmoid(line + line signals)."""

    version: str
    source: str
    """What they were fitted on, and when."""
    world: float
    """Log odds that a prompt without any sign is about someone's own world."""
    line: float
    """Log odds that a line without any sign helps with a prompt that is."""
    by_name: Mapping[str, float]
    speak: float
    """Least probability at which the best line is injected; silences 90 % of the empty prompts it was fitted on."""


# fitted values begin
_SOURCE: Final = "fitted 2026-11-21 on isolated and own_isolated, each one half; other=0.15"
_WORLD: Final = 0.486
_LINE: Final = -2.63
_SPEAK: Final = 0.649
_FITTED: Final[dict[str, float]] = {
    "we": 1.99,
    "my": 0.145,
    "i": 1.99,
    "near": 2.93,
    "may": 1.78,
    "past": 1.64,
    "definite": 1.16,
    "general": -5.89,
    "indefinite": -1.73,
    "foreign_name": -1.05,
    "place": 2.75,
    "cosine": 0.827,
    "margin": 1.3,
    "margin_align": 4.44,
    "margin_rest": 1.66,
    "name_miss": -0.885,
    "type_miss": -2.17,
    "unit_miss": -0.8,
    "gap": -0.829,
    "guidance_task": 1.5,
    "task_match": 2.37,
    "may_rule": 1.07,
}
# fitted values end

_BY_HAND: Final = {
    "exact": 3.0,  # the prompt quotes the line; too rare in the data to be fitted, 2026-11-21
}

WEIGHTS: Final = GateWeights(
    version="1", source=_SOURCE, world=_WORLD, line=_LINE, speak=_SPEAK, by_name=MappingProxyType(_FITTED | _BY_HAND)
)
