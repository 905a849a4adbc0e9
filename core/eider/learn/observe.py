"""Observing: an exchange is recorded, what is lasting in the reply is read, and reconciled with what is known.

One commit holds the utterances and all that was learned from them. What reads and decides is pure and runs before it:
`notice` → `reconcile`; what a model says enters as data. Where nothing is noticed, recording is all
that happens; where a model was to be asked and cannot be, the learning is queued (`eider.learn.deferred`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from eider.learn.exchange import Exchange, Thought, exchange_of, notice
from eider.learn.plan import plan_decisions
from eider.learn.reconcile import reconcile
from eider.learn.scopes import asked_scope, queue_when_due
from eider.model.changes import ChangeSet, Committed
from eider.model.errors import MissingExtraError, ModelError
from eider.model.learned import Decision, Draft, Learned
from eider.model.reading_faults import faults_counted
from eider.model.requests_learning import Observe
from eider.model.values import GLOBAL, TRUST, Memory
from eider.privacy.ingress import Channel, Clean
from eider.records.scope_registry import to_register
from eider.retrieve.nearest import nearest_memories
from eider.store.engine import Engine

_CANDIDATES: Final = 24
"""Rules and preferences that words of taking back are held against, besides what is nearest. A guess."""

_ANSWERED: Final = 3
"""Memories that the agent's words may rest on, which a reply corrects. A guess."""


def observe(engine: Engine, accepted: Clean[Observe]) -> Learned:
    """Record an exchange and learn from the user's reply."""
    request, channel = accepted.request, accepted.channel
    if (first := _earlier_answer(engine, request, channel)) is not None:
        return first
    exchange = exchange_of(engine, accepted)
    found = Thought()
    with faults_counted("lessons"):
        found = notice(exchange)
    return observe_exchange(engine, request, exchange, found, channel)


def observe_exchange(
    engine: Engine, request: Observe, exchange: Exchange, found: Thought, channel: Channel
) -> Learned:  # fmt: skip
    """Keep an exchange and what was noticed in it, with what the agent's model adds where its mode asks one."""
    try:
        thought = with_model(engine, exchange, found, channel)
    except (ModelError, MissingExtraError) as error:
        from eider.learn.deferred import queue_learning

        return queue_learning(engine, request, exchange, channel, error)
    return engine.planned(lambda: learn_from(engine, request, exchange, thought, channel))


def with_model(
    engine: Engine, exchange: Exchange, found: Thought, channel: Channel, *, hurried: bool = True
) -> Thought:  # fmt: skip
    """Return what was noticed, with what the agent's model adds where its mode asks one; nothing is written yet.

    Raises:
        ModelError: The model was to be asked and did not answer usably.
        MissingExtraError: What asks it is not installed.
        ConfigError: The agent's mode or model cannot be used.
    """
    if not asks_model(engine, exchange, channel):
        return found
    settings = engine.agents.of(channel.agent)
    from eider.learn.model_assist import PATIENCE, think

    def neighbours(draft: Draft) -> list[Memory]:
        return neighbours_of(engine, exchange.reply.user, draft, engine.now())

    seconds = PATIENCE if hurried else None
    shown, found = _in_asked_scope(engine, exchange, found, channel)
    thought = think(engine.agents.model(settings), settings.mode, shown, found, neighbours, seconds=seconds)
    return _in_asked_scope(engine, shown, thought, channel)[1]


def asks_model(engine: Engine, exchange: Exchange, channel: Channel) -> bool:
    """Whether the agent's mode lets its model look at an exchange: never at one that no person said."""
    return engine.agents.of(channel.agent).mode != "frugal" and TRUST[exchange.reply.origin] >= 1


def _in_asked_scope(engine: Engine, exchange: Exchange, thought: Thought, channel: Channel) -> tuple[Exchange, Thought]:
    """Where drafts apply, as a model says where that is open; one whose clause names a place stays there."""
    if not exchange.unsettled or not thought.drafts:
        return exchange, thought
    said, user = " ".join(d.text for d in thought.drafts), exchange.reply.user
    scope = asked_scope(engine, user, channel.agent, exchange.scope, context=exchange.context, statement=said)
    drafts = tuple(replace(d, scope=scope) if d.scope == exchange.scope else d for d in thought.drafts)
    return replace(exchange, scope=scope, unsettled=False), replace(thought, drafts=drafts)


# ---------------------------------------------------------------------- what is written


def learn_from(engine: Engine, request: Observe, exchange: Exchange, thought: Thought, channel: Channel) -> Learned:
    """Hold what was noticed against what is known, and write both with what was said."""
    user, now = request.user, engine.now()
    starts = min(exchange.reply.at, now)
    drafts = tuple(
        replace(d, valid_from=d.valid_from or starts) for d in _with_praised(engine, exchange, thought.drafts, now)
    )
    neighbours = [neighbours_of(engine, user, draft, now) for draft in drafts]
    decisions: tuple[Decision, ...] = ()
    with faults_counted("changes"):
        decisions = reconcile(drafts, neighbours, thought.verdicts, now=starts)
    known = {m.id: m for group in neighbours for m in group}
    plan = plan_decisions(engine, drafts, decisions, known, channel, user=user, now=now, said_at=exchange.reply.at)
    episodes = tuple(replace(e, recorded_at=now) for e in exchange.episodes if e.id not in exchange.kept)
    changes = replace(
        plan.changes(user, "observe", channel, decisions, thought.sources), episodes=episodes, key=request.key,
        indexing=engine.material.of((*episodes, *plan.added)),
        registers=to_register(engine, user, channel.agent, plan.added),
    )  # fmt: skip
    done = engine.commit(changes)
    queue_when_due(engine, user, channel.agent, done.memories)
    return answer_of(done, thought, decisions, why_of(thought, decisions))


def record_only(engine: Engine, request: Observe, exchange: Exchange, channel: Channel, why: str) -> Learned:
    """Write what was said alone; what is lasting in it is learned later."""
    now = engine.now()
    episodes = tuple(replace(e, recorded_at=now) for e in exchange.episodes if e.id not in exchange.kept)
    changes = ChangeSet(
        user=request.user, op="observe", actor=channel.name, at=now, episodes=episodes,
        indexing=engine.material.of(episodes), key=request.key,
    )  # fmt: skip
    return replace(answer_of(engine.commit(changes), Thought(), (), why), status="queued")


def neighbours_of(engine: Engine, user: str, draft: Draft, now: datetime) -> list[Memory]:
    """Return the memories that a draft is held against, nearest first: those of its scope, and for a narrower scope
    those that hold everywhere; what waits in the inbox as well; for words that take back also the rules and
    preferences that stand.
    """  # noqa: D205
    scopes = {draft.scope, GLOBAL}
    least = min(1, draft.trust)
    found = nearest_memories(engine, user, draft.text, now, scopes=scopes, least_trust=least, waiting=True)
    if draft.answered:
        about = nearest_memories(
            engine, user, draft.answered, now, scopes=scopes, least_trust=least, limit=_ANSWERED, waiting=True
        )
        found = list({m.id: m for m in (*found, *about)}.values())
    if draft.act == "revoke":
        standing = nearest_memories(
            engine,
            user,
            draft.text,
            now,
            scopes=scopes,
            least_trust=least,
            kinds=("rule", "preference"),
            limit=_CANDIDATES,
        )
        found = list({m.id: m for m in (*found, *standing)}.values())
    return found


def _with_praised(engine: Engine, exchange: Exchange, drafts: Sequence[Draft], now: datetime) -> tuple[Draft, ...]:
    """Praise finds what it is about: the rule or preference that the praised output followed."""
    found: list[Draft] = []
    for draft in drafts:
        if draft.act == "praise" and draft.target is None:
            about = f"{draft.text} {exchange.output[:500]}"
            kinds = ("rule", "preference")
            followed = nearest_memories(
                engine, exchange.reply.user, about, now, scopes={exchange.scope, GLOBAL}, kinds=kinds, limit=1
            )
            found.append(replace(draft, target=followed[0].id if followed else None))
        else:
            found.append(draft)
    return tuple(found)


# ---------------------------------------------------------------------- what is answered


def _earlier_answer(engine: Engine, request: Observe, channel: Channel) -> Learned | None:
    """What the same call came to the first time."""
    if request.key is None:
        return None
    asked = ChangeSet(user=request.user, op="observe", actor=channel.name, at=engine.now(), key=request.key)
    done = engine.store.commits.repeated(asked)
    return None if done is None else repeated_answer(engine, done, channel)


def repeated_answer(engine: Engine, done: Committed, channel: Channel) -> Learned:
    """Return what an exchange came to when it was observed the first time."""
    first = answer_of(done, Thought(), (), "this exchange was observed before; nothing was written")
    if done.memories or not done.episodes:
        return first
    from eider.learn.deferred import with_outcome

    return with_outcome(engine, first, channel)


def answer_of(done: Committed, thought: Thought, decisions: Sequence[Decision], why: str) -> Learned:
    """Return what a commit came to, for the caller."""
    asks = [m for m in done.memories if m.state == "inbox" or m.doubt is not None]
    return Learned(
        episodes=done.episodes, signals=thought.signals, decisions=tuple(decisions), why=why,
        memories=tuple(m for m in done.memories if m.state != "inbox"), inbox=tuple(asks),
    )  # fmt: skip


def why_of(thought: Thought, decisions: Sequence[Decision]) -> str:
    """Return in words what was noticed and what came of it."""
    if not thought.signals:
        return "nothing lasting was said"
    seen = ", ".join(dict.fromkeys(f"{s.kind} ({s.reason}, {s.confidence:.2f})" for s in thought.signals))
    done = "; ".join(f"{d.relation}: {d.reason}" for d in decisions) or "nothing new in it"
    return f"noticed {seen}. {done}"
