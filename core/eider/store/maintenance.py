"""Maintenance: hold everything derived against the rows, and build it anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from eider.language.analysis import ANALYZER
from eider.model.answers import Verified
from eider.model.errors import IndexDamagedError, ProviderError
from eider.model.values import Episode, Memory
from eider.store.engine import Engine
from eider.store.files import HEAD, HEADLESS
from eider.store.jobs import Job, Progress, handles
from eider.store.segment.segment import Segment

_BATCH: Final = 5_000
_FIRST_PAUSE: Final = 3.0
"""Seconds between two attempts to make lacking vectors, doubled each time. A guess."""
_LONGEST_PAUSE: Final = 600.0


def verify(engine: Engine, *, deep: bool = False) -> Verified:
    """Check the event chain, references between rows, and the search index.

    Args:
        engine: The open store.
        deep: Also read the whole search index and compare every loaded segment with a fresh one.
    """
    findings, checked = engine.store.inspection.examine()
    folder = engine.store.place.folder
    if folder is not None and (folder / HEADLESS).exists():
        last = (folder / HEADLESS).read_text(encoding="utf-8").strip()
        findings.append(
            f"the file {HEAD!r}, which names the last change, was gone when the store was opened: changes after event {last} "
            f"may be lost; compare with a backup, then run eider rebuild to go on with what is here"
        )
    if engine.store.index_upkeep.exists() or deep:
        checked["index"] = _check_index(engine, findings)
    if deep:
        users = engine.store.reads.users()
        for user in users:
            fresh = Segment.build(engine.store.segments.rows(user=user))
            with engine.segments.hold(user) as held:
                ids = {i for row, i in enumerate(held.ids) if held.alive[row]}
            if ids != set(fresh.ids):
                findings.append(
                    f"the loaded rows of a user differ from the store by {len(ids ^ set(fresh.ids))}; reopen it"
                )
        checked["segments"] = len(users)
    return Verified(findings=tuple(findings), checked=checked)


def _check_index(engine: Engine, findings: list[str]) -> int:
    try:
        missing, surplus, indexed = engine.store.index_upkeep.compare()
    except IndexDamagedError as error:
        findings.append(str(error))
        return 0
    if missing:
        findings.append(f"{missing} row(s) are missing or old in the search index; run eider rebuild")
    if surplus:
        findings.append(f"{surplus} row(s) of the search index are no longer in the store; run eider rebuild")
    return indexed


def refresh(engine: Engine, progress: Callable[[int, int], None] | None = None) -> int:
    """Make the vectors and analyses anew that are of another embedder or version; returns how many."""
    store = engine.store
    outdated = store.material.outdated(engine.embedder.fingerprint, ANALYZER)
    make_material(engine, outdated, progress)
    store.material.settle(engine.embedder.fingerprint, ANALYZER)
    store.needs_material = False
    engine.segments.drop()
    if outdated and store.index_upkeep.exists():
        store.index_upkeep.rebuild()
    return len(outdated)


def complete(engine: Engine) -> None:
    """Make the search material that rows lack, drop what belongs to none, and build the index anew."""
    engine.writable()
    make_material(engine, engine.store.material.lacking())
    engine.store.material.drop_orphans()
    rebuild(engine)


def make_material(
    engine: Engine, rows: Sequence[tuple[str, str]], progress: Callable[[int, int], None] | None = None
) -> None:  # fmt: skip
    """Make the search material of these rows, (user, id) each, with the store's embedder."""
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        for user in dict.fromkeys(owner for owner, _ in part):
            _make(engine, user, (i for owner, i in part if owner == user))
        if progress is not None:
            progress(min(start + _BATCH, len(rows)), len(rows))


def _make(engine: Engine, user: str, ids: Iterable[str]) -> None:
    """Make material outside the writer's turn; what was changed or forgotten meanwhile is left to who changed it."""
    store, wanted = engine.store, list(ids)
    episodes, memories = texts_of(engine, user, wanted)
    made = engine.material.of((*episodes, *memories), must=True)
    read = {one.id: one.text for one in (*episodes, *memories)}
    with engine.turn():
        again = [one for group in texts_of(engine, user, wanted) for one in group]
        same = [one.id for one in again if read.get(one.id) == one.text]
        made = {id_: made[id_] for id_ in same}
        if made:
            store.material.replace(made, user=user, embedder=engine.embedder.fingerprint, analyzer=ANALYZER)
            engine.segments.put(user, lambda: store.segments.rows(user=user, ids=same))


def texts_of(engine: Engine, user: str, ids: Sequence[str]) -> tuple[list[Episode], list[Memory]]:
    """Return the utterances and statements of a user's ids, as they are now."""
    episodes = engine.store.reads.episodes(ids, user=user)
    memories = engine.store.reads.memories([i for i in ids if not i.startswith("ep_")], user=user)
    return episodes, [m for m in memories if m.text]


@handles("embed", owed=True)
def embed(engine: Engine, job: Job, progress: Progress) -> None:
    """Make the vectors that could not be made while the embedder was away; again later while it still is."""
    tried = int(job.payload.get("tried", 0))
    outdated = engine.store.material.outdated(engine.embedder.fingerprint, ANALYZER)
    try:
        if engine.store.documents.get("embedder") != engine.embedder.fingerprint:
            raise ProviderError(engine.embedder_trouble or "the embedder was exchanged by another process.")  # noqa: TRY301
        make_material(engine, outdated, progress)
    except ProviderError as error:
        pause = max(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tried), error.retry_after or 0.0)
        engine.jobs.queue("embed", payload={"tried": min(tried + 1, 20)}, after=pause)
        return
    if outdated and engine.store.index_upkeep.exists():
        engine.store.index_upkeep.rebuild()


@handles("heal")
def heal(engine: Engine, job: Job, progress: Progress) -> None:
    """After a kill: bring the search index back in step with the rows."""
    del job
    engine.store.index_upkeep.heal()
    progress(1, 1)


@handles("count_terms")
def recount(engine: Engine, job: Job, progress: Progress) -> None:
    """Count the terms of a user too large to load."""
    engine.store.candidates.count_terms(user=job.user)
    progress(1, 1)


@handles("reindex")
def reindex(engine: Engine, job: Job, progress: Progress) -> None:
    """Build the search index anew, behind the back of whoever reads and writes."""
    del job
    engine.store.index_upkeep.rebuild(progress)


def rebuild(engine: Engine, progress: Callable[[int, int], None] | None = None) -> int:
    """Build the search index anew from the rows; no embedder is asked. Returns its rows."""
    engine.writable()
    engine.segments.drop()
    if engine.store.place.folder is not None:
        (engine.store.place.folder / HEADLESS).unlink(missing_ok=True)
    return engine.store.index_upkeep.rebuild(progress)


def publish(engine: Engine, path: str | Path) -> Path:
    """Copy the store into an immutable snapshot; what was shown and not yet written is written first."""
    engine.usage.flush()
    return engine.store.copies.publish(Path(path), engine.now())


_WASTED: Final = 8 * 1024 * 1024
_WASTED_SHARE: Final = 0.15
"""From so many bytes, and so large a part of the files, on they are written anew unasked. Guesses: 100 MB take half a second."""


def is_wasteful(engine: Engine, least: int = _WASTED) -> bool:
    """Whether much of the store's files, and at least so many bytes, holds nothing."""
    free, whole = engine.store.copies.wasted()
    return free >= least and free >= _WASTED_SHARE * whole


def compact(engine: Engine, least: int = _WASTED) -> None:
    """Write the files anew where much of them holds nothing."""
    if not engine.store.place.read_only and is_wasteful(engine, least):
        with engine.turn():
            engine.store.copies.rewrite()
