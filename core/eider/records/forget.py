"""Forget and undo: erasing for real, and taking a change back."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from eider.model.answers import Receipt
from eider.model.backup_paths import backups
from eider.model.changes import Erasure
from eider.model.errors import UnknownIdError
from eider.model.requests import Forget, ForgetUser
from eider.model.values import Memory
from eider.privacy.evidence import quoted_ids
from eider.privacy.ingress import Channel, Clean
from eider.records.revise import sealed
from eider.store.engine import Engine

_CHECKED_TEXTS: Final = 50
"""Texts looked for afterwards; each costs a scan of the store."""
_OUTSIDE: Final = (
    "exports made earlier, and backups that were moved elsewhere",
    "published snapshots made earlier",
    "file-system snapshots and the disk's own spare blocks",
)


def forget(engine: Engine, accepted: Clean[Forget]) -> Receipt:
    """Erase a memory or an episode with all that derives from it."""
    request, channel = accepted.request, accepted.channel
    start = time.perf_counter()

    def erased() -> tuple[Erasure, list[str], Mapping[str, int]]:
        of_episode = request.id.startswith("ep_")
        erasure = (
            _episode_closure(engine, request, channel) if of_episode else _memory_closure(engine, request, channel)
        )
        texts = _texts(engine, erasure)
        return erasure, texts, engine.erase(erasure)

    erasure, texts, counts = engine.planned(erased)
    return _receipt(engine, erasure, counts, texts, wait=request.wait, start=start)


def _memory_closure(engine: Engine, request: Forget, channel: Channel) -> Erasure:
    """A memory, what it was merged from or into, and (unless kept) the utterances it quotes."""
    user = request.user
    everything = {m.id: m for m in engine.store.reads.memories(None, user=user)}
    if request.id not in everything or everything[request.id].state == "erased":
        raise UnknownIdError("memory or episode", request.id, user)
    named = _with_inputs(request.id, everything)
    quoted: set[str] = set()
    if not request.keep_evidence:
        said = quoted_ids(v for i in named for v in engine.store.reads.versions(i, user=user))
        quoted = {e.id for e in engine.store.reads.episodes(sorted(said), user=user)}
    return _closed(engine, channel, user, everything, named, frozenset(quoted))


def _episode_closure(engine: Engine, request: Forget, channel: Channel) -> Erasure:
    """An utterance, and the memories that rest on nothing else."""
    user = request.user
    if not engine.store.reads.episodes([request.id], user=user):
        raise UnknownIdError("memory or episode", request.id, user)
    everything = {m.id: m for m in engine.store.reads.memories(None, user=user)}
    return _closed(engine, channel, user, everything, set(), frozenset({request.id}))


def _with_inputs(id: str, memories: Mapping[str, Memory]) -> set[str]:  # noqa: A002 (the word users know)
    """A memory and all it was merged from: they say parts of the same."""
    found, left = {id}, [id]
    while left:
        inputs = [i for i in memories[left.pop()].merged_from if i in memories and i not in found]
        found.update(inputs)
        left += inputs
    return {i for i in found if memories[i].state != "erased"}


def _with_merges(ids: set[str], memories: Iterable[Memory]) -> set[str]:
    """These memories and every merge that took one of them in."""
    found = set(ids)
    known = list(memories)
    while grown := {m.id for m in known if m.id not in found and found & set(m.merged_from)}:
        found |= grown
    return found


def _closed(
    engine: Engine,
    channel: Channel,
    user: str,
    everything: dict[str, Memory],
    named: set[str],
    episodes: frozenset[str],
) -> Erasure:
    """The erasure, with new versions of what stays: less the erased evidence, and split out of erased merges."""
    now = engine.now()
    alone = {m.id for m in everything.values() if m.evidence and {s.episode for s in m.evidence} <= episodes}
    gone = _with_merges(named | alone, everything.values())
    kept = [
        version
        for memory in everything.values()
        if memory.id not in gone and memory.state != "erased"
        if (version := _less(engine, memory, everything, gone, episodes, now)) is not None
    ]
    reads = {i: everything[i].rev for i in (*gone, *(m.id for m in kept))}
    return Erasure(
        user=user,
        actor=channel.name,
        at=now,
        episodes=episodes,
        memories=frozenset(gone),
        trimmed=tuple(kept),
        reads=reads,
    )


def _less(
    engine: Engine,
    memory: Memory,
    everything: Mapping[str, Memory],
    gone: set[str],
    episodes: frozenset[str],
    now: datetime,
) -> Memory | None:
    """What stays of a memory that an erasure touches; None when it touches nothing of it.

    What went into an erased merge holds again, as before it; unless the merge had itself been closed.
    """
    left = tuple(s for s in memory.evidence if s.episode not in episodes)
    top = memory
    while (merge := everything.get(top.superseded_by or "")) and merge.id in gone and top.id in merge.merged_from:
        top = merge
    freed = top is not memory and top.status(now) == "current"
    again = tuple(s for s in memory.said_again if s.episode not in episodes)
    answers = None if memory.answers is not None and memory.answers.episode in episodes else memory.answers
    doubt = None if memory.doubt is not None and memory.doubt.by in gone else memory.doubt
    same = (left, again, answers, doubt) == (memory.evidence, memory.said_again, memory.answers, memory.doubt)
    if same and not freed:
        return None
    version = replace(sealed(memory), recorded_at=now, evidence=left, said_again=again, answers=answers, doubt=doubt)
    if not freed:
        return version
    before = [v for v in engine.store.reads.versions(memory.id, user=memory.user) if v.superseded_by is None]
    to, precision = (before[-1].valid_to, before[-1].to_precision) if before else (None, memory.to_precision)
    return replace(version, superseded_by=None, valid_to=to, to_precision=precision)


def forget_again(engine: Engine, user: str, ids: Collection[str] | None, channel: Channel) -> Mapping[str, int]:
    """Erase from an older copy of a store what was forgotten since, with all that rests on it there.

    Args:
        engine: The copy.
        user: Whose rows they are.
        ids: Episodes and memories that were forgotten; None is all of the user.
        channel: Who asks.
    """

    def erased() -> Mapping[str, int]:
        if ids is None:
            return _user_erased(engine, user, channel)[2]
        everything = {m.id: m for m in engine.store.reads.memories(None, user=user)}
        named = {i for i in ids if i in everything and everything[i].state != "erased"}
        episodes = frozenset(i for i in ids if i not in everything)
        return engine.erase(_closed(engine, channel, user, everything, named, episodes))

    return engine.planned(erased)


def forget_user(engine: Engine, accepted: Clean[ForgetUser]) -> Receipt:
    """Erase all of a user; forgetting a stranger erases nothing and says so."""
    request, channel = accepted.request, accepted.channel
    start = time.perf_counter()
    erasure, texts, counts = engine.planned(lambda: _user_erased(engine, request.user, channel))
    return _receipt(engine, erasure, counts, texts, wait=request.wait, start=start)


def _user_erased(engine: Engine, user: str, channel: Channel) -> tuple[Erasure, list[str], Mapping[str, int]]:
    episodes = frozenset(i for i in engine.store.segments.rows(user=user).ids if i.startswith("ep_"))
    memories = frozenset(m.id for m in engine.store.reads.memories(None, user=user))
    erasure = Erasure(
        user=user, actor=channel.name, at=engine.now(), episodes=episodes, memories=memories, everything=True
    )
    texts = _texts(engine, erasure)
    return erasure, texts, engine.erase(erasure)


def _texts(engine: Engine, erasure: Erasure) -> list[str]:
    """What the checks afterwards look for; held in memory only."""
    said = engine.store.reads.episodes(sorted(erasure.episodes)[:_CHECKED_TEXTS], user=erasure.user)
    kept = engine.store.reads.memories(sorted(erasure.memories)[:_CHECKED_TEXTS], user=erasure.user)
    return list(dict.fromkeys(i.text for i in (*said, *kept) if i.text))[:_CHECKED_TEXTS]


def _receipt(
    engine: Engine, erasure: Erasure, counts: Mapping[str, int], texts: list[str], *, wait: bool, start: float
) -> Receipt:  # fmt: skip
    ids = tuple(sorted(erasure.episodes | erasure.memories))
    checks = {"structure": not engine.store.erasure_checks.tables_with(ids)}
    said = {text: engine.store.erasure_checks.still_saying([text], user=erasure.user) for text in texts}
    if wait:
        engine.scrub()
        gone = [text for text, where in said.items() if not where]
        checks["logic"] = not engine.store.erasure_checks.columns_saying(gone, user=erasure.user)
    else:
        engine.scrub_later()
    return Receipt(
        ids=ids, at=erasure.at, erased=dict(counts), kept=tuple(dict.fromkeys((*(m.id for m in erasure.trimmed), *(i for where in said.values() for i in where)))),
        physical="done" if wait else "queued", checks=checks, outside=(*_backups(engine), *_OUTSIDE), seconds=time.perf_counter() - start,
    )  # fmt: skip


def _backups(engine: Engine) -> list[str]:
    """Backups that were made before and may hold what was forgotten, until rotation takes them."""
    folder = engine.store.place.folder
    found = [] if folder is None else backups(folder)
    return [f"backup {str(path)!r} (eider backup prune --before-forget removes what still holds it)" for path in found]
