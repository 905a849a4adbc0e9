"""What a draft does to the memories near it: stand beside, fold, replace, end, raise a doubt, or wait for a person.

Pure and deterministic. The pair model (`eider.understand.pairs`) reads each pair; what is known besides the words
(scope, trust, time, the act of the reply) bounds what may come of it; a model's verdict settles what is in doubt.
Nothing here writes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from eider.model.learned import PLAIN, Decision, Draft, Relation, Verdict
from eider.model.values import GLOBAL, Memory
from eider.understand.pair_reading import read
from eider.understand.pairs import PairVerdict, Revocation, compare, compare_all, revoked

SURE_ENOUGH: Final = 0.6
"""Confidence from which a model's verdict counts. A guess."""
_OPEN: Final = ("current", "inbox")
_OBEYED: Final = frozenset({"rule", "preference"})
_SERIES: Final = 2
"""So many memories that a statement would replace, and that do not say the same, are a series and no slot."""
_RIVAL: Final = 0.9
"""Share of the likeliest change's probability from which another memory may be meant as well. A guess."""
_STRANGERS: Final = 2
"""Memories that share no word with a draft and are held against it all the same: those nearest in meaning. A guess."""
_RESTS: Final = 0.6
"""Share of a statement's words, numbers and names aside, that the agent's words hold when they rest on it. A guess."""
_CLOSING: Final = frozenset({"supersede", "retract"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A draft, one memory near it, and what is to be done with the two."""

    memory: Memory
    relation: Relation
    verdict: PairVerdict
    reason: str


def reconcile(
    drafts: Sequence[Draft], neighbours: Sequence[Sequence[Memory]], verdicts: Sequence[Verdict] = (), *, now: datetime
) -> tuple[Decision, ...]:
    """Decide what becomes of each draft and of the memories near it.

    Args:
        drafts: What might be kept, in the order it was said.
        neighbours: `neighbours[i]` are memories near `drafts[i]`, of one user; those that do not hold are passed over.
        verdicts: What a model said of drafts and memories.
        now: When the drafts were said.

    Returns:
        At least one decision per draft, in their order: what it does to single memories, or "add" where it stands by
        itself. "none" means that nothing new is kept of it.
    """
    decided: list[Decision] = []
    said: set[tuple[str, str]] = set()
    for place, draft in enumerate(drafts):
        same = (comparable(draft.text), draft.scope)
        if same in said:
            decided.append(Decision(draft=place, relation="none", reason="it was said twice"))
            continue
        said.add(same)
        near = [m for m in neighbours[place] if m.status(now) in _OPEN] if place < len(neighbours) else []
        decided += _decide(place, draft, near, [v for v in verdicts if v.draft == place], now)
    return tuple(decided)


def comparable(text: str) -> str:
    """Return the text as it is compared: composed, lower case, single blanks, no full stop at its end."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".!。")


def _decide(
    place: int, draft: Draft, near: Sequence[Memory], verdicts: Sequence[Verdict], now: datetime
) -> list[Decision]:
    if draft.act == "praise" and draft.target is not None:
        reason = "praise strengthens what it is about"
        return [Decision(draft=place, relation="none", target=draft.target, reason=reason)]
    if draft.act == "revoke" and (taken := _taken_back(place, draft, near)):
        return taken
    if draft.target is not None:
        near = [memory for memory in near if memory.id == draft.target] or near
    # the pair model is asked about all that share a word with the draft, and the nearest without one
    sharing = [
        m for m in near if _share_word(draft.text, m.text) or (draft.answered and _share_word(draft.answered, m.text))
    ]
    others = [m for m in near if m not in sharing]
    near = sorted([*sharing, *others[:_STRANGERS]], key=near.index)
    found_verdicts = compare_all([m.text for m in near], draft.text)
    pairs = [
        _limit(draft, now, _read_pair(draft, memory, _in_order(draft, memory, verdict), verdicts))
        for memory, verdict in zip(near, found_verdicts, strict=True)
    ]
    pairs = _likeliest(_without_series(pairs))
    twins = [p for p in pairs if p.relation == "none"]
    if twins:
        best = max(
            twins,
            key=lambda p: (
                comparable(p.memory.text) == comparable(draft.text), p.memory.scope == draft.scope,
                p.memory.kind == draft.kind, _same(p.verdict), p.memory.id,
            ),
        )  # fmt: skip
        return [_decision(place, best)]
    acting = [p for p in pairs if p.relation != "add" or p.reason == LATE]
    merges = sorted((p for p in acting if p.relation == "merge"), key=lambda p: -_same(p.verdict))
    acting = [p for p in acting if p.relation != "merge" or p is merges[0]]
    found = [_decision(place, p) for p in acting]
    if not any(d.relation == "add" for d in found):
        found.insert(0, Decision(draft=place, relation="add", reason=_why_added(pairs)))
    return found


LATE: Final = "it was said before what is known began"


def _in_order(draft: Draft, memory: Memory, verdict: PairVerdict) -> PairVerdict:
    """The verdict about the two as they were said: what is learned late came first."""
    late = draft.valid_from is not None and draft.valid_from < memory.valid_from
    return compare(draft.text, memory.text) if late else verdict


def _read_pair(draft: Draft, memory: Memory, verdict: PairVerdict, verdicts: Sequence[Verdict]) -> _Pair:
    """One pair as the pair model reads it, or as a model settles it where the pair model is in doubt."""
    if comparable(memory.text) == comparable(draft.text):
        return _Pair(memory=memory, relation="none", verdict=verdict, reason="it says the same")
    relation: Relation = "add"
    chances, second = verdict.probabilities, verdict.runner_up
    reason = (
        f"it {PLAIN[verdict.relation]} ({chances[verdict.relation]:.0%}), or it {PLAIN[second]} ({chances[second]:.0%})"
    )
    if verdict.decision == "close":
        relation = "supersede"
    elif verdict.decision == "doubt" and (verdict.relation != "unrelated" or _share_word(draft.text, memory.text)):
        relation = "doubt"
    elif verdict.decision == "fold":
        more = verdict.probabilities["more"] > verdict.probabilities["same"]
        relation = "merge" if more else "none"
    if relation == "add" and draft.answered and _rests_on(draft.answered, memory.text):
        relation, reason = "doubt", "it answers words that rest on this"
    said = [v for v in verdicts if v.memory == memory.id and v.confidence >= SURE_ENOUGH]
    if said and (relation == "doubt" or draft.target == memory.id):
        best = max(said, key=lambda v: (v.confidence, v.relation))
        relation, reason = best.relation, f"{best.reason} ({best.source})"
    elif relation == "doubt" and draft.target == memory.id:
        relation, reason = "supersede", "it corrects this memory"
    return _Pair(memory=memory, relation=relation, verdict=verdict, reason=reason)


def _share_word(one: str, other: str) -> bool:
    stems = [{word.stem for word in read(text).content} for text in (one, other)]
    return bool(stems[0] & stems[1])


def _rests_on(words: str, statement: str) -> bool:
    """Whether words of the agent say what a statement does, its values aside: they hold most of its other words."""
    known = {word.stem for word in read(words).content}
    plain = {word.stem for word in read(statement).content if not word.is_value}
    return bool(plain) and len(plain & known) >= _RESTS * len(plain)


def _limit(draft: Draft, now: datetime, pair: _Pair) -> _Pair:
    """What may come of a pair, given scope, time, trust and kind."""
    for bound in (_by_scope, _by_time, _by_trust, _by_kind):
        if pair.relation == "add":
            break
        pair = bound(draft, now, pair)
    return pair


def _by_scope(draft: Draft, _now: datetime, pair: _Pair) -> _Pair:
    memory = pair.memory
    covered = pair.relation == "none" and memory.scope == GLOBAL and memory.trust >= draft.trust
    if memory.scope == draft.scope or covered:
        return pair
    return replace(pair, relation="add", reason=f"the other holds in {memory.scope}")


def _by_time(draft: Draft, now: datetime, pair: _Pair) -> _Pair:
    if draft.valid_to is not None and draft.valid_to <= now:
        return replace(pair, relation="add", reason="it speaks of the past")
    late = draft.valid_from is not None and draft.valid_from < pair.memory.valid_from
    if late and pair.relation in _CLOSING:
        return replace(pair, relation="add", reason=LATE)
    return replace(pair, relation="none") if late and pair.relation == "merge" else pair


def _by_trust(draft: Draft, _now: datetime, pair: _Pair) -> _Pair:
    memory, relation = pair.memory, pair.relation
    if memory.trust < draft.trust and relation in {"none", "merge"}:
        return replace(pair, relation="supersede", reason="it is said by somebody of more trust now")
    if memory.trust <= draft.trust or relation == "none":
        return pair
    if relation in _CLOSING or relation == "contradiction":
        why = "what is known was said by somebody of more trust; a person decides"
        return replace(pair, relation="contradiction", reason=why)
    if relation == "doubt" and draft.valid_from is not None and draft.valid_from < memory.valid_from:
        return pair  # learned late: it is the new one that is in doubt
    return replace(pair, relation="add", reason="kept beside what is known for sure")


def _by_kind(draft: Draft, _now: datetime, pair: _Pair) -> _Pair:
    """What is to be obeyed and what is known do not fold, and raise no doubt about each other."""
    memory = pair.memory
    alike = (memory.kind in _OBEYED) == (draft.kind in _OBEYED) or comparable(memory.text) == comparable(draft.text)
    # a correction is of one kind with what it corrects
    alike = alike or (pair.relation == "doubt" and _rests_on(draft.answered, memory.text))
    if alike or pair.relation not in {"none", "merge", "doubt"}:
        return pair
    return replace(pair, relation="add", reason=f"a {draft.kind} beside a {memory.kind}")


def _without_series(pairs: list[_Pair]) -> list[_Pair]:
    """Leave a series alone: many memories that one statement would replace hold side by side already."""
    changed = [p for p in pairs if p.relation in _CLOSING or p.relation == "doubt"]
    if len(changed) < _SERIES:
        return pairs
    first, *others = changed
    told = compare_all([p.memory.text for p in others], first.memory.text)
    if not all(verdict.decision == "close" for verdict in told):
        return pairs
    return [
        replace(p, relation="add", reason="several of the kind hold side by side") if p in changed else p for p in pairs
    ]


def _likeliest(pairs: list[_Pair]) -> list[_Pair]:
    """Doubt only what a statement most likely changes: it is about one thing, and what is known already changes nothing."""
    changed = [p for p in pairs if p.relation in _CLOSING or p.relation == "doubt"]
    ids = {p.memory.id for p in changed}
    # what is doubted for another of these is not what changes now: going back changes what came after it
    latest = [p for p in changed if p.memory.doubt is None or p.memory.doubt.by not in ids]
    least = _RIVAL * max((p.verdict.change for p in latest), default=0.0)
    says_known = any(p.relation in {"none", "merge"} for p in pairs)
    return [
        replace(p, relation="add", reason="another memory is meant")
        if p.relation == "doubt" and (says_known or p.verdict.change < least)
        else p
        for p in pairs
    ]


def _taken_back(place: int, draft: Draft, near: Sequence[Memory]) -> list[Decision]:
    """The memory that words take back, or the candidates to ask about; empty where they take nothing back."""
    able = [m for m in near if m.trust <= draft.trust]
    meant: Revocation = revoked(draft.text, [m.text for m in able])
    if meant.outcome == "none":
        return []
    chosen = [(able[i], meant.probabilities[i]) for i in meant.memories]
    first, chance = chosen[0]
    if meant.outcome == "ends" and draft.zone == "learn" and (first.scope == draft.scope or draft.reach != "project"):
        return [
            Decision(
                draft=place, relation="retract", target=first.id, reason=f"it is taken back ({chance:.0%})",
                probability=chance, likely="ends",
            )
        ]  # fmt: skip
    return [
        Decision(
            draft=place, relation="doubt", target=m.id, reason="it may be taken back", probability=p, likely="ends"
        )
        for m, p in chosen
    ]


def _decision(place: int, pair: _Pair) -> Decision:
    verdict = pair.verdict
    chance = _same(verdict) if pair.relation in {"none", "merge"} else verdict.change
    return Decision(
        draft=place, relation=pair.relation, target=pair.memory.id, reason=pair.reason, probability=round(chance, 4),
        likely=verdict.relation, runner_up=verdict.runner_up,
    )  # fmt: skip


def _same(verdict: PairVerdict) -> float:
    return verdict.probabilities["same"] + verdict.probabilities["more"]


def _why_added(pairs: Sequence[_Pair]) -> str:
    if not pairs:
        return "nothing like it is known"
    nearest = max(pairs, key=lambda p: (p.verdict.change + _same(p.verdict), p.memory.id))
    return nearest.reason if nearest.relation == "add" else "it is new"
