"""Loops: what was recalled in an agent's turn is credited or blamed once it is known how the turn went.

A recall only notes; closing is one change, with an event, that moves stability and the user's balance and hands the
outcome to the online model of forgetting, where there is one. `reset_learned` takes all of that back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from eider.language.analysis import terms
from eider.learn import online_decay
from eider.learn.attribution import Line, attributed, even
from eider.model.changes import ChangeSet
from eider.model.errors import ConfigError, MissingExtraError, ModelError, RefusedError
from eider.model.ids import new_id
from eider.model.lexical_balance import ARMS, Balance, Candidate, taught
from eider.model.outcomes import Arm, Credit, LearnedState, Loop
from eider.model.requests_learning import CloseLoop, LearnedOf, OpenLoop, ResetLearned, SetOutcome
from eider.model.usage import fresh, judged, used
from eider.model.values import Episode, Memory, Usage
from eider.privacy.ingress import Channel, Clean, accept
from eider.privacy.redact import redact, redact_name
from eider.privacy.redaction_check import usages_detail
from eider.store.engine import Engine
from eider.store.jobs import Job, Progress

GIVEN_UP: Final = -0.15
"""Outcome of a loop that nobody judged: most such turns were fine, some made people leave. A guess."""
_READ: Final = 20_000
"""Characters of an answer that are looked at."""

Attribute = Callable[[str, Sequence[str]], Sequence[float]]
"""Answer and recalled texts → how much of each is in it, in [0, 1]; a model may stand behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One loop's outcome, line by line."""

    parts: Mapping[str, float]
    """Id → its part of the outcome, in [−1, 1]."""
    known: bool
    """Whether the answer told what was used."""


def open_loop(engine: Engine, accepted: Clean[OpenLoop]) -> Loop:
    """Begin a loop; recalls that name it are noted in it until it is closed."""
    request, channel = accepted.request, accepted.channel
    user = request.user
    now = engine.now()
    expires = now + timedelta(seconds=request.feedback_timeout)
    loop = Loop(id=new_id("loop_"), user=user, agent=request.agent or channel.agent, opened_at=now, expires_at=expires)
    engine.loops.save(loop)
    _sweep_later(engine, user)
    return loop


def set_outcome(engine: Engine, accepted: Clean[SetOutcome]) -> Loop:
    """Say how an open loop went; it may be said again until it is closed.

    Raises:
        UnknownIdError: There is no such loop of this user.
        RefusedError: It is closed.
    """
    request = accepted.request
    with engine.turn():
        loop = replace(_open(engine, request.id, request.user), outcome=float(request.outcome))
        engine.loops.save(loop)
    return loop


def close_loop(engine: Engine, accepted: Clean[CloseLoop], attribute: Attribute | None = None) -> Credit:
    """End a loop and give its outcome to what was recalled in it; closing again changes nothing.

    Args:
        engine: The open store.
        accepted: Which, how it went, and through which channel that is said.
        attribute: Tells what the answer made use of, in place of likeness; an eager agent's model, where none is given.

    Raises:
        UnknownIdError: There is no such loop of this user.
    """
    request, channel = accepted.request, accepted.channel
    user = request.user
    engine.loops.recalls.flush()
    loop = engine.loops.get(request.id, user)
    if loop.closed_at is not None:
        why = f"it was closed before, with an outcome of {_said(loop.outcome)}"
        return Credit(loop=loop, lexical_share=engine.shares.of(user), why=why)
    outcome = loop.outcome if request.outcome is None else float(request.outcome)
    texts = _texts(engine, loop) if outcome else {}
    attribute = attribute or _by_model(engine, channel.agent)
    found = _attributed(engine, texts, request.agent_output[:_READ], outcome or 0.0, attribute)
    return engine.planned(lambda: _closed(engine, loop.id, user, outcome, found, channel))


def _closed(engine: Engine, id_: str, user: str, outcome: float | None, found: _Judged, channel: Channel) -> Credit:
    now = engine.now()
    loop = replace(_open(engine, id_, user), outcome=outcome, closed_at=now)
    if not any(found.parts.values()):
        engine.loops.save(loop)
        return Credit(loop=loop, lexical_share=engine.shares.of(user), why=_why(outcome, 0, found))
    memories = {
        m.id: m
        for m in engine.store.reads.memories([i for i in found.parts if i.startswith("mem_")], user=user)
        if m.status(now) == "current" and found.parts[m.id]
    }
    known = engine.store.usage.get(list(memories), user=user)
    before = {i: known.get(i) or fresh(m) for i, m in memories.items()}
    after = [judged(before[i], now, found.parts[i], memories[i].importance) for i in memories]
    learned = _learned_by(engine, loop, found)
    why = _why(outcome, len(memories), found)
    detail: dict[str, Any] = {
        redact("loop"): redact_name(loop.id), **usages_detail(before.values()),
    }  # fmt: skip
    if learned:
        kept = engine.store.learned.documents(user=loop.user).get("balance")
        was = None if kept is None else {redact_name(name): kept.content[name] for name in ("share", "counts")}
        detail[redact("balance")] = was
    changes = ChangeSet(
        user=user, op="close_loop", actor=channel.name, at=now, reason=redact(why), usage=tuple(after),
        reads={i: m.rev for i, m in memories.items()}, loops=(loop,), learned=learned, unlearned=tuple(before.values()),
        detail=detail,
    )  # fmt: skip
    done = engine.commit(changes)
    online_decay.learn_later(engine, user, [(memories[i], before[i], found.parts[i]) for i in memories], now)
    return Credit(loop=loop, shares=dict(found.parts), lexical_share=engine.shares.of(user), event=done.event, why=why)


def _open(engine: Engine, id_: str, user: str) -> Loop:
    loop = engine.loops.get(id_, user)
    if loop.closed_at is not None:
        raise RefusedError(
            f"loop {id_!r} was closed at {loop.closed_at:%Y-%m-%d %H:%M} UTC with an outcome of {_said(loop.outcome)}; "
            "open another for the next turn."
        )
    return loop


def _texts(engine: Engine, loop: Loop) -> dict[str, str]:
    """What was recalled, as far as it is still there."""
    ids = list(dict.fromkeys(r.id for r in loop.recalled))
    episodes: list[Episode] = engine.store.reads.episodes([i for i in ids if i.startswith("ep_")], user=loop.user)
    memories: list[Memory] = engine.store.reads.memories([i for i in ids if i.startswith("mem_")], user=loop.user)
    found = {e.id: e.text for e in (*episodes, *memories) if e.text}
    return {i: found[i] for i in ids if i in found}


def _attributed(
    engine: Engine, texts: Mapping[str, str], answer: str, outcome: float, attribute: Attribute | None
) -> _Judged:
    """Each line's part of the outcome; being shown is not being used, so without an answer all share it evenly."""
    if not outcome or not texts:
        return _Judged(parts={}, known=bool(answer.strip()))
    lines = list(texts.values())
    if not answer.strip():
        return _Judged(parts=dict(zip(texts, (outcome * s for s in even(len(lines))), strict=True)), known=False)
    shares: list[float] | None = None
    if attribute is not None:
        with suppress(ModelError, MissingExtraError, ConfigError):  # likeness does where no model answers
            shares = [min(1.0, max(0.0, float(s))) for s in attribute(answer, lines)]
    if shares is None:
        vectors = engine.embedder.embed([answer, *lines], "document")
        read = [Line(frozenset(terms(t).tolist()), v) for t, v in zip((answer, *lines), vectors, strict=True)]
        shares = list(attributed(read[0], read[1:]))
    return _Judged(parts={i: round(outcome * s, 4) for i, s in zip(texts, shares, strict=True) if s}, known=True)


def _by_model(engine: Engine, agent: str) -> Attribute | None:
    """What an eager agent's model says the answer rests on."""
    settings = engine.agents.of(agent)
    if settings.mode != "eager":
        return None

    def asked(answer: str, lines: Sequence[str]) -> list[float]:
        from eider.providers.prompts import attribution

        said = "Which of the memories does the agent's answer rest on?"
        shares = [0.0] * len(lines)
        for one in engine.agents.model(settings).ask(attribution.prompt(said, answer, lines)).memories:
            if 1 <= one.memory <= len(lines):
                shares[one.memory - 1] = one.confidence
        return shares

    return asked


def _learned_by(engine: Engine, loop: Loop, found: _Judged) -> dict[str, Mapping[str, Any] | None]:
    """The balance after this loop; where nobody knows what was used, it stays as it is."""
    if not found.known or not loop.outcome:
        return {}
    kept = engine.store.learned.documents(user=loop.user).get("balance")
    balance = Balance.of(kept.content if kept else None)
    asks: dict[int, list[Candidate]] = {}
    for r in loop.recalled:
        if r.ask >= 0:
            part = abs(found.parts.get(r.id, 0.0) / loop.outcome)
            asks.setdefault(r.ask, []).append(Candidate(words=r.words, meaning=r.meaning, rest=r.rest, credit=part))
    after = taught(balance, list(asks.values()), loop.outcome)
    return {} if after == balance else {"balance": after.state()}


def _why(outcome: float | None, memories: int, found: _Judged) -> str:
    if outcome is None:
        return "closed without an outcome: nothing is credited or blamed"
    if not found.parts:
        return f"outcome {outcome:+.2f}: the answer made use of nothing that was recalled"
    if not outcome:
        return "outcome 0: neither credit nor blame"
    how = "by what the answer made use of" if found.known else "evenly, as no answer was given"
    return f"outcome {outcome:+.2f}: {memories} memories {'credited' if outcome > 0 else 'blamed'} {how}"


def _said(outcome: float | None) -> str:
    return "nothing" if outcome is None else f"{outcome:+.2f}"


# ---------------------------------------------------------------------- loops nobody judged


def _sweep_later(engine: Engine, user: str) -> None:
    """One job per user waits for the next loop to run out."""
    now = engine.now()
    due = engine.store.loops.next_expiry(user=user)
    if due is not None and not now < engine.loops.sweeps.get(user, now) <= due:  # a job waits for it already
        engine.jobs.queue("sweep_loops", user=user, after=max(0.0, (due - now).total_seconds()))
        engine.loops.sweeps[user] = due


def sweep(engine: Engine, job: Job, progress: Progress) -> None:
    """Close what nobody judged in time: as it was judged, else as slightly negative."""
    engine.loops.sweeps.pop(job.user, None)
    late = engine.store.loops.expired(user=job.user, now=engine.now())
    for done, id_ in enumerate(late):
        loop = engine.loops.get(id_, job.user)
        outcome = GIVEN_UP if loop.outcome is None else loop.outcome
        request = CloseLoop(user=job.user, id=id_, outcome=outcome)
        close_loop(engine, accept(request, Channel(name="jobs"), engine.now()))
        progress(done + 1, len(late))
    _sweep_later(engine, job.user)


# ---------------------------------------------------------------------- what was learned


def learned(engine: Engine, accepted: Clean[LearnedOf]) -> LearnedState:
    """All that outcomes have taught about a user."""
    request = accepted.request
    user = request.user
    share = engine.shares.of(user)
    if not engine.store.learned.available:
        return LearnedState(user=user, version=0, lexical_share=share, arms=_arms(Balance()), decay={}, touched=0,
                            open_loops=0, closed_loops=0)  # fmt: skip
    kept = engine.store.learned.documents(user=user)
    touched = len(engine.store.learned.usage_before(user=user))
    still, closed = engine.store.loops.counts(user=user)
    balance = Balance.of(kept["balance"].content if "balance" in kept else None)
    return LearnedState(
        user=user, version=max((k.version for k in kept.values()), default=0), lexical_share=share,
        arms=_arms(balance), decay=online_decay.weights(kept), touched=touched, open_loops=still, closed_loops=closed,
        changed_at=max((k.changed_at for k in kept.values()), default=None),
    )  # fmt: skip


def _arms(balance: Balance) -> tuple[Arm, ...]:
    return tuple(Arm(share=a, successes=s, failures=f) for a, (s, f) in zip(ARMS, balance.counts, strict=True))


def reset_learned(engine: Engine, accepted: Clean[ResetLearned]) -> LearnedState:
    """Take back all that outcomes have taught: the balance, the online model, and every stability they changed.

    What a person strengthened since stays strengthened.
    """
    request, channel = accepted.request, accepted.channel
    user = request.user

    def plan() -> None:
        kept, before = engine.store.learned.documents(user=user), engine.store.learned.usage_before(user=user)
        if not kept and not before:
            return
        there = {m.id: m for m in engine.store.reads.memories(list(before), user=user) if m.state != "erased"}
        known = engine.store.usage.get(list(there), user=user)
        usage = tuple(_without_outcomes(engine, user, before[i], known.get(i)) for i in there)
        engine.commit(ChangeSet(
            user=user, op="reset_learned", actor=channel.name, at=engine.now(), usage=usage,
            reads={i: m.rev for i, m in there.items()}, learned=dict.fromkeys(kept or ("balance",)), unlearned=None,
        ))  # fmt: skip

    engine.planned(plan)
    return learned(engine, accept(LearnedOf(user=user), channel, engine.now()))


def _without_outcomes(engine: Engine, user: str, before: Usage, now: Usage | None) -> Usage:
    """Usage as it would be had no loop touched it: from before the first, with the other uses since."""
    usage = before
    for event in reversed(engine.store.events.newest(user=user, ids=[before.id], limit=1_000)):
        payload: Mapping[str, Any] = engine.store.events.payload(event.seq, user=user) or {}
        of = (payload.get("detail") or {}).get("id")
        if of == before.id and event.op != "undo" and event.at > _began(engine, user, before.id):
            usage = used(usage, event.at)
    return usage if now is None else replace(usage, shown=now.shown)


def _began(engine: Engine, user: str, id_: str) -> datetime:
    """When the first loop since the last reset touched a memory."""
    touched = engine.store.events.newest(user=user, ids=[id_], limit=1_000)
    resets = [e.seq for e in touched if e.op == "reset_learned"]
    return min(e.at for e in touched if e.op == "close_loop" and e.seq > max(resets, default=0))
