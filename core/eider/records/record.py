"""Keeping what is said: utterances verbatim, statements as said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

from eider.model.changes import ChangeSet
from eider.model.ids import new_id
from eider.model.requests import Record, RecordMany, Remember
from eider.model.values import Episode
from eider.privacy.ingress import Channel, Clean
from eider.privacy.redact import redact_name
from eider.store.engine import Engine

_AHEAD: Final = timedelta(days=3653)
"""Clocks of hosts are off by hours, sometimes by years; beyond that a time is a mistake. A guess."""
R = TypeVar("R", Record, Remember)
BATCH: Final = 2_000
"""Utterances per transaction: their search material is made together and takes some 5 MB."""


def record(engine: Engine, accepted: Clean[Record]) -> Episode:
    """Keep one utterance."""
    episode = episode_of(accepted)
    made = engine.material.of([episode])

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
    for start in range(0, len(plain), BATCH):
        places = plain[start : start + BATCH]
        batch = [episodes[i] for i in places]
        done = _keep_episodes(engine, batch, request.user, channel, part_key(request.key, start))
        kept.update(zip(places, done, strict=True))
    keyed = [i for i, e in enumerate(episodes) if e.key is not None]
    for start in range(0, len(keyed), BATCH):
        places = keyed[start : start + BATCH]
        kept.update(zip(places, _keep_keyed(engine, [episodes[i] for i in places], channel), strict=True))
    return [kept[i] for i in range(len(episodes))]


def _keep_keyed(engine: Engine, episodes: Sequence[Episode], channel: Channel) -> list[Episode]:
    """Keep utterances that have keys of their own: each with its event, all in one transaction."""
    made = engine.material.of(episodes)

    def plan(episode: Episode) -> ChangeSet:
        now = engine.now()
        return ChangeSet(
            user=episode.user, op="record", actor=channel.name, at=now, episodes=(replace(episode, recorded_at=now),),
            indexing={episode.id: made[episode.id]}, key=episode.key,
        )  # fmt: skip

    return [done.episodes[0] for done in engine.commit_additions([partial(plan, one) for one in episodes])]


def part_key(key: str | None, start: int) -> str | None:
    """The key of one transaction of a bulk write."""
    return None if key is None else redact_name(f"{key}:{start}")


def _keep_episodes(
    engine: Engine, episodes: Sequence[Episode], user: str, channel: Channel, key: str | None
) -> tuple[Episode, ...]:
    if not episodes:
        return ()
    made = engine.material.of(episodes)

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
        session=said.session or "", seq=-1, at=accepted.times["at"][0], tz=accepted.tz,
        recorded_at=accepted.now, origin=accepted.origin, metadata=said.metadata or {}, key=said.key,
    )  # fmt: skip
