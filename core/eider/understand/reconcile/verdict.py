"""One pair judged: the laws over two readings, with what memory and draft know beyond their words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from eider.model.learned import Draft, Relation
from eider.model.values import GLOBAL, Memory
from eider.understand.reconcile.comparison import Pair
from eider.understand.reconcile.rules import NEAR, Ruling, ruled
from eider.understand.statements import Statement, read

_SHORTEST_NAME: Final = 2
"""Letters a user's id needs to be taken for a name in a text."""


def judge(
    old: Memory | str, new: Draft | str, *, old_at: datetime | None = None, new_at: datetime | None = None
) -> tuple[Relation, str]:
    """What a newer statement means for an older one, and why.

    Args:
        old: What is known.
        new: What is said now.
        old_at: When the older one began to hold; of a memory, its `valid_from` by default.
        new_at: When the newer one began to hold.

    >>> judge("Lives in Porto.", "I moved to Ghent.")[0]
    'supersede'
    >>> judge("Likes tea.", "I like coffee.")[0]
    'add'
    """
    ruling = ruled(paired(old, new, old_at=old_at, new_at=new_at))
    return ruling.relation, ruling.reason


def paired(
    old: Memory | str, new: Draft | str, *, old_at: datetime | None = None, new_at: datetime | None = None
) -> Pair:
    """Both statements read, and whether the newer one is about an earlier time."""
    known = _of_memory(old) if isinstance(old, Memory) else read(old)
    said = _of_draft(new, old) if isinstance(new, Draft) else read(new)
    if isinstance(old, Memory) and isinstance(new, Draft) and old.scope == new.scope != GLOBAL:
        known, said = (replace(one, scope=_beyond(one.scope, new.scope)) for one in (known, said))
    started = old_at or (old.valid_from if isinstance(old, Memory) else None)
    begins = new_at or (new.valid_from if isinstance(new, Draft) else None)
    late = started is not None and begins is not None and begins < started and not (said.corrected or said.changed)
    if isinstance(new, Draft):
        late = late and new.signal != "correction"
        late = late or (started is not None and new.valid_to is not None and new.valid_to <= started)
    return Pair(old=known, new=said, old_at=started, new_at=begins, late=late)


_HERE: Final = re.compile(r"\b(?:this|that|the current|our current|diesem|ce|este)\b|这个", re.IGNORECASE)


def _beyond(phrases: str, scope: str) -> str:
    """The narrowing phrases less those that only name the scope both are in: "in this repo"."""
    name = scope.rpartition(":")[2].rpartition("/")[2].lower()
    kept = [each for each in phrases.split("; ") if not _HERE.search(each) and name not in re.findall(r"[\w.-]+", each)]
    return "; ".join(kept)


def _of_memory(memory: Memory) -> Statement:
    return read(_unnamed(memory.text, memory.user))


def _of_draft(draft: Draft, old: Memory | str) -> Statement:
    found = read(_unnamed(draft.text, old.user) if isinstance(old, Memory) else draft.text)
    if draft.retracts and not found.ended:
        found = replace(found, ended=True)
    return replace(found, corrected=True) if draft.signal == "correction" and not found.corrected else found


def _unnamed(text: str, user: str) -> str:
    """The text with the user's own name at its head read as "the user"."""
    if len(user) < _SHORTEST_NAME or user.lower() in {"the", "user", "team"}:
        return text
    return re.sub(rf"^{re.escape(user)}(?=\b)", "The user", text, count=1, flags=re.IGNORECASE)


def admits(pair: Pair, relation: Relation) -> bool:
    """The structural guard: whether a model's verdict may make this of the pair at all."""
    if relation in {"none", "add", "contradiction"}:
        return True
    new = pair.new
    unfit = not pair.same_subject or pair.late or new.past or new.hedged or new.once or new.unreal or new.asked
    if unfit or (relation != "scope_override" and new.scope and not pair.old.scope):
        return False
    near = pair.overlap >= NEAR
    return {
        "scope_override": bool(new.scope or new.conditional or new.purpose),
        "retract": near and (new.ended or pair.turned),
        "merge": near and not pair.turned and not pair.clash,
        "supersede": pair.same_attribute or bool(pair.clash) or (pair.turned and near),
    }[relation]


__all__ = ["Ruling", "admits", "judge", "paired"]
