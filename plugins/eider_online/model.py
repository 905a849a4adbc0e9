"""A logistic regression over the odds FSRS gives, and a few traits of the memory."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, log1p
from typing import Any, Final, Self

from eider.model.forgetting_curve import DECAY, FACTOR, retrievability

FORM: Final = 1
"""Version of the traits; a state of another one is not taken over."""
RATE: Final = 0.05
"""Step of the gradient descent. Measured on 200 planted outcomes: 0.05 takes 28 % off the log-loss of FSRS where that
is wrong and adds nothing where it is right; 0.15 takes off 32 % and adds 9 %."""
LEAST, MOST = 0.25, 4.0
"""Bounds of the multiplier: no single outcome makes a memory last longer than four times what FSRS says."""
_EDGE: Final = 0.01
"""Probabilities are kept this far from 0 and 1."""


def traits(sample: Mapping[str, Any]) -> dict[str, float]:
    """Features of the model, each about 1 in size.

    Args:
        sample: `days` since the last use, `stability` in days, `uses`, `importance` 1 to 5, `kind`.

    >>> traits({"days": 30.0, "stability": 30.0, "uses": 0, "importance": 3, "kind": "fact"})["importance"]
    0.0
    """
    chance = _clip(float(retrievability(float(sample["days"]), float(sample["stability"]))))
    lapse = log1p(float(sample["days"]) / max(float(sample["stability"]), 0.1))
    return {
        "fsrs": log(chance / (1 - chance)), "age": log1p(float(sample["days"])) / 5, "lapse": lapse,
        "uses": log1p(float(sample["uses"])) / 2, "importance": (int(sample["importance"]) - 3) / 2,
        f"kind:{sample['kind']}": 1.0, f"lapse:{sample['kind']}": lapse,
    }  # fmt: skip


class OnlineDecay:
    """How likely a memory of some age is still useful, corrected by every outcome."""

    def __init__(self) -> None:
        """Begin as FSRS: its odds count as they are, nothing else counts."""
        from river import linear_model, optim

        self._model: Any = linear_model.LogisticRegression(optimizer=optim.SGD(RATE), intercept_lr=RATE / 3)
        self._set({"fsrs": 1.0}, 0.0)
        self.seen = 0

    @classmethod
    def of(cls, state: Mapping[str, Any] | None) -> Self:
        """Restore a model from what `state()` returned."""
        model = cls()
        if state is not None and state.get("form") == FORM:
            model._set({str(n): float(w) for n, w in state["weights"].items()}, float(state["intercept"]))
            model.seen = int(state["seen"])
        return model

    def _set(self, weights: Mapping[str, float], intercept: float) -> None:
        from river.utils import VectorDict

        self._model._weights = VectorDict(dict(weights))  # noqa: SLF001 (River has no other way to take weights in)
        self._model.intercept = intercept

    def chance(self, sample: Mapping[str, Any]) -> float:
        """Probability that it is still useful."""
        return _clip(float(self._model.predict_proba_one(traits(sample))[True]))

    def learn(self, sample: Mapping[str, Any], useful: bool, weight: float = 1.0) -> None:
        """Take in one outcome.

        Args:
            sample: The memory as it was when it was recalled; see `traits`.
            useful: Whether it was credited; else it was blamed.
            weight: In [0, 1]: how much of the outcome was its.
        """
        self._model.learn_one(traits(sample), useful, w=weight)
        self.seen += 1

    def multiplier(self, sample: Mapping[str, Any]) -> float:
        """By how much longer than its stability says a memory keeps: the stability at which FSRS agrees, over its own."""
        days, stability = float(sample["days"]), max(float(sample["stability"]), 0.1)
        agreed = FACTOR * max(days, 0.01) / (self.chance(sample) ** (1 / DECAY) - 1)
        return min(MOST, max(LEAST, agreed / stability))

    def state(self) -> dict[str, Any]:
        """All it knows, as JSON knows it."""
        weights = {str(name): round(float(weight), 6) for name, weight in sorted(self._model.weights.items())}
        return {
            "form": FORM, "weights": weights, "intercept": round(float(self._model.intercept), 6), "seen": self.seen
        }  # fmt: skip


def _clip(chance: float) -> float:
    return min(1 - _EDGE, max(_EDGE, chance))
