"""The ranker's weights: one frozen, versioned value.

The fitted block is written by `tests/lab/fit_ranker.py --write`; what the data cannot tell is set by hand and
kept mild: none of it outweighs a third of a matching word.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each signal counts; a signal that is not named counts nothing."""

    version: str
    source: Mapping[str, str]
    """Where each value comes from, and when it was set."""
    by_name: Mapping[str, float]


# fitted values begin
_FITTED_ON: Final = "locomo=1,isolated=0.5,chats=0.3,own_isolated=0.5,own_chats=0.3,mixed=0.3"
_FITTED_AT: Final = "2026-11-21"
_FITTED: Final = {
    "matched": 1.48,
    "coverage_alone": -1.88,
    "window_best": 0.746,
    "coverage_before": 1.84,
    "coverage_window": 2.4,
    "answers": 2.16,
    "cosine": 1.77,
    "cosine_best": 0.506,
    "cosine_window": 4.22,
    "cosine_sitting": 1.39,
    "generic": -1.46,
    "cosine_alone": 1.97,
    "subject": 2.07,
    "first_person": 0.257,
    "date": 3.48,
    "date_said": 1.53,
    "when_dated": 1.22,
    "when_time": 1.46,
    "information": 4.54,
    "length": -1.54,
    "question": -0.634,
    "greeting": -0.255,
    "names": 0.797,
    "opening": 0.254,
    "number": 1.98,
    "who_names": 1.68,
    "place": 0.8,
    "why_length": -0.78,
    "guidance": -0.325,
    "guidance_request": 1.5,
    "background": -1,
}
# fitted values end

_BY_HAND: Final = {
    "phrase": 2.0,  # a quotation of all words; too rare in questions to be fitted, 2026-11-21
    "memory": 1.0,  # with it, facts kept beside the turns they came from take their share of the first ten, 2026-11-21
    "recency": 0.1,  # between two equal episodes the newer; a guess, 2026-11-21
    "strength": 0.2,  # retrievability between 0 and 1; a guess, 2026-11-21
    "importance": 0.1,  # per level from the middle one, halved; a guess, 2026-11-21
    "scope": 0.2,  # a memory of a named scope before a global one at equal evidence; a guess, 2026-11-21
    "pinned": 0.3,  # a guess, 2026-11-21
}

WEIGHTS: Final = Weights(
    version="1",
    source=MappingProxyType(
        dict.fromkeys(_FITTED, f"fitted {_FITTED_AT} on {_FITTED_ON}") | dict.fromkeys(_BY_HAND, "by hand 2026-11-21")
    ),
    by_name=MappingProxyType(_FITTED | _BY_HAND),
)
