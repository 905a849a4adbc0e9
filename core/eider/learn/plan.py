"""From decisions to one planned write: new memories, closed and doubted ones, uses and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from eider.model.changes import ChangeSet
from eider.model.ids import new_id
from eider.model.learned import Decision, Draft
from eider.model.usage import use_of
from eider.model.values import TRUST, Doubt, Edge, Memory, Origin, Usage
from eider.privacy.ingress import Channel
from eider.privacy.redact import redact, redact_name
from eider.privacy.redaction_check import clean_memory, usages_detail
from eider.store.engine import Engine

_SUPERSEDING: Final = frozenset({"supersede", "merge"})
_CHANGING: Final = frozenset({"supersede", "retract"})
"""What is a doubt as long as nobody has said that the new words are to be kept."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """What decisions come to, before it is written."""

    now: datetime
    known: Mapping[str, Memory]
    memories: dict[str, Memory] = field(default_factory=dict[str, Memory])
    """Id → new version."""
    added: list[Memory] = field(default_factory=list[Memory])
    edges: list[Edge] = field(default_factory=list[Edge])
    uses: dict[str, Usage] = field(default_factory=dict[str, Usage])
    before: dict[str, Usage] = field(default_factory=dict[str, Usage])
    answers: dict[int, str] = field(default_factory=dict[int, str])
    """Draft → the memory that says it now."""

    def changes(
        self, user: str, op: str, channel: Channel, decisions: Sequence[Decision] = (), asked: Sequence[str] = ()
    ) -> ChangeSet:
        """Return the plan as a change of a user's memories, with what was decided and which models were asked."""
        why = ", ".join(
            dict.fromkeys(f"{d.relation} {d.target}: {d.reason}" if d.target else d.relation for d in decisions)
        )
        return ChangeSet(
            user=user, op=op, actor=channel.name, at=self.now, memories=tuple(self.memories.values()),
            reads={i: self.known[i].rev for i in (*self.memories, *self.uses) if i in self.known},
            edges=tuple(self.edges), usage=tuple(self.uses.values()),
            detail=usages_detail(self.before.values()) if self.before else {},
            reason=redact("; ".join((why, *(f"asked {source}" for source in asked)))),
        )  # fmt: skip

    def version(self, memory: Memory) -> Memory:
        """The memory as the plan leaves it so far."""
        return self.memories.get(memory.id) or replace(clean_memory(memory), recorded_at=self.now)


def plan_decisions(
    engine: Engine, drafts: Sequence[Draft], decisions: Sequence[Decision], known: Mapping[str, Memory], channel: Channel,
    *, user: str, now: datetime, said_at: datetime, given: Mapping[int, Memory] | None = None,
) -> Plan:  # fmt: skip
    """Turn decisions into new versions of memories.

    Args:
        engine: The open store.
        drafts: What was said.
        decisions: What each does; several may be about one draft.
        known: The memories that decisions name.
        channel: The channel it came through.
        user: Whose memory.
        now: When it is written.
        said_at: When it was said, where a draft does not say from when it holds.
        given: Draft → the new memory as its caller gave it.
    """
    plan = Plan(now=now, known=known)
    for place, draft in enumerate(drafts):
        own = [d for d in decisions if d.draft == place]
        if not own:
            continue
        restated = next((d for d in own if d.relation == "none"), None)
        if restated is not None:
            _add_use(engine, plan, place, draft, known.get(restated.target or ""), channel)
        elif all(d.relation == "retract" for d in own):
            for one in own:
                _close(plan, known[one.target or ""], None, min(draft.valid_from or plan.now, plan.now))
        else:
            targets = [(d, known[d.target]) for d in own if d.target is not None and d.target in known]
            if draft.act == "revoke" and not any(d.relation in {"retract", "doubt"} for d in own):
                draft = replace(draft, act="state")  # noqa: PLW2901 (it takes nothing back that is known: a statement)
            relations = {d.relation for d in own}
            waits = (
                draft.zone == "ask" or "contradiction" in relations or (draft.act == "revoke" and "doubt" in relations)
            )
            new = (given or {}).get(place) or _memory(plan, draft, channel, user=user, said_at=said_at)
            new = _with_targets(new, draft, targets, waits=waits)
            plan.answers[place] = new.id
            _add_memory(plan, new, targets, waits=waits)
    return plan


def _add_use(engine: Engine, plan: Plan, place: int, draft: Draft, old: Memory | None, channel: Channel) -> None:
    """A restatement by the user is a use, and its words are noted; by anybody else it changes nothing."""
    if old is None:
        return
    plan.answers[place] = old.id
    if TRUST[channel.max_trust] < TRUST["user"] or old.rev < 0:
        return
    if old.id not in plan.uses:
        known = engine.store.usage.get([old.id], user=old.user)
        plan.before[old.id], plan.uses[old.id] = use_of(old, known, plan.now)
    if draft.evidence and draft.act != "praise" and old.trust == draft.trust:
        version = plan.version(old)
        kept = "active" if draft.zone == "learn" and old.trust == TRUST["user"] else version.state
        plan.memories[old.id] = replace(version, said_again=(*version.said_again, draft.evidence[0]), state=kept)


def _add_memory(plan: Plan, new: Memory, targets: Sequence[tuple[Decision, Memory]], *, waits: bool) -> None:
    plan.memories[new.id] = new
    plan.added.append(new)
    for decision, old in targets:
        if decision.relation == "contradiction":
            plan.edges.append(Edge(source=new.id, target=old.id, kind="contradicts"))
        elif decision.relation == "doubt" and new.valid_from < old.valid_from:  # learned late: it was said before
            plan.memories[new.id] = replace(plan.memories[new.id], doubt=_doubt(decision, old))
        elif decision.relation == "doubt" or (decision.relation in _CHANGING and waits):
            if plan.version(old).superseded_by is None:
                plan.memories[old.id] = replace(plan.version(old), doubt=_doubt(decision, new))
        elif decision.relation in _SUPERSEDING and not waits and plan.version(old).superseded_by is None:
            _close(plan, old, new.id, max(new.valid_from, old.valid_from))
            plan.edges.append(Edge(source=new.id, target=old.id, kind="supersedes"))


def _with_targets(new: Memory, draft: Draft, targets: Sequence[tuple[Decision, Memory]], *, waits: bool) -> Memory:
    """The new memory with what it takes over from those it says too, and the end that a newer one sets."""
    merged = [] if waits else [old for d, old in targets if d.relation == "merge"]
    ends = [old.valid_from for d, old in targets if d.relation == "add"]  # learned late: until the newer one began
    if new.valid_to is not None:
        ends.append(new.valid_to)
    return replace(
        new, importance=max((draft.importance, *(m.importance for m in merged))), valid_to=min(ends, default=None),
        pinned=new.pinned or any(m.pinned for m in merged), state="inbox" if waits else "active",
        merged_from=tuple(m.id for m in merged),
        said_again=tuple(s for m in merged for s in (*m.evidence, *m.said_again)),
    )  # fmt: skip


def _close(plan: Plan, old: Memory, successor: str | None, at: datetime) -> None:
    plan.memories[old.id] = replace(
        plan.version(old), valid_to=max(at, old.valid_from), to_precision="instant", superseded_by=successor, doubt=None,
        state="active",
    )  # fmt: skip


def _doubt(decision: Decision, new: Memory) -> Doubt:
    return Doubt(
        by=new.id, since=new.valid_from, probability=decision.probability, relation=decision.likely or "replaces",
        runner_up=decision.runner_up,
    )  # fmt: skip


def _memory(plan: Plan, draft: Draft, channel: Channel, *, user: str, said_at: datetime) -> Memory:
    """A draft as a memory; its trust is recomputed over its evidence when it is committed."""
    origin: Origin = channel.origin("user")
    return Memory(
        id=new_id("mem_"), rev=0, kind=draft.kind, text=redact(draft.text), user=user, agent=channel.agent,
        scope=redact_name(draft.scope), origin=origin, trust=min(TRUST[origin], draft.trust),
        valid_from=draft.valid_from or min(said_at, plan.now), recorded_at=plan.now, importance=draft.importance,
        confidence=draft.confidence, evidence=draft.evidence, valid_to=draft.valid_to,
        from_precision=draft.from_precision, to_precision=draft.to_precision, act=draft.act, reach=draft.reach,
        answers=draft.answers, wording=redact(draft.wording),
    )  # fmt: skip
