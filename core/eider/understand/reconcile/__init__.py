"""What a draft means for what is known: add, merge, supersede, retract, narrow, ask a person, or nothing.

Pure, total and deterministic. Structure decides first (`eider.understand.reconcile.rules`); a model's verdict may settle
what structure leaves open, and only where subject and attribute are the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from eider.language.analysis import words
from eider.model.learned import Decision, Draft, Relation, Verdict
from eider.model.values import GLOBAL, Memory
from eider.understand.reconcile.comparison import Pair
from eider.understand.reconcile.rules import LATE, Ruling, ruled
from eider.understand.reconcile.verdict import admits, judge, paired

__all__ = ["SURE_ENOUGH", "judge", "reconcile"]

SURE_ENOUGH: Final = 0.6
"""Confidence from which a verdict counts. A guess."""
_WEIGHT: Final[dict[Relation, int]] = {
    "supersede": 6, "retract": 6, "contradiction": 5, "scope_override": 4, "none": 3, "merge": 2, "add": 0,
}  # fmt: skip
"""Which of several rulings about one draft is acted on."""
_FORBIDS: Final = re.compile(r"(?:please )?(?:stop|do not|don't|never)\b", re.IGNORECASE)
"""A ban is worth keeping though nothing known is ended by it."""
_OBEYED: Final = frozenset({"rule", "preference"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A ruling about one memory."""

    memory: Memory
    ruling: Ruling
    overlap: float
    """Share of the shorter one's words the other has, in [0, 1]."""


def reconcile(
    drafts: Sequence[Draft],
    neighbours: Sequence[Sequence[Memory]],
    verdicts: Sequence[Verdict] = (),
    *,
    now: datetime,
    user: str | None = None,
) -> tuple[Decision, ...]:
    """Decide what becomes of each draft.

    Args:
        drafts: What might be kept.
        neighbours: `neighbours[i]` are memories near `drafts[i]`; those that are not current are passed over.
        verdicts: What a model said of drafts and memories.
        now: When the drafts were said; a memory that began later is never overwritten.
        user: Whose memory this is; memories of others are passed over. Without it, neighbours of more than
            one user are all passed over.

    Returns:
        One decision per draft, in their order. An older fact that is learned late is added with the memory that
        began after it as its target: there its interval ends.
    """
    decisions: list[Decision] = []
    for place, draft in enumerate(drafts):
        near = _usable(neighbours[place] if place < len(neighbours) else (), now, user)
        said = [verdict for verdict in verdicts if verdict.draft == place]
        twice = any(
            words(draft.text) == words(drafts[kept.draft].text) and draft.scope == drafts[kept.draft].scope
            for kept in decisions
        )
        decisions.append(_said_twice(place, draft) if twice else _decided(place, draft, near, said, now))
    return tuple(decisions)


def _usable(near: Sequence[Memory], now: datetime, user: str | None) -> list[Memory]:
    users = {memory.user for memory in near} if user is None else {user}
    if len(users) > 1:
        return []
    return [
        memory
        for memory in near
        if memory.user in users and memory.status(now) == "current" and memory.retired_at is None
    ]


def _said_twice(place: int, draft: Draft) -> Decision:
    return Decision(draft=place, relation="none", target=None, text=draft.text, reason="it was said twice")


def _decided(place: int, draft: Draft, near: Sequence[Memory], verdicts: Sequence[Verdict], now: datetime) -> Decision:
    if draft.signal == "praise":
        target = draft.target if any(memory.id == draft.target for memory in near) else None
        return Decision(
            draft=place, relation="none", target=target, text=draft.text, reason="praise strengthens what it is about"
        )
    if draft.target is not None:
        near = [memory for memory in near if memory.id == draft.target] or near
    found = [_judged(draft, memory, verdicts, now) for memory in near]
    best = max(found, key=_standing, default=None)
    if best is None or best.ruling.relation == "add":
        return _added(place, draft, found)
    silent = best.ruling.relation == "none" and best.overlap == 0
    return Decision(
        draft=place,
        relation=best.ruling.relation,
        target=None if silent else best.memory.id,
        text=draft.text,
        reason=best.ruling.reason,
    )


def _standing(found: _Found) -> tuple[bool, int, float, str]:
    """A word-for-word duplicate first, then by weight; ties go to the nearer one, then by id."""
    exact = found.ruling.relation == "none" and found.overlap == 1
    return exact, _WEIGHT[found.ruling.relation], found.overlap, found.memory.id


def _added(place: int, draft: Draft, found: Sequence[_Found]) -> Decision:
    if draft.retracts and not _FORBIDS.match(draft.text):
        return Decision(
            draft=place, relation="none", target=None, text=draft.text, reason="nothing is known that it ends"
        )
    alone = paired("", draft)
    if (ruling := ruled(alone)).relation == "none":
        return Decision(draft=place, relation="none", target=None, text=draft.text, reason=ruling.reason)
    if late := [each for each in found if each.ruling.reason == LATE]:
        first = min(late, key=lambda each: (each.memory.valid_from, each.memory.id)).memory
        return Decision(draft=place, relation="add", target=first.id, text=draft.text, reason=LATE)
    reason = (
        max(found, key=lambda each: (each.overlap, each.memory.id)).ruling.reason
        if found
        else "nothing like it is known"
    )
    return Decision(draft=place, relation="add", target=None, text=draft.text, reason=reason)


def _judged(draft: Draft, memory: Memory, verdicts: Sequence[Verdict], now: datetime) -> _Found:
    pair = paired(memory, draft, new_at=draft.valid_from or (now if now < memory.valid_from else None))
    ruling = ruled(pair)
    told = [verdict for verdict in verdicts if verdict.memory == memory.id and verdict.confidence >= SURE_ENOUGH]
    if told and not ruling.sure:
        verdict = max(told, key=lambda each: (each.confidence, each.relation, each.reason))
        if admits(pair, verdict.relation):
            ruling = Ruling(verdict.relation, f"{verdict.reason} ({verdict.source})")
    if ruling.relation in {"merge", "none"} and _thin(draft, memory, pair):
        ruling = Ruling("add", f"a {draft.kind} beside a {memory.kind}")
    return _Found(memory=memory, ruling=_in_place(draft, memory, ruling), overlap=pair.overlap)


def _thin(draft: Draft, memory: Memory, pair: Pair) -> bool:
    """Whether a rule and a preference share one word only, and one of them says more."""
    kinds = {draft.kind, memory.kind}
    return (
        kinds == set(_OBEYED) and len(pair.shared) == 1 and bool(pair.only_old or pair.only_new) and not _silent(pair)
    )


def _silent(pair: Pair) -> bool:
    new = pair.new
    return new.asked or new.once or new.unreal or new.hedged or new.ended


def _in_place(draft: Draft, memory: Memory, ruling: Ruling) -> Ruling:
    """The ruling within the bounds of scope and kind: nothing closes a memory of another scope."""
    if ruling.relation == "add":
        return ruling
    if draft.scope != memory.scope and ruling.relation != "none":
        if memory.scope == GLOBAL and ruling.relation in {"supersede", "retract", "scope_override", "contradiction"}:
            return Ruling("scope_override", f"it holds in {draft.scope}; elsewhere the older one does")
        return Ruling("add", f"the older one holds in {memory.scope} only")
    if memory.scope not in {draft.scope, GLOBAL}:
        return Ruling("add", f"it is known in {memory.scope} only")
    obeyed = (draft.kind in _OBEYED) != (memory.kind in _OBEYED)
    if obeyed and ruling.relation == "merge":
        return Ruling("add", f"a {draft.kind} beside a {memory.kind}")
    return ruling
