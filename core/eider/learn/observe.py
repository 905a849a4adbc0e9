"""Observing: an exchange is recorded, what is lasting in the reply is noticed, and reconciled with what is known.

One commit holds the utterances and all that was learned from them. Everything that thinks is pure and runs before it:
`detect` → `derive` → `reconcile`; what a model says enters as data. Where nothing is noticed, recording is all that
happens; where a model was to be asked and cannot be, the learning is queued (`eider.learn.deferred`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from eider.learn.scopes import asked_scope, when_due
from eider.model.changes import ChangeSet, Committed
from eider.model.errors import MissingExtraError, ModelError
from eider.model.ids import new_id
from eider.model.learned import Decision, Draft, Learned, Signal, Verdict
from eider.model.requests import Record
from eider.model.requests_learning import AddRules, Observe
from eider.model.usage import fresh, used
from eider.model.values import TRUST, Edge, Episode, Memory, Span, Usage
from eider.privacy.ingress import Channel, Clean, clean
from eider.privacy.redact import redact, redact_name
from eider.records.record import episode_of, usage_detail
from eider.records.revise import sealed
from eider.records.scope_registry import scope_for, to_register
from eider.retrieve.nearest import near
from eider.store.engine import Engine

_USER: Final = TRUST["user"]
_READ: Final = 20_000
"""Characters of the agent's output that a reply is read against: its beginning says what it proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was said, ready to be kept, and what it is about."""

    episodes: tuple[Episode, ...]
    reply: Episode
    """The user's reply, or its first part; the last thing said."""
    output: str
    """The agent's words the reply answers."""
    context: str
    scope: str
    known: tuple[str, ...] = ()
    unsettled: bool = False
    """A model may still be asked where it applies."""
    kept: frozenset[str] = frozenset()
    """Ids of utterances that a host had recorded already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What was noticed in an exchange, before it is held against what is known."""

    signals: tuple[Signal, ...] = ()
    drafts: tuple[Draft, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    sources: tuple[str, ...] = ()
    """Models and versions of prompts that had a part in it."""


def observe(engine: Engine, accepted: Clean[Observe]) -> Learned:
    """Record an exchange and learn from the user's reply."""
    request, channel = accepted.request, accepted.channel
    if (first := _before(engine, request, channel)) is not None:
        return first
    exchange = exchange_of(engine, accepted, accepted.records)
    try:
        thought = prepared(engine, exchange, thought_of(exchange), channel)
    except (ModelError, MissingExtraError) as error:
        from eider.learn.deferred import queued

        return queued(engine, request, exchange, channel, error)
    return engine.planned(lambda: kept(engine, request, exchange, thought, channel))


def add_rules(engine: Engine, accepted: Clean[AddRules]) -> list[Memory]:
    """Keep explicit instructions as rules, without detection; each is held against what is known."""
    from eider.understand.drafts import derive  # loads the language data of learning

    request, channel = accepted.request, accepted.channel
    given: list[Memory] = []
    for said in _standing(engine, accepted):
        exchange = exchange_of(engine, accepted, (said,))
        whole = Signal(kind="directive", start=0, end=len(exchange.reply.text), confidence=1.0, reason="told outright")
        drafts = derive([whole], exchange.reply, scope=exchange.scope)
        thought = Thought(signals=(whole,), drafts=drafts or (_as_said(exchange, whole),))
        done = engine.planned(lambda e=exchange, t=thought: kept(engine, request, e, t, channel))
        given += [m for m in done.memories if m.status(engine.now()) == "current"] or list(done.inbox)
    return given


def _standing(engine: Engine, accepted: Clean[AddRules]) -> Sequence[Clean[Record]]:
    """In eager mode those that do not merely hedge; what was said outright is kept where no model can be asked."""
    settings = engine.agents.of(accepted.channel.agent)
    if settings.mode != "eager" or TRUST[accepted.channel.max_trust] < 1:
        return accepted.records
    from eider.learn.model_assist import standing

    try:
        firm = set(standing(engine.agents.model(settings), [one.request.text for one in accepted.records]))
    except (ModelError, MissingExtraError):
        return accepted.records
    return [one for one in accepted.records if one.request.text in firm]


def thought_of(exchange: Exchange) -> Thought:
    """What the reply holds that lasts, by rule; a reply of low origin proposes nothing."""
    if TRUST[exchange.reply.origin] < 1:
        return Thought()
    from eider.understand.drafts import derive  # loads the language data of learning
    from eider.understand.signals import detect

    signals = detect(exchange.reply.text, exchange.output[:_READ])
    if not signals:
        return Thought()
    drafts = derive(signals, exchange.reply, about=exchange.output[:_READ], scope=exchange.scope, known=exchange.known)
    return Thought(signals=signals, drafts=drafts)


def prepared(
    engine: Engine, exchange: Exchange, found: Thought, channel: Channel, *, hurried: bool = True
) -> Thought:  # fmt: skip
    """What was noticed, with what the agent's model adds where its mode asks one; nothing is written yet.

    Raises:
        ModelError: The model was to be asked and did not answer usably.
        MissingExtraError: What asks it is not installed.
        ConfigError: The agent's mode or model cannot be used.
    """
    settings = engine.agents.of(channel.agent)
    if settings.mode == "frugal" or TRUST[exchange.reply.origin] < 1:
        return found
    from eider.learn.model_assist import PATIENCE, think

    def neighbours(text: str, scope: str) -> list[Memory]:
        return near(engine, exchange.reply.user, text, scope=scope)

    seconds = PATIENCE if hurried else None
    shown, found = _settled(engine, exchange, found, channel)
    thought = think(engine.agents.model(settings), settings.mode, shown, found, neighbours, seconds=seconds)
    return _settled(engine, shown, thought, channel)[1]


def _settled(engine: Engine, exchange: Exchange, thought: Thought, channel: Channel) -> tuple[Exchange, Thought]:
    """Where drafts apply, as a model says where that is open; one whose clause names a place stays there."""
    if not exchange.unsettled or not thought.drafts:
        return exchange, thought
    said, user = " ".join(d.text for d in thought.drafts), exchange.reply.user
    scope = asked_scope(engine, user, channel.agent, exchange.scope, context=exchange.context, statement=said)
    drafts = tuple(replace(d, scope=scope) if d.scope == exchange.scope else d for d in thought.drafts)
    return replace(exchange, scope=scope, unsettled=False), replace(thought, drafts=drafts)


# ---------------------------------------------------------------------- what was said


def exchange_of(
    engine: Engine, accepted: Clean[Observe] | Clean[AddRules], records: Sequence[Clean[Record]]
) -> Exchange:  # fmt: skip
    """Return what was said, as utterances: those that a host had recorded already under the same keys are taken as they are."""
    request, agent = accepted.request, accepted.channel.agent
    made = [episode_of(one) for one in records]
    linked = [_linked(engine, episode, accepted.channel) for episode in made]
    outputs = [e for e, one in zip(linked, records, strict=True) if one.request.role == "agent"]
    reply = next(e for e, one in zip(linked, records, strict=True) if one.request.role == "user")
    context, known = (request.context or "", request.known) if isinstance(request, Observe) else ("", ())
    scope, unsettled = scope_for(
        engine, request.user, agent, explicit=request.scope, context=context, statement=reply.text
    )  # fmt: skip
    return Exchange(
        episodes=tuple(linked), reply=reply, output=outputs[0].text if outputs else "", context=context,
        scope=redact_name(scope), unsettled=unsettled, known=tuple(known),
        kept=frozenset(e.id for e in linked) - {e.id for e in made},
    )  # fmt: skip


def _before(engine: Engine, request: Observe, channel: Channel) -> Learned | None:
    """What the same call came to the first time."""
    if request.key is None:
        return None
    asked = ChangeSet(user=request.user, op="observe", actor=channel.name, at=engine.now(), key=request.key)
    done = engine.store.commits.repeated(asked)
    if done is None:
        return None
    told = _told(done, Thought(), (), "this exchange was observed before; nothing was written")
    if done.memories or not done.episodes:
        return told
    from eider.learn.deferred import since

    return since(engine, told, channel)


# ---------------------------------------------------------------------- what is kept


def kept(
    engine: Engine, request: Observe | AddRules, exchange: Exchange, thought: Thought, channel: Channel
) -> Learned:
    """Hold what was noticed against what is known, and write both with what was said."""
    from eider.understand.reconcile import reconcile  # loads the language data of learning
    from eider.understand.trust_rule import permitted

    drafts = _addressed(engine, exchange, thought.drafts)
    neighbours = [near(engine, request.user, d.text, scope=d.scope) for d in drafts]
    decided = reconcile(drafts, neighbours, thought.verdicts, now=min(exchange.reply.at, engine.now()))
    decisions = permitted(decided, neighbours, TRUST[exchange.reply.origin])
    now = engine.now()
    episodes = tuple(replace(e, recorded_at=now) for e in exchange.episodes if e.id not in exchange.kept)
    changes = _planned(engine, request, episodes, drafts, decisions, neighbours, channel, exchange.reply.at)
    changes = replace(changes, reason=redact(_reason(decisions, thought)))
    done = engine.commit(changes)
    when_due(engine, request.user, channel.agent, done.memories)
    return _told(done, thought, decisions, _why(thought, decisions))


def recorded(engine: Engine, request: Observe | AddRules, exchange: Exchange, channel: Channel, why: str) -> Learned:
    """Write what was said alone; what is lasting in it is learned later."""
    now = engine.now()
    episodes = tuple(replace(e, recorded_at=now) for e in exchange.episodes if e.id not in exchange.kept)
    changes = _planned(engine, request, episodes, (), (), (), channel, exchange.reply.at)
    return replace(_told(engine.commit(changes), Thought(), (), why), status="queued")


def _linked(engine: Engine, episode: Episode, channel: Channel) -> Episode:
    """The utterance as a host recorded it already under the same key, else itself."""
    if episode.key is None:
        return episode
    asked = ChangeSet(user=episode.user, op="record", actor=channel.name, at=engine.now(), key=episode.key)
    done = engine.store.commits.repeated(asked)
    return done.episodes[0] if done is not None and done.episodes else episode


def _addressed(engine: Engine, exchange: Exchange, drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Praise finds what it is about: the rule or preference that the praised output followed."""
    found: list[Draft] = []
    for draft in drafts:
        if draft.signal != "praise" or draft.target is not None:
            found.append(draft)
            continue
        about = near(engine, exchange.reply.user, f"{draft.text} {exchange.output[:500]}", scope=exchange.scope)
        followed = next((m for m in about if m.kind in ("rule", "preference")), None)
        if followed is not None:
            found.append(replace(draft, target=followed.id))
    return tuple(found)


def _planned(
    engine: Engine, request: Observe | AddRules, episodes: tuple[Episode, ...], drafts: Sequence[Draft],
    decisions: Sequence[Decision], neighbours: Sequence[Sequence[Memory]], channel: Channel, said_at: datetime,
) -> ChangeSet:  # fmt: skip
    now = engine.now()
    known = {m.id: m for group in neighbours for m in group}
    memories: dict[str, Memory] = {}
    usage: dict[str, Usage] = {}
    edges: list[Edge] = []
    added: list[Memory] = []
    for decision in decisions:
        draft = drafts[decision.draft]
        old = known.get(decision.target or draft.target or "")
        if old is not None and (old.id in memories or old.rev < 0):
            continue  # one exchange changes a memory once
        if decision.relation == "none":
            if old is not None and TRUST[channel.max_trust] >= _USER:
                usage[old.id] = used(engine.store.usage.get([old.id], user=old.user).get(old.id) or fresh(old), now)
            continue
        if decision.relation == "retract":
            if old is not None:
                memories[old.id] = replace(
                    sealed(old), recorded_at=now, valid_to=max(now, old.valid_from), to_precision="instant"
                )
            continue
        new = _memory(
            request, decision, replace(draft, valid_from=draft.valid_from or min(said_at, now)), old, channel, now
        )
        added.append(new)
        memories[new.id] = new
        if old is not None and decision.relation in ("supersede", "merge"):
            ends = max(new.valid_from, old.valid_from)
            memories[old.id] = replace(
                sealed(old), recorded_at=now, valid_to=ends, to_precision="instant", superseded_by=new.id
            )
            edges.append(Edge(source=new.id, target=old.id, kind="supersedes"))
        elif old is not None and decision.relation == "contradiction":
            edges.append(Edge(source=new.id, target=old.id, kind="contradicts"))
    first = next(iter(usage.values()), None)
    return ChangeSet(
        user=request.user, op="observe", actor=channel.name, at=now, episodes=episodes, memories=tuple(memories.values()),
        reads={m: known[m].rev for m in (*memories, *usage) if m in known}, usage=(first,) if first else (), edges=tuple(edges),
        indexing=engine.material.episodes(episodes) | engine.material.memories(added),
        key=_key(request), registers=to_register(engine, request.user, channel.agent, added),
        detail=usage_detail(_was(engine, first, known)) if first else {},
    )  # fmt: skip


def _key(request: Observe | AddRules) -> str | None:
    return request.key if isinstance(request, Observe) else None


def _was(engine: Engine, usage: Usage, known: dict[str, Memory]) -> Usage:
    return engine.store.usage.get([usage.id], user=known[usage.id].user).get(usage.id) or fresh(known[usage.id])


def _memory(
    request: Observe | AddRules, decision: Decision, draft: Draft, old: Memory | None, channel: Channel, now: datetime
) -> Memory:
    """A draft as a memory; its trust is recomputed over its evidence when it is committed."""
    fields = clean(
        {"text": decision.text, "scope": draft.scope, "agent": channel.agent, "subject": draft.subject or "-"}
    )
    origin = channel.origin("user")
    merged = old is not None and decision.relation == "merge"
    ends = draft.valid_to
    if old is not None and decision.relation == "add":  # learned late: it held until the newer one began
        ends = min(ends or old.valid_from, old.valid_from)
    return Memory(
        id=new_id("mem_"), rev=0, kind=draft.kind, text=fields["text"], user=request.user, agent=fields["agent"],
        scope=fields["scope"], origin=origin, trust=min(TRUST[origin], old.trust) if merged and old else TRUST[origin],
        valid_from=draft.valid_from or now, recorded_at=now, subject=fields["subject"] if draft.subject else redact(""),
        entities=tuple(redact(e) for e in draft.entities), importance=max(draft.importance, old.importance if merged and old else 1),
        confidence=draft.confidence, evidence=(*draft.evidence, *(old.evidence if merged and old else ())),
        valid_to=ends, from_precision=draft.from_precision, to_precision=draft.to_precision,
        pinned=bool(merged and old and old.pinned), state="inbox" if decision.relation == "contradiction" else "active",
        merged_from=(old.id,) if merged and old else (),
    )  # fmt: skip


def _as_said(exchange: Exchange, signal: Signal) -> Draft:
    """A rule that no pattern could put into better words."""
    span = Span(episode=exchange.reply.id, start=signal.start, end=signal.end)
    return Draft(
        kind="rule",
        text=" ".join(exchange.reply.text.split()),
        signal="directive",
        evidence=(span,),
        scope=exchange.scope,
    )


# ---------------------------------------------------------------------- what is told


def _told(done: Committed, thought: Thought, decisions: Sequence[Decision], why: str) -> Learned:
    return Learned(
        episodes=done.episodes, signals=thought.signals, decisions=tuple(decisions), why=why,
        memories=tuple(m for m in done.memories if m.state != "inbox"), inbox=tuple(m for m in done.memories if m.state == "inbox"),
    )  # fmt: skip


def _why(thought: Thought, decisions: Sequence[Decision]) -> str:
    if not thought.signals:
        return "nothing lasting was said"
    seen = ", ".join(dict.fromkeys(f"{s.kind} ({s.reason})" for s in thought.signals))
    done = "; ".join(f"{d.relation}: {d.reason}" for d in decisions) or "nothing new in it"
    return f"noticed {seen}. {done}"


def _reason(decisions: Sequence[Decision], thought: Thought) -> str:
    """Kept with the event: what was decided, and which model and prompts had a part in it."""
    done = ", ".join(dict.fromkeys(d.relation for d in decisions))
    return "; ".join((done, *(f"asked {source}" for source in thought.sources)))
