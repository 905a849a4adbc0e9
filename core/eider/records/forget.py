"""Forget: erasing for real."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from eider.model.answers import Receipt
from eider.model.backup_paths import backups
from eider.model.changes import Erasure
from eider.model.errors import RefusedError, StoreError, StoreFullError, UnknownIdError
from eider.model.requests import Forget, ForgetUser
from eider.model.values import TRUST
from eider.privacy.ingress import Channel, Clean
from eider.records.erasure_plan import Plan, all_memories, of_episode, of_memory, of_tombstones
from eider.records.proposals import check_may_change, may_change, propose
from eider.store.engine import Engine

_CHECKED_TEXTS: Final = 50
"""Texts looked for afterwards; each costs a scan of the store."""
_OUTSIDE: Final = (
    "exports made earlier, and backups that were moved elsewhere",
    "published snapshots made earlier",
    "file-system snapshots and the disk's own spare blocks",
)


def forget(engine: Engine, accepted: Clean[Forget]) -> Receipt:
    """Erase a memory or an utterance with all that derives from it; with a memory also what says it again.

    Raises:
        RefusedError: It would erase what is trusted more than the channel. A memory is proposed to the user instead.
    """
    request, channel = accepted.request, accepted.channel
    start = time.perf_counter()

    def plan() -> Plan:
        if request.id.startswith("ep_"):
            found = of_episode(engine, request.id, user=request.user, actor=channel.name)
        else:
            found = of_memory(
                engine, request.id, user=request.user, actor=channel.name, keep_evidence=request.keep_evidence,
                only_this=request.only_this, trust=TRUST[channel.max_trust],
            )  # fmt: skip
        check_may_erase(engine, found.erasure, channel)
        return found

    def erased() -> tuple[Plan, Mapping[str, int]]:
        found = plan()
        return found, engine.erase(found.erasure)

    theirs = engine.store.reads.memories([request.id], user=request.user) if not request.id.startswith("ep_") else []
    if theirs and theirs[0].state != "erased" and not may_change(channel, theirs[0]):
        asked = "" if request.dry_run else engine.planned(lambda: propose(engine, theirs[0], channel, op="propose")).id
        return Receipt(
            ids=(), at=engine.now(), erased={}, kept=(request.id,), proposed=asked, dry_run=request.dry_run,
            seconds=time.perf_counter() - start,
        )  # fmt: skip
    try:
        if request.dry_run:
            return _foreseen(engine, plan(), start)
        done, counts = engine.planned(erased)
    except UnknownIdError:
        return _finish_earlier(engine, request, start)
    return receipt(engine, done, counts, wait=request.wait, start=start)


def check_may_erase(engine: Engine, erasure: Erasure, channel: Channel) -> None:
    """Refuse an erasure of what is trusted more than the channel.

    Raises:
        RefusedError: Naming the row.
    """
    if TRUST[channel.max_trust] >= TRUST["user"]:
        return
    check_may_change(channel, engine.store.reads.memories(sorted(erasure.memories), user=erasure.user), "forget")
    for episode in engine.store.reads.episodes(sorted(erasure.episodes), user=erasure.user):
        if episode.trust > TRUST[channel.max_trust]:
            raise RefusedError(
                f"channel {channel.name!r} may not forget {episode.id!r}, which the user said; the user does."
            )


def _foreseen(engine: Engine, plan: Plan, start: float) -> Receipt:
    """What a forget would erase."""
    erasure = plan.erasure
    return Receipt(
        ids=tuple(sorted(erasure.episodes | erasure.memories)), at=erasure.at,
        erased={"episodes": len(erasure.episodes), "memories": len(erasure.memories), "parts of episodes": len(plan.parts)},
        kept=tuple(m.id for m in erasure.trimmed), parts=plan.parts, again=plan.again, texts=dict(plan.texts), dry_run=True,
        physical="queued", outside=_outside(engine), seconds=time.perf_counter() - start,
    )  # fmt: skip


def _finish_earlier(engine: Engine, request: Forget, start: float) -> Receipt:
    """What was forgotten before, and whose bytes had not left the disk, is finished now.

    Raises:
        UnknownIdError: Nothing of that name was forgotten, or all of it is gone.
    """
    store = engine.store
    digest = store.tombstones.digest("id", request.user, request.id)
    owed = any(
        job.kind == "scrub" for job in store.job_list.listed(None, batch=None, limit=None) if job.state != "done"
    )
    if request.dry_run or not owed or digest not in store.tombstones.all():
        raise UnknownIdError("memory or episode", request.id, request.user)
    erasure = Erasure(user=request.user, actor="", at=engine.now(), memories=frozenset({request.id}))
    return receipt(engine, Plan(erasure=erasure), {}, wait=request.wait, start=start)


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
            return _user_erased(engine, user, channel)[1]
        return engine.erase(of_tombstones(engine, ids, user=user, actor=channel.name).erasure)

    return engine.planned(erased)


def forget_user(engine: Engine, accepted: Clean[ForgetUser]) -> Receipt:
    """Erase all of a user; forgetting a stranger erases nothing and says so."""
    request, channel = accepted.request, accepted.channel
    if TRUST[channel.max_trust] < TRUST["user"]:
        raise RefusedError(f"channel {channel.name!r} may not forget all of {request.user!r}; the user does.")
    start = time.perf_counter()
    plan, counts = engine.planned(lambda: _user_erased(engine, request.user, channel))
    return receipt(engine, plan, counts, wait=request.wait, start=start)


def _user_erased(engine: Engine, user: str, channel: Channel) -> tuple[Plan, Mapping[str, int]]:
    episodes = frozenset(i for i in engine.store.segments.rows(user=user).ids if i.startswith("ep_"))
    memories = all_memories(engine, user)
    erasure = Erasure(
        user=user, actor=channel.name, at=engine.now(), episodes=episodes, memories=frozenset(memories), everything=True
    )
    said = engine.store.reads.episodes(sorted(episodes)[:_CHECKED_TEXTS], user=user)
    texts = {i.id: i.text for i in (*said, *[*memories.values()][:_CHECKED_TEXTS]) if i.text}
    return Plan(erasure=erasure, texts=texts), engine.erase(erasure)


def receipt(engine: Engine, plan: Plan, counts: Mapping[str, int], *, wait: bool, start: float) -> Receipt:
    """Check that nothing is left, let the bytes leave the disk, and say how that went.

    The rows are gone by now, whatever the disk says: where it is full or damaged the bytes go with the next try.
    """
    erasure, user = plan.erasure, plan.erasure.user
    ids = tuple(sorted(erasure.episodes | erasure.memories | erasure.runs))
    checks = {"structure": not engine.store.erasure_checks.tables_with(ids)}
    texts = list(dict.fromkeys(plan.texts.values()))[:_CHECKED_TEXTS]
    said = {text: engine.store.erasure_checks.still_saying([text], user=user) for text in texts}
    done = wait and _scrub(engine)
    if done:
        gone = [text for text, where in said.items() if not where]
        checks["logic"] = not engine.store.erasure_checks.columns_saying(gone, user=user)
    elif not wait:
        engine.scrub_later()
    kept = dict.fromkeys((*(m.id for m in erasure.trimmed), *(i for where in said.values() for i in where)))
    return Receipt(
        ids=ids, at=erasure.at, erased=dict(counts), kept=tuple(kept), parts=plan.parts, again=plan.again,
        physical="done" if done else "queued", checks=checks, outside=_outside(engine),
        seconds=time.perf_counter() - start,
    )  # fmt: skip


def _scrub(engine: Engine) -> bool:
    """Whether the bytes have left the disk; else that waits as a job, which the erasure has queued."""
    try:
        engine.scrub()
    except (StoreFullError, StoreError, OSError):
        with suppress(StoreError, OSError):
            engine.scrub_later()
        return False
    return True


def _outside(engine: Engine) -> tuple[str, ...]:
    """Copies that are outside the store's reach, and what its database keeps for itself."""
    return (*_backups(engine), *_OUTSIDE, *engine.store.copies.unreached())


def _backups(engine: Engine) -> list[str]:
    """Backups that were made before and may hold what was forgotten, until rotation takes them."""
    folder = engine.store.place.folder
    found = [] if folder is None else backups(folder)
    return [f"backup {str(path)!r} (eider backup prune --before-forget removes what still holds it)" for path in found]
