"""Forget and undo: erasing for real, and taking a change back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from eider.answers import Receipt
from eider.changes import Erasure
from eider.door import Door
from eider.engine import Engine
from eider.errors import UnknownIdError
from eider.revise import sealed
from eider.storage import erase
from eider.values import Memory, Span
from eider.verbs import Forget, ForgetUser

_CHECKED_TEXTS: Final = 50
"""Texts looked for afterwards; each costs a scan of the store."""
_OUTSIDE: Final = (
    "exports and backups made earlier",
    "published snapshots made earlier",
    "file-system snapshots and the disk's own spare blocks",
)


def forget(engine: Engine, request: Forget, door: Door) -> Receipt:
    """Erase a memory or an episode with all that derives from it."""
    start = time.perf_counter()

    def erased() -> tuple[Erasure, list[str], Mapping[str, int]]:
        of_episode = request.id.startswith("ep_")
        erasure = _episode_closure(engine, request, door) if of_episode else _memory_closure(engine, request, door)
        texts = _texts(engine, erasure)
        return erasure, texts, engine.erase(erasure)

    erasure, texts, counts = engine.planned(erased)
    return _receipt(engine, erasure, counts, texts, wait=request.wait, start=start)


def _memory_closure(engine: Engine, request: Forget, door: Door) -> Erasure:
    """A memory, what was merged from it, and (unless kept) the utterances it quotes."""
    user = request.user
    everything = {m.id: m for m in engine.store.memories(None, user=user)}
    if request.id not in everything or everything[request.id].state == "erased":
        raise UnknownIdError("memory or episode", request.id, user)
    gone = _with_merges({request.id}, everything.values())
    quoted = {s.episode for i in gone for m in engine.store.versions(i, user=user) for s in m.evidence}
    episodes = frozenset() if request.keep_evidence else frozenset(quoted)
    return _closed(engine, door, user, everything, gone, episodes)


def _episode_closure(engine: Engine, request: Forget, door: Door) -> Erasure:
    """An utterance, and the memories that rest on nothing else."""
    user = request.user
    if not engine.store.episodes([request.id], user=user):
        raise UnknownIdError("memory or episode", request.id, user)
    everything = {m.id: m for m in engine.store.memories(None, user=user)}
    alone = {m.id for m in everything.values() if m.evidence and {s.episode for s in m.evidence} == {request.id}}
    gone = _with_merges(alone, everything.values())
    return _closed(engine, door, user, everything, gone, frozenset({request.id}))


def _with_merges(ids: set[str], memories: Iterable[Memory]) -> set[str]:
    """These memories and every merge that took one of them in."""
    found = set(ids)
    known = list(memories)
    while grown := {m.id for m in known if m.id not in found and found & set(m.merged_from)}:
        found |= grown
    return found


def _closed(
    engine: Engine, door: Door, user: str, everything: dict[str, Memory], gone: set[str], episodes: frozenset[str]
) -> Erasure:
    """The erasure, with new versions of what stays: less the erased evidence, and split out of erased merges."""
    now = engine.now()
    freed = {i for g in gone for i in everything[g].merged_from if i not in gone and i in everything}
    kept: list[Memory] = []
    for memory in everything.values():
        if memory.id in gone or memory.state == "erased":
            continue
        left: tuple[Span, ...] = tuple(s for s in memory.evidence if s.episode not in episodes)
        version = replace(sealed(memory), recorded_at=now, evidence=left)
        if memory.id in freed and memory.superseded_by in gone:
            version = replace(version, valid_to=None, superseded_by=None)
        if len(left) != len(memory.evidence) or memory.id in freed:
            kept.append(version)
    reads = {i: everything[i].rev for i in (*gone, *(m.id for m in kept))}
    return Erasure(
        user=user, actor=door.channel, at=now, episodes=episodes, memories=frozenset(gone), trimmed=tuple(kept),
        reads=reads,
    )  # fmt: skip


def forget_user(engine: Engine, request: ForgetUser, door: Door) -> Receipt:
    """Erase all of a user; forgetting a stranger erases nothing and says so."""
    start = time.perf_counter()
    with engine.segments.hold(request.user) as segment:
        ids = [i for row, i in enumerate(segment.ids) if segment.alive[row]]
    kept = engine.store.memories(None, user=request.user)
    episodes = frozenset(i for i in ids if i.startswith("ep_"))
    memories = frozenset(m.id for m in kept)
    erasure = Erasure(
        user=request.user, actor=door.channel, at=engine.now(), episodes=episodes, memories=memories, everything=True
    )
    texts = _texts(engine, erasure)
    counts = engine.erase(erasure)
    return _receipt(engine, erasure, counts, texts, wait=request.wait, start=start)


def _texts(engine: Engine, erasure: Erasure) -> list[str]:
    """What the checks afterwards look for; held in memory only."""
    said = engine.store.episodes(sorted(erasure.episodes)[:_CHECKED_TEXTS], user=erasure.user)
    kept = engine.store.memories(sorted(erasure.memories)[:_CHECKED_TEXTS], user=erasure.user)
    return list(dict.fromkeys(i.text for i in (*said, *kept) if i.text))[:_CHECKED_TEXTS]


def _receipt(
    engine: Engine, erasure: Erasure, counts: Mapping[str, int], texts: list[str], *, wait: bool, start: float
) -> Receipt:  # fmt: skip
    ids = tuple(sorted(erasure.episodes | erasure.memories))
    checks = {"structure": not erase.leftovers(engine.store, ids)}
    if wait:
        engine.scrub()
        checks["logic"] = not erase.mentioned(engine.store, erasure.user, texts)
    else:
        engine.scrub_later()
    said = erase.still_said(engine.store, erasure.user, texts)
    return Receipt(
        ids=ids, at=erasure.at, erased=dict(counts), kept=tuple(dict.fromkeys((*(m.id for m in erasure.trimmed), *said))),
        physical="done" if wait else "queued", checks=checks, outside=_OUTSIDE, seconds=time.perf_counter() - start,
    )  # fmt: skip
