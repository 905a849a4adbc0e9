"""What may close what: a statement of less trust ends nothing that was said with more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eider.learning import Decision
from eider.values import Memory


def permitted(
    decisions: Sequence[Decision], neighbours: Sequence[Sequence[Memory]], trust: int
) -> tuple[Decision, ...]:
    """Decisions about drafts of one trust, where what is known may have more.

    What would close a memory of more trust becomes a contradiction, which a person settles; what would be merged
    into one is kept beside it.
    """
    found: list[Decision] = []
    for decision in decisions:
        near = neighbours[decision.draft] if decision.draft < len(neighbours) else ()
        old = next((memory for memory in near if memory.id == decision.target), None)
        if old is None or old.trust <= trust or decision.relation not in ("supersede", "retract", "merge"):
            found.append(decision)
        elif decision.relation == "merge":
            found.append(replace(decision, relation="add", target=None, reason="kept beside what is known for sure"))
        else:
            why = "what is known was said by somebody of more trust; a person decides"
            found.append(replace(decision, relation="contradiction", reason=why))
    return tuple(found)
