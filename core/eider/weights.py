"""The ranker's weights: one frozen, versioned value."""

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
    source: str
    """Where the values come from."""
    by_name: Mapping[str, float]


WEIGHTS: Final = Weights(
    version="0",
    source="by hand from the published sizes in bench/RANKING.md; to be fitted",
    by_name=MappingProxyType(
        {
            "bm25_best": 0.3, "coverage": 0.8, "matched": 1.4, "adjacent": 0.7, "phrase": 2.0,
            "window_best": 1.4, "coverage_before": 1.0, "coverage_window": 1.1, "coverage_sitting": 1.4,
            "list_sitting": -1.4, "answers": 2.2,
            "cosine": 1.0, "cosine_best": 1.2, "cosine_window": 2.2, "cosine_sitting": 1.8, "generic": -1.7,
            "cosine_alone": 4.0,
            "subject": 1.5, "first_person": 0.8, "subject_coverage": 0.7,
            "date": 5.0, "date_said": 1.5, "when_dated": 1.6, "when_time": 0.2,
            "information": 3.6, "length": -2.0, "question": -0.4, "greeting": -0.3, "names": 1.0, "opening": 0.6,
            "number": 1.3, "who_names": 0.5, "place": 1.8,
            "recency": 0.1, "strength": 0.2, "importance": 0.1, "scope": 0.2, "pinned": 0.3,
        }
    ),
)  # fmt: skip
