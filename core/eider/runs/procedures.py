"""Procedures: sequences of steps or tools that led to success in two runs or more, found without a model.

A run is abstracted to the names of its steps with the shape of what they were given. A sequence that two distinct
successful runs share is a candidate; runs that failed with it count against it, and it is retired once it fails too
often. Runs that saw a tool's or document's words teach nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from eider.model.requests_runs import ProceduresFor
from eider.model.runs import Procedure, Run, Step
from eider.privacy.ingress import Clean
from eider.runs.portions import relevance

if TYPE_CHECKING:
    from eider.store.engine import Engine

SUCCESS: Final = 0.7
"""Outcome from which on a run teaches."""
FAILURE: Final = 0.0
"""Outcome up to which a run counts against what it did; one that failed counts as well."""
RETIRED: Final = 0.4
"""Mean of the Beta posterior below which a procedure is not given any more."""
SUPPORT: Final = 2
"""Distinct successful runs that have to share a sequence."""
SHOWN: Final = 2
"""Most procedures that are given: the more there are to choose from, the fewer are used well."""
LONGEST: Final = 12
"""Actions of a procedure. A guess."""
Sequenced = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What one run did."""

    run: str
    name: str
    actions: Sequenced
    inputs: frozenset[str]
    succeeded: bool
    failed: bool


def action(step: Step) -> str:
    """Return a step as a name with the shape of what it was given.

    Shapes are the names that it was bound to or referenced, in order: `brief(collect, inputs.team)`.
    """
    given = sorted(
        {
            s.step.partition("#")[0] + (f".{s.field}" if s.field else "")
            for s in step.saw
            if s.why in ("parameter", "reference")
        }
    )
    return f"{step.name}({', '.join(given)})"


def without_repeats(actions: Sequence[str]) -> Sequenced:
    """Return a sequence with each action that follows itself taken once: rounds of a loop are one action.

    >>> without_repeats(["a()", "b()", "b()", "a()"])
    ('a()', 'b()', 'a()')
    """
    return tuple(actions[:1]) + tuple(b for a, b in pairwise(actions) if a != b)


def trajectory_of(run: Run, inputs: Sequence[str]) -> Trajectory | None:
    """Return what a run did; None where it saw the words of tools or documents, which teach nothing."""
    if run.trust == 0 or any(step.trust == 0 for step in run.steps):
        return None
    actions = without_repeats([action(s) for s in run.steps if s.status == "done" and s.name != "respond"])
    known = run.outcome
    return Trajectory(
        run.id, run.name, actions, frozenset(inputs), succeeded=known is not None and known >= SUCCESS,
        failed=known <= FAILURE if known is not None else run.status == "failed",
    )  # fmt: skip


def shared_sequences(trajectories: Sequence[Trajectory]) -> list[Procedure]:
    """Return the sequences that successful runs share, the best founded first; retired ones are left out.

    A sequence that is part of a longer one with the same runs behind it is left out as well.

    Args:
        trajectories: Of one user, oldest first.
    """
    support: dict[Sequenced, list[Trajectory]] = {}
    against: dict[Sequenced, int] = {}
    for one in trajectories:
        for part in {*_parts(one.actions)} if one.succeeded else ():
            support.setdefault(part, []).append(one)
    shared = {part: runs for part, runs in support.items() if len({r.run for r in runs}) >= SUPPORT}
    for one in trajectories:
        for part in {*_parts(one.actions)} & shared.keys() if one.failed else ():
            against[part] = against.get(part, 0) + 1
    closed = {part for part in shared if not any(len(shared[o]) == len(shared[part]) for o in _grown(part, shared))}
    found = [_procedure(part, shared[part], against.get(part, 0)) for part in closed]
    kept = [p for p in found if p.confidence >= RETIRED]
    return sorted(kept, key=lambda p: (-p.confidence, -p.successes, -len(p.actions), p.actions))


def _parts(actions: Sequenced) -> list[Sequenced]:
    size = len(actions)
    return [actions[i:j] for i in range(size) for j in range(i + 2, min(size, i + LONGEST) + 1)]


def _grown(part: Sequenced, shared: dict[Sequenced, list[Trajectory]]) -> list[Sequenced]:
    """Shared sequences that have one action more, before or after."""
    return [other for other in shared if len(other) == len(part) + 1 and part in (other[1:], other[:-1])]


def _procedure(actions: Sequenced, runs: Sequence[Trajectory], failures: int) -> Procedure:
    inputs = frozenset.intersection(*(r.inputs for r in runs))
    return Procedure(
        actions=actions, names=tuple(dict.fromkeys(r.name for r in runs)), preconditions=tuple(sorted(inputs)),
        successes=len(runs), failures=failures, confidence=round((len(runs) + 1) / (len(runs) + failures + 2), 4),
        runs=tuple(r.run for r in reversed(runs)),
    )  # fmt: skip


def next_actions(found: Sequence[Procedure], done: Sequence[str]) -> list[str]:
    """Return what may come next, the likeliest first.

    Counted are the distinct runs in which an action followed the last one, the last two, and so on; what was counted after
    a longer past is mixed with what was after a shorter one by the number of different actions seen there.

    Args:
        found: What was learned.
        done: Actions so far.

    Source: Witten and Bell's interpolation, 1991.
    """
    so_far = without_repeats(list(done))
    followed: dict[int, dict[str, set[str]]] = {}
    for procedure in found:
        for place in range(1, len(procedure.actions)):
            length = 0
            while length < min(place, len(so_far)) and procedure.actions[place - 1 - length] == so_far[-1 - length]:
                length += 1
                followed.setdefault(length, {}).setdefault(procedure.actions[place], set()).update(procedure.runs)
    likely: dict[str, float] = {}
    for _, after in sorted(followed.items()):
        runs, kinds = sum(map(len, after.values())), len(after)
        likely = {
            name: (len(after.get(name, ())) + kinds * likely.get(name, 0.0)) / (runs + kinds)
            for name in {*likely, *after}
        }
    return sorted(likely, key=lambda name: (-likely[name], name))


def procedures(engine: Engine, accepted: Clean[ProceduresFor]) -> list[Procedure]:
    """Show which sequences of steps led to success before, at most two, those that fit the query first."""
    request = accepted.request
    judged = engine.store.steps.outcomes(user=request.user)
    contents = engine.store.steps.contents([run.inputs for run in judged], user=request.user)
    made = [trajectory_of(run, list(contents[run.inputs].value()) if run.inputs in contents else []) for run in judged]
    found = shared_sequences([one for one in made if one is not None])
    if request.done:
        found = [p for p in found if next_actions([p], request.done)]
    if request.query.strip() and found:
        texts = [" ".join((*p.names, *p.actions, *p.preconditions)) for p in found]
        scores = relevance(request.query, texts, engine.embedder)
        scored = [replace(p, score=round(float(s), 4)) for p, s in zip(found, scores, strict=True) if s > 0]
        found = sorted(scored, key=lambda p: (-round(p.score, 2), -p.confidence, -len(p.actions)))
    return found[:SHOWN]
