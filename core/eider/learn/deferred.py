"""Learning that waits: what was said is kept at once, and a model that could not be asked is asked later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from eider.learn.exchange import Exchange, notice
from eider.learn.observe import learn_from, record_only, with_model
from eider.model.changes import ChangeSet, Committed
from eider.model.errors import ConfigError, EiderError, MissingExtraError, ModelError, ModelRefusedError
from eider.model.learned import Learned
from eider.model.requests_learning import Observe
from eider.model.values import GLOBAL
from eider.privacy.ingress import Channel
from eider.privacy.redact import redact_name
from eider.store.jobs import ATTEMPTS

if TYPE_CHECKING:
    from eider.store.engine import Engine
    from eider.store.job import Job

_REFUSED: Final = 2
"""Times a model may decline before an exchange is learned from by rule alone. A guess."""


def queue_learning(
    engine: Engine, request: Observe, exchange: Exchange, channel: Channel, error: EiderError
) -> Learned:
    """Keep what was said, and queue the learning; both or neither.

    The job comes first and waits for the writer's turn, which this holds: when it looks, what was said is there, or
    this process ended before anybody was told.
    """
    payload = {
        "episodes": [e.id for e in exchange.episodes], "reply": exchange.reply.id, "agent": channel.agent, "channel": channel.name,
        "max_trust": channel.max_trust, "scope": str(exchange.scope), "unsettled": exchange.unsettled, "fixed": exchange.fixed,
    }  # fmt: skip
    wait = getattr(error, "retry_after", None) or 0.0

    def plan() -> Learned:
        engine.jobs.queue("learn", user=request.user, payload=payload, after=wait)
        return record_only(
            engine, request, exchange, channel, f"recorded; what is lasting in it is learned later: {error}"
        )

    return engine.planned(plan)


def learn_queued(engine: Engine, job: Job) -> None:
    """Learn from an exchange that was recorded; by rule alone where a model keeps failing. Twice is once.

    Raises:
        ModelError: The model failed again; the job is tried again.
    """
    said = job.payload
    channel = Channel(name=said["channel"], max_trust=said["max_trust"], agent=said["agent"])
    key = _key(said["reply"])
    if _earlier_commit(engine, job.user, key, channel) is not None:
        return
    exchange = engine.planned(lambda: _exchange(engine, job))
    if exchange is None:
        return
    found = notice(exchange)
    request = Observe(user=job.user, user_reply="-", key=redact_name(key))
    try:
        thought = with_model(engine, exchange, found, channel, hurried=False)
    except (ModelError, MissingExtraError, ConfigError) as error:
        declined = isinstance(error, ModelRefusedError) and job.attempts + 1 >= _REFUSED
        if not declined and job.attempts + 1 < ATTEMPTS:
            raise
        thought = found

    def plan() -> None:
        if thought.drafts and _exchange(engine, job) is not None:  # it may have been forgotten meanwhile
            learn_from(engine, request, exchange, thought, channel)

    engine.planned(plan)


def with_outcome(engine: Engine, told: Learned, channel: Channel) -> Learned:
    """An exchange that was observed before, with what has become of its learning since."""
    reply = told.episodes[-1]
    done = _earlier_commit(engine, reply.user, _key(reply.id), channel)
    if done is not None:
        memories = tuple(m for m in done.memories if m.state != "inbox")
        return replace(told, memories=memories, inbox=tuple(m for m in done.memories if m.state == "inbox"))
    waiting = (job for job in engine.jobs.listed() if job.kind == "learn" and job.state in ("waiting", "running"))
    if any(job.payload["reply"] in {e.id for e in told.episodes} for job in waiting):
        return replace(
            told, status="queued", why="this exchange was observed before; what is lasting in it is learned later"
        )
    return told


def _key(reply: str) -> str:
    return f"learn:{reply}"


def _earlier_commit(engine: Engine, user: str, key: str, channel: Channel) -> Committed | None:
    asked = ChangeSet(user=user, op="observe", actor=channel.name, at=engine.now(), key=redact_name(key))
    return engine.store.commits.repeated(asked)


def _exchange(engine: Engine, job: Job) -> Exchange | None:
    """What was said, as recorded; None where it was forgotten, or never came to be recorded."""
    found = engine.store.reads.episodes(job.payload["episodes"], user=job.user)
    reply = next((e for e in found if e.id == job.payload["reply"]), None)
    if reply is None:
        return None
    agent = next((e for e in found if e.role == "agent"), None)
    said = job.payload
    return Exchange(
        episodes=(), reply=reply, agent=agent, context="", scope=said.get("scope") or GLOBAL,
        unsettled=bool(said.get("unsettled")), fixed=bool(said.get("fixed")),
    )  # fmt: skip
