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
_SOURCE: Final = "fitted 2026-11-30 on isolated and own_isolated, each one half; other=0.25"
_WORLD: Final = 0.313
_LINE: Final = -2.52
_SPEAK: Final = 0.599
_FITTED: Final[dict[str, float]] = {
    "we": 1.88,
    "my": 0.544,
    "i": 1.84,
    "near": 3.06,
    "this": 1.21,
    "may": 1.71,
    "definite": 1.65,
    "article": 0.9,
    "general": -6.09,
    "indefinite": -1.79,
    "held": 1.04,
    "foreign_name": -1.14,
    "place": 2.25,
    "cosine": 0.963,
    "margin": 3.22,
    "margin_align": 4.48,
    "margin_rest": 1.02,
    "name_miss": -0.597,
    "type_miss": -4.07,
    "unit_miss": -0.661,
    "gap": -1.1,
    "guidance_task": 1.27,
    "task_match": 2.12,
    "may_rule": 1,
}
# fitted values end

_BY_HAND: Final = {
    "told": 1.5,  # about three quarters of a "we"; the chats have no empty prompts to fit it on, 2026-11-21
    "exact": 3.0,  # the prompt quotes the line; too rare in the data to be fitted, 2026-11-21
}

WEIGHTS: Final = GateWeights(
    version="1", source=_SOURCE, world=_WORLD, line=_LINE, speak=_SPEAK, by_name=MappingProxyType(_FITTED | _BY_HAND)
)
