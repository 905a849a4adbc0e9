"""What a model says of scopes, turned into names and steps; it names by number what it was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from eider.model.errors import MissingExtraError, ModelError
from eider.model.learned import ScopeStep

if TYPE_CHECKING:
    from eider.model.llm import Model
    from eider.store.engine import Engine

SECONDS: Final = 8.0
"""What the question where something applies may take; without an answer likeness decides."""
_BELIEVED: Final = 0.5
"""Confidence below which something holds everywhere rather than where a model says. A guess."""


@dataclass(frozen=True, slots=True)
class ModelJudge:
    """`ScopeJudge` by a model."""

    model: Model

    def choose(self, statement: str, context: str, scopes: Sequence[str], *, new: bool) -> str | None:
        """Where a statement holds: one of these, None for everywhere, or a new name where those are allowed.

        Raises:
            ModelError: It did not answer, or named what it was not shown.
        """
        from eider.providers.prompts import scope

        said = self.model.ask(replace(scope.prompt(statement, context, scopes, new=new), seconds=SECONDS))
        if said.confidence < _BELIEVED or said.scope == 0:
            return None
        if said.scope == -1 and new and said.new.strip():
            return said.new
        return _shown(self.model, said.scope, scopes)

    def propose(self, scopes: Mapping[str, Sequence[str]]) -> Sequence[ScopeStep]:
        """What to merge, rename and split.

        Raises:
            ModelError: It did not answer, or named what it was not shown.
        """
        from eider.providers.prompts import scope_consolidation

        names = list(scopes)
        steps: list[ScopeStep] = []
        for step in self.model.ask(scope_consolidation.prompt(scopes)).steps:
            of = [_shown(self.model, n, names) for n in step.scopes]
            into = tuple(dict.fromkeys(step.into))
            gone = tuple(dict.fromkeys(n for n in of if n not in into)) if step.op == "merge" else tuple(of)
            steps.append(ScopeStep(op=step.op, scopes=gone, into=into, reason=" ".join(step.reasoning.split())[:200]))
        return steps


def _shown(model: Model, number: int, names: Sequence[str]) -> str:
    if not 1 <= number <= len(names):
        raise ModelError(f"{model.name} named scope {number}, and was shown {len(names)}.")
    return names[number - 1]


def judge_of(engine: Engine, agent: str) -> ModelJudge | None:
    """The model an agent asks about scopes; None in frugal mode, and where what asks it is not installed.

    Raises:
        ConfigError: The agent's mode or model cannot be used.
    """
    settings = engine.agents.of(agent)
    if settings.mode == "frugal":
        return None
    try:
        return ModelJudge(engine.agents.model(settings))
    except MissingExtraError:
        return None
