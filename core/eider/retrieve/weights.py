"""The ranker's weights: one frozen, versioned value.

The fitted block is written by `tests/lab/fit_ranker.py --write`; what the data cannot tell is set by hand and
kept mild: none of it outweighs a third of a matching word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from eider.model.lexical_balance import NEUTRAL, scale
from eider.retrieve.features import GROUPS

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
_FITTED_ON: Final = "locomo=3,beam=1,documents=0.8,records=0.6,isolated=2,own_isolated=1,chats=0.5,own_chats=0.5"
_FITTED_AT: Final = "2026-11-30"
_FITTED: Final = {
    "coverage_alone": 0.391,
    "pair": 0.723,
    "near_pair": 1.37,
    "passage": 0.986,
    "beginning": 1.08,
    "heading": 2.09,
    "names_asked": 0.339,
    "digits_asked": 0.317,
    "window_best": 0.516,
    "coverage_before": 0.289,
    "coverage_window": 1.72,
    "coverage_window_short": 0.466,
    "answers_short": 3.8,
    "reply": 0.59,
    "cosine": 0.594,
    "cosine_best": 1.09,
    "cosine_window": 3.27,
    "cosine_sitting": 0.859,
    "cosine_sitting_short": 1.33,
    "cosine_alone": 1.32,
    "subject": 1.6,
    "first_person": 0.605,
    "date": 2.15,
    "date_inside": 1.94,
    "date_said": 2.93,
    "when_dated": 0.92,
    "when_time": 1.63,
    "information": 3.75,
    "length": -2.52,
    "length_ratio": -1.18,
    "short": -1.66,
    "question": -0.55,
    "greeting": -0.155,
    "names": 0.629,
    "opening": 0.47,
    "number": 1.87,
    "who_names": 1.67,
    "place": 0.355,
    "guidance": -1.09,
    "guidance_request": 2.34,
    "background": -1.94,
    "wish_cosine": 2.38,
    "shared_words": 0.494,
    "named": 0.462,
    "same_day": 1.48,
    "same_sitting": 0.217,
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

_LEXICAL: Final = ("words", "context")
"""Groups that look at words: a row's own, and those around it. For a row without neighbours both say the same, and only
together they are the whole of its lexical evidence."""


@lru_cache(maxsize=256)
def weights_balanced(share: float) -> Weights:
    """The weights with words and meaning in another proportion.

    Args:
        share: Of words, in [0, 1]; 0.5 gives the weights as they are.

    >>> weights_balanced(0.5) is WEIGHTS
    True
    """
    if share == NEUTRAL:
        return WEIGHTS
    words, meaning = scale(share)
    factors = {**dict.fromkeys(_LEXICAL, words), "meaning": meaning}
    return Weights(
        version=f"{WEIGHTS.version} words {share:.2f}",
        source=MappingProxyType({n: f"{s}, scaled by what was learned of the user" for n, s in WEIGHTS.source.items()}),
        by_name=MappingProxyType({n: w * factors.get(GROUPS.get(n, ""), 1.0) for n, w in WEIGHTS.by_name.items()}),
    )


def as_shipped(shares: Mapping[str, float], share: float) -> tuple[float, float, float]:
    """Evidence of words, of meaning, and of all else, with the user's balance taken out of it again.

    >>> as_shipped({"words": 3.0, "meaning": 0.5, "date": 1.0}, 0.75)
    (2.0, 1.0, 1.0)
    """
    words, meaning = (max(factor, 1e-6) for factor in scale(share))
    lexical = sum(shares.get(group, 0.0) for group in _LEXICAL)
    dense = shares.get("meaning", 0.0)
    rest = sum(shares.values()) - lexical - dense
    return round(lexical / words, 4), round(dense / meaning, 4), round(rest, 4)
