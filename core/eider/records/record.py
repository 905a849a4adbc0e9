"""Keeping what is said: utterances verbatim, statements as said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from eider.model.changes import ChangeSet
from eider.model.clock import local_date, utc
from eider.model.errors import InputError
from eider.model.ids import new_id
from eider.model.requests import Record, RecordMany, Remember, RememberMany
from eider.model.usage import fresh, used
from eider.model.values import ORIGIN_OF_ROLE, TRUST, Episode, Memory, Origin, Usage
from eider.privacy.ingress import Channel, Clean, accept, clean, clean_row, user_name
from eider.privacy.redact import CleanText, redact, redact_name
from eider.store.engine import Engine

_AHEAD: Final = timedelta(days=3653)
"""Clocks of hosts are off by hours, sometimes by years; beyond that a time is a mistake. A guess."""
R = TypeVar("R", Record, Remember)
_BATCH: Final = 2_000
"""Utterances per transaction: their search material is made together and takes some 5 MB."""


def record(engine: Engine, accepted: Clean[Record]) -> Episode:
    """Keep one utterance."""
    request, channel = accepted.request, accepted.channel
    user_name(request.user)
    episode = episode_of(engine, request, channel)
    key = redact_name(request.key) if request.key is not None else None
    made = engine.material.episodes([episode])

    def plan() -> ChangeSet:
        now = engine.now()
        stamped = (replace(episode, recorded_at=now),)
        return ChangeSet(
            user=request.user, op="record", actor=channel.name, at=now, episodes=stamped, indexing=made, key=key
        )

    return engine.group_commit.commit(plan).episodes[0]


def record_many(engine: Engine, accepted: Clean[RecordMany]) -> list[Episode]:
    """Keep many utterances in batches; all are checked before the first is written."""
    request, channel = accepted.request, accepted.channel
    user = user_name(request.user)
    episodes = [episode_of(engine, _as(Record, item, user, i), channel) for i, item in enumerate(request.items)]
    kept: dict[int, Episode] = {}
    plain = [i for i, e in enumerate(episodes) if e.key is None]
    for start in range(0, len(plain), _BATCH):
        places = plain[start : start + _BATCH]
        batch = [episodes[i] for i in places]
        kept.update(zip(places, _keep_episodes(engine, batch, user, channel, _part(request.key, start)), strict=True))
    for i, episode in enumerate(episodes):
        if episode.key is not None:
            kept[i] = _keep_episodes(engine, [episode], user, channel, redact_name(episode.key))[0]
    return [kept[i] for i in range(len(episodes))]


def _part(key: str | None, start: int) -> CleanText | None:
    """The key of one transaction of a bulk write."""
    return None if key is None else redact_name(f"{key}:{start}")


def _keep_episodes(
    engine: Engine, episodes: Sequence[Episode], user: str, channel: Channel, key: CleanText | None
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


def episode_of(engine: Engine, request: Record, channel: Channel) -> Episode:
    """An utterance through the channel, not yet kept."""
    at, tz = engine.time.moment(request.at, request.tz)
    if at - engine.now() > _AHEAD:
        raise InputError(f"at={at.isoformat()!r} lies more than ten years ahead; pass the time it was said.")
    speakers = {"user": request.user, "agent": channel.agent, "other": "other"}
    given = {
        "text": request.text,
        "speaker": request.speaker or speakers[request.role],
        "session": request.session or local_date(at, tz).isoformat(),
    }
    fields, metadata = clean_row(given, request.metadata)
    return Episode(
        id=new_id("ep_"), text=fields["text"], user=request.user, speaker=fields["speaker"], role=request.role,
        session=fields["session"], seq=-1, at=at, tz=tz, recorded_at=engine.now(),
        origin=channel.origin(ORIGIN_OF_ROLE[request.role]), metadata=metadata,
        key=redact_name(request.key) if request.key is not None else None,
    )  # fmt: skip


def remember(engine: Engine, accepted: Clean[Remember]) -> Memory:
    """Keep one statement; saying what is already known strengthens it instead of adding it."""
    request, channel = accepted.request, accepted.channel
    return engine.planned(lambda: _remember(engine, request, channel))


def _remember(engine: Engine, request: Remember, channel: Channel) -> Memory:
    user_name(request.user)
    if (first := _said_before(engine, request, channel)) is not None:
        return first
    memory = _memory(engine, request, channel)
    twin = engine.store.statements.twin(memory) if memory.valid_to is None else None
    if twin is not None:
        return _restated(engine, twin, channel, memory.key)
    made = engine.material.memories([memory])
    changes = ChangeSet(
        user=request.user, op="remember", actor=channel.name, at=memory.recorded_at, memories=(memory,),
        indexing=made, key=memory.key and redact_name(memory.key),
    )  # fmt: skip
    return engine.commit(changes).memories[0]


def _said_before(engine: Engine, request: Remember, channel: Channel) -> Memory | None:
    """The answer of an earlier call with the same key, whether it added a memory or strengthened one."""
    if request.key is None:
        return None
    for op in ("remember", "restate"):
        asked = ChangeSet(user=request.user, op=op, actor=channel.name, at=engine.now(), key=redact_name(request.key))
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
        reads={twin.id: twin.rev}, key=key and redact_name(key), detail=usage_detail(usage),
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
    request, channel = accepted.request, accepted.channel
    user = user_name(request.user)
    items = [{"text": i} if isinstance(i, str) else i for i in request.items]
    requests = [_as(Remember, item, user, i) for i, item in enumerate(items)]
    if any(r.key is not None for r in requests):
        return [remember(engine, accept(r, channel, engine.now())) for r in requests]
    kept: list[Memory] = []
    for start in range(0, len(requests), _BATCH):
        batch = requests[start : start + _BATCH]
        key = _part(request.key, start)
        kept += engine.planned(lambda batch=batch, key=key: _remember_batch(engine, batch, user, channel, key))
    return kept


def _remember_batch(
    engine: Engine, requests: Sequence[Remember], user: str, channel: Channel, key: CleanText | None
) -> list[Memory]:
    asked = ChangeSet(user=user, op="remember", actor=channel.name, at=engine.now(), key=key)
    again = key is not None and engine.store.commits.repeated(asked) is not None
    answer: list[Memory] = []
    new: dict[str, Memory] = {}
    restated: dict[str, Memory] = {}
    memories = [_memory(engine, request, channel) for request in requests]
    identities = [engine.store.statements.identity(memory) for memory in memories]
    known = engine.store.statements.existing(identities)
    for request, memory, identity in zip(requests, memories, identities, strict=True):
        said = f"{identity} {memory.valid_to} {request.valid_from}"
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


def _memory(engine: Engine, request: Remember, channel: Channel) -> Memory:
    fields = clean({"text": request.text, "scope": request.scope, "agent": channel.agent})
    now = engine.now()
    start, from_precision = engine.time.bound(request.valid_from, None, "valid_from")
    end, to_precision = engine.time.bound(request.valid_to, None, "valid_to")
    start = now if start is None else start
    if end is not None and end <= start:
        raise InputError(
            f"valid_to={end.isoformat()!r} is not after valid_from={start.isoformat()!r}; give a later valid_to."
        )
    origin: Origin = channel.origin("user")
    return Memory(
        id=new_id("mem_"), rev=0, kind=request.kind, text=fields["text"], user=request.user, agent=fields["agent"],
        scope=fields["scope"], origin=origin, trust=TRUST[origin], valid_from=utc(start), recorded_at=now,
        importance=request.importance, valid_to=end, from_precision=from_precision, to_precision=to_precision,
        pinned=request.pinned, key=redact_name(request.key) if request.key is not None else None,
    )  # fmt: skip


def _as(kind: type[R], item: object, user: str, place: int) -> R:
    """One entry of a bulk call as a request; a fault names its place."""
    if not isinstance(item, kind | Mapping):
        raise InputError(f"items[{place}] is {type(item).__name__}; pass a mapping or a {kind.__name__}.")
    try:
        fields: dict[str, Any] = {"user": user, **item} if isinstance(item, Mapping) else {}
        request = item if isinstance(item, kind) else kind.of(fields)
    except TypeError as error:
        raise InputError(f"items[{place}]: {error}; use the fields of eider.model.requests.{kind.__name__}.") from None
    except InputError as error:
        raise InputError(f"items[{place}]: {error}") from error
    if request.user != user:
        raise InputError(f"items[{place}].user={request.user!r} differs from user={user!r}; write one user at a time.")
    return request
