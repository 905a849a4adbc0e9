"""What was said, ready to be kept: the agent's words and the user's reply."""

from __future__ import annotations

from dataclasses import dataclass

from eider.model.changes import ChangeSet
from eider.model.requests_learning import Observe
from eider.model.values import Episode
from eider.privacy.ingress import Channel, Clean
from eider.privacy.redact import redact_name
from eider.records.record import episode_of
from eider.records.scope_registry import scope_for
from eider.store.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was said, and what it is about."""

    episodes: tuple[Episode, ...]
    reply: Episode
    """The user's reply, or its first part; the last thing said."""
    agent: Episode | None
    """The agent's words that the reply answers."""
    context: str
    scope: str
    """Where the work is; what is said of the person or of all work holds everywhere."""
    fixed: bool = False
    """The caller named the scope, so all that is learned belongs there."""
    known: tuple[str, ...] = ()
    unsettled: bool = False
    """A model may still be asked where it applies."""
    kept: frozenset[str] = frozenset()
    """Ids of utterances that a host had recorded already."""

    @property
    def output(self) -> str:
        """The agent's words, empty where there are none."""
        return "" if self.agent is None else self.agent.text


def exchange_of(engine: Engine, accepted: Clean[Observe]) -> Exchange:
    """Return what was said, as utterances: those that a host had recorded already under the same keys are taken as they are."""
    request, records = accepted.request, accepted.records
    made = [episode_of(one) for one in records]
    linked = [_linked(engine, episode, accepted.channel) for episode in made]
    outputs = [e for e, one in zip(linked, records, strict=True) if one.request.role == "agent"]
    reply = next(e for e, one in zip(linked, records, strict=True) if one.request.role == "user")
    where = request.scope if request.scope is not None else request.ambient_scope
    scope, unsettled = scope_for(
        engine, request.user, accepted.channel.agent, explicit=where, context=request.context or "", statement=reply.text
    )  # fmt: skip
    return Exchange(
        episodes=tuple(linked), reply=reply, agent=outputs[0] if outputs else None, context=request.context or "",
        scope=redact_name(scope), fixed=request.scope is not None, unsettled=unsettled, known=tuple(request.known),
        kept=frozenset(e.id for e in linked) - {e.id for e in made},
    )  # fmt: skip


def _linked(engine: Engine, episode: Episode, channel: Channel) -> Episode:
    """The utterance as a host recorded it already under the same key, else itself."""
    if episode.key is None:
        return episode
    asked = ChangeSet(user=episode.user, op="record", actor=channel.name, at=engine.now(), key=episode.key)
    done = engine.store.commits.repeated(asked)
    return done.episodes[0] if done is not None and done.episodes else episode
