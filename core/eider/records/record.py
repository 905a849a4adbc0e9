"""Keeping what is said: utterances verbatim, statements as said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeVar

from eider.model.changes import ChangeSet
from eider.model.errors import InputError
from eider.model.ids import new_id
from eider.model.requests import Record, RecordMany, Remember, RememberMany
from eider.model.usage import fresh, used
from eider.model.values import TRUST, Episode, Memory, Usage
from eider.privacy.ingress import Channel, Clean
from eider.privacy.redact import redact, redact_name
from eider.store.engine import Engine

_AHEAD: Final = timedelta(days=3653)
"""Clocks of hosts are off by hours, sometimes by years; beyond that a time is a mistake. A guess."""
R = TypeVar("R", Record, Remember)
_BATCH: Final = 2_000
"""Utterances per transaction: their search material is made together and takes some 5 MB."""


def record(engine: Engine, accepted: Clean[Record]) -> Episode:
    """Keep one utterance."""
    episode = episode_of(accepted)
    made = engine.material.episodes([episode])

    def plan() -> ChangeSet:
        now = engine.now()
        stamped = (replace(episode, recorded_at=now),)
        return ChangeSet(
            user=episode.user, op="record", actor=accepted.channel.name, at=now, episodes=stamped, indexing=made,
            key=episode.key,
        )  # fmt: skip

    return engine.group_commit.commit(plan).episodes[0]


def record_many(engine: Engine, accepted: Clean[RecordMany]) -> list[Episode]:
    """Keep many utterances in batches; all are checked before the first is written."""
    request, channel = accepted.request, accepted.channel
    episodes = [episode_of(one) for one in accepted.records]
    kept: dict[int, Episode] = {}
    plain = [i for i, e in enumerate(episodes) if e.key is None]
    for start in range(0, len(plain), _BATCH):
        places = plain[start : start + _BATCH]
        batch = [episodes[i] for i in places]
        done = _keep_episodes(engine, batch, request.user, channel, _part(request.key, start))
        kept.update(zip(places, done, strict=True))
    for i, episode in enumerate(episodes):
        if episode.key is not None:
            kept[i] = _keep_episodes(engine, [episode], request.user, channel, episode.key)[0]
    return [kept[i] for i in range(len(episodes))]


def _part(key: str | None, start: int) -> str | None:
    """The key of one transaction of a bulk write."""
    return None if key is None else redact_name(f"{key}:{start}")


def _keep_episodes(
    engine: Engine, episodes: Sequence[Episode], user: str, channel: Channel, key: str | None
) -> tuple[Episode, ...]:
    if not episodes:
        return ()
    made = engine.material.episodes(episodes)

    def plan() -> tuple[Episode, ...]:
        now = engine.now()
        stamped = tuple(replace(e, recorded_at=now) for e in episodes)
        changes = ChangeSet(
            user=user, op="record", actor=channel.name, at=now, episodes=stamped, indexing=made, key=key
        )
        return engine.commit(changes).episodes

    return engine.planned(plan)


def episode_of(accepted: Clean[Record]) -> Episode:
    """Return the utterance of a request, not yet kept."""
    said = accepted.request
    return Episode(
        id=new_id("ep_"), text=said.text, user=said.user, speaker=said.speaker or "", role=said.role,
        session=said.session or "", seq=-1, at=accepted.time("at") or accepted.now, tz=accepted.tz,
        recorded_at=accepted.now, origin=accepted.origin, metadata=said.metadata or {}, key=said.key,
    )  # fmt: skip


def remember(engine: Engine, accepted: Clean[Remember]) -> Memory:
    """Keep one statement; saying what is already known strengthens it instead of adding it."""
    return engine.planned(lambda: _remember(engine, accepted))


def _remember(engine: Engine, accepted: Clean[Remember]) -> Memory:
    request, channel = accepted.request, accepted.channel
    if (first := _said_before(engine, request, channel)) is not None:
        return first
    memory = _memory(engine, accepted)
    twin = engine.store.statements.twin(memory) if memory.valid_to is None else None
    if twin is not None:
        return _restated(engine, twin, channel, memory.key)
    made = engine.material.memories([memory])
    changes = ChangeSet(
        user=request.user, op="remember", actor=channel.name, at=memory.recorded_at, memories=(memory,),
        indexing=made, key=memory.key,
    )  # fmt: skip
    return engine.commit(changes).memories[0]


def _said_before(engine: Engine, request: Remember, channel: Channel) -> Memory | None:
    """The answer of an earlier call with the same key, whether it added a memory or strengthened one."""
    if request.key is None:
        return None
    for op in ("remember", "restate"):
        asked = ChangeSet(user=request.user, op=op, actor=channel.name, at=engine.now(), key=request.key)
        done = engine.store.commits.repeated(asked)
        if done is not None and done.memories:
            return done.memories[0]
    return None


def _restated(engine: Engine, twin: Memory, channel: Channel, key: str | None) -> Memory:
    """A restatement by the user is a use; by anybody else it changes nothing."""
    if TRUST[channel.max_trust] < TRUST["user"]:
        return twin
    usage = engine.store.usage.get([twin.id], user=twin.user).get(twin.id) or fresh(twin)
    changes = ChangeSet(
        user=twin.user, op="restate", actor=channel.name, at=engine.now(), usage=(used(usage, engine.now()),),
        reads={twin.id: twin.rev}, key=key, detail=usage_detail(usage),
    )  # fmt: skip
    engine.commit(changes)
    return twin


def usage_detail(before: Usage) -> Mapping[str, float | int | str]:
    """What undo needs to give a memory its former usage back."""
    return {
        redact("id"): redact_name(before.id),
        redact("stability"): before.stability,
        redact("last_used"): redact_name(before.last_used.isoformat()),
        redact("uses"): before.uses,
    }


def remember_many(engine: Engine, accepted: Clean[RememberMany]) -> list[Memory]:
    """Keep many statements; new ones in one transaction each batch, known ones strengthened."""
    said = accepted.statements
    if any(one.request.key is not None for one in said):
        return [remember(engine, one) for one in said]
    kept: list[Memory] = []
    for start in range(0, len(said), _BATCH):
        batch, key = said[start : start + _BATCH], _part(accepted.request.key, start)
        kept += engine.planned(lambda batch=batch, key=key: _remember_batch(engine, accepted, batch, key))
    return kept


def _remember_batch(
    engine: Engine, whole: Clean[RememberMany], batch: Sequence[Clean[Remember]], key: str | None
) -> list[Memory]:
    user, channel = whole.request.user, whole.channel
    asked = ChangeSet(user=user, op="remember", actor=channel.name, at=engine.now(), key=key)
    again = key is not None and engine.store.commits.repeated(asked) is not None
    answer: list[Memory] = []
    new: dict[str, Memory] = {}
    restated: dict[str, Memory] = {}
    memories = [_memory(engine, one) for one in batch]
    identities = [engine.store.statements.identity(memory) for memory in memories]
    known = engine.store.statements.existing(identities)
    for one, memory, identity in zip(batch, memories, identities, strict=True):
        said = f"{identity} {memory.valid_to} {one.request.valid_from}"
        twin = new.get(said)
        if twin is None and memory.valid_to is None and identity in known:
            twin = engine.store.statements.twin(memory)
            if twin is not None and not again:
                restated[twin.id] = twin
        answer.append(twin or new.setdefault(said, memory))
    if new:
        made = engine.material.memories(list(new.values()))
        changes = ChangeSet(
            user=user, op="remember", actor=channel.name, at=engine.now(), memories=tuple(new.values()), indexing=made,
            key=None if again else key,
        )  # fmt: skip
        stored = {m.id: m for m in engine.commit(changes).memories}
        answer = [stored.get(m.id, m) for m in answer]
    for twin in restated.values():
        _restated(engine, twin, channel, None)
    return answer


def _memory(engine: Engine, accepted: Clean[Remember]) -> Memory:
    said, now = accepted.request, engine.now()
    start, from_precision = accepted.times.get("valid_from", (now, "instant"))
    end, to_precision = accepted.times.get("valid_to", (None, "instant"))
    if end is not None and end <= start:
        raise InputError(
            f"valid_to={end.isoformat()!r} is not after valid_from={start.isoformat()!r}; give a later valid_to."
        )
    return Memory(
        id=new_id("mem_"), rev=0, kind=said.kind, text=said.text, user=said.user, agent=accepted.channel.agent,
        scope=said.scope, origin=accepted.origin, trust=TRUST[accepted.origin], valid_from=start, recorded_at=now,
        importance=said.importance, valid_to=end, from_precision=from_precision, to_precision=to_precision,
        pinned=said.pinned, key=said.key,
    )  # fmt: skip
