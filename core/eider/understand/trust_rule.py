"""What may close what: a statement of less trust ends nothing that was said with more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eider.language.analysis import words
from eider.model.learned import Decision
from eider.model.values import Memory


def permitted(
    decisions: Sequence[Decision], neighbours: Sequence[Sequence[Memory]], trust: int
) -> tuple[Decision, ...]:
    """Decisions about drafts of one trust, where what is known may have more.

    What would close a memory of more trust becomes a contradiction, which a person settles; what would be merged
    into one is kept beside it. What is known from less trust and said again takes its place: an import, or an
    agent's guess, that the user states is the user's from then on.
    """
    found: list[Decision] = []
    for decision in decisions:
        near = neighbours[decision.draft] if decision.draft < len(neighbours) else ()
        old = next((memory for memory in near if memory.id == decision.target), None)
        if old is not None and old.trust < trust and _said_again(decision, old):
            found.append(replace(decision, relation="supersede", reason="it is said by somebody of more trust now"))
        elif old is None or old.trust <= trust or decision.relation not in ("supersede", "retract", "merge"):
            found.append(decision)
        elif decision.relation == "merge":
            found.append(replace(decision, relation="add", target=None, reason="kept beside what is known for sure"))
        else:
            why = "what is known was said by somebody of more trust; a person decides"
            found.append(replace(decision, relation="contradiction", reason=why))
    return tuple(found)


def _said_again(decision: Decision, old: Memory) -> bool:
    """Whether a draft says what is known, in the same words or in more."""
    if decision.relation == "merge":
        return True
    return decision.relation == "none" and words(decision.text) == words(old.text)
