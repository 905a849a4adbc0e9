"""Exchanging the embedder of a store while it is read and written.

The vectors of the other embedder are made beside those in use, in the same rows: what is written meanwhile gets both.
Once no row lacks one, the two change places in one transaction. The old vectors are kept, and kept up to date, so that
the way back is the same step; they go when somebody says so. What is known of an exchange is one document.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from eider.language.analysis import ANALYZER
from eider.model.answers import EmbedderStatus
from eider.model.errors import (
    ConfigError,
    EmbedderError,
    EmbedderMismatchError,
    MissingExtraError,
    ProviderError,
    RefusedError,
)
from eider.model.failpoints import point
from eider.providers.embedders.guard import GuardedEmbedder
from eider.providers.embedders.names import EmbedderName, connect
from eider.providers.embedders.noted import NOTED, Noted, guarded
from eider.providers.embedders.probes import ALIKE, PROBES, likeness
from eider.store.jobs import Job, Progress, handles
from eider.store.maintenance import texts_of
from eider.store.search_material import vectors_of

if TYPE_CHECKING:
    from eider.model.protocols import Embedder
    from eider.store.engine import Engine

SWAP: Final = "embedder swap"
"""Name of the document."""
BATCH: Final = 256
"""Rows per step: a kill loses at most the work of one."""
_LAST: Final = 64
"""Rows that may be made within the writer's turn, right before the exchange."""
_SAMPLE: Final = 50
_TOP: Final = 10
_ROWS: Final = 5_000
"""Rows of one user among which top tens are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """How far an exchange is."""

    state: Literal["filling", "kept"]
    """"filling": the other embedder is on its way in. "kept": it was the one in use before."""
    other: Noted
    overlap: float | None = None
    """Share of the top ten that both embedders find alike, over sampled questions; None while it is not known."""

    def to_text(self) -> str:
        """Return it as the store keeps it."""
        return json.dumps({"state": self.state, "other": self.other.to_text(), "overlap": self.overlap})

    @classmethod
    def of(cls, engine: Engine) -> Swap | None:
        """Return the exchange of a store; None where there is none."""
        text = engine.store.documents.get(SWAP)
        if not text:
            return None
        said: dict[str, Any] = json.loads(text)
        return cls(state=said["state"], other=Noted.of_text(said["other"]), overlap=said["overlap"])


# ---------------------------------------------------------------------- what one may ask for


def start(engine: Engine, name: str) -> None:
    """Begin to exchange the embedder for another one; the work is a job.

    Raises:
        RefusedError: Another exchange is under way, or old vectors are kept, or it is the one in use.
        ConfigError: The name cannot be used.
        ProviderError: Its service does not answer.
    """
    engine.writable()
    own, there = noted_of(engine), Swap.of(engine)
    wanted = EmbedderName.of(name).noted
    if there is not None and there.state == "filling":
        raise RefusedError(
            f"the exchange for {there.other.name!r} is under way; go on with --resume, or end it with --abort."
        )
    if there is not None:
        raise RefusedError(f"the vectors of {there.other.name or there.other.fingerprint!r} are still kept; go back with --back, or "
                           "let go of them with --drop first.")  # fmt: skip
    other = connect(name)
    noted = Noted.of(other, wanted)
    if noted.fingerprint == own.fingerprint:
        raise RefusedError(f"{wanted!r} is the embedder in use; make its vectors anew with eider embed reembed.")
    _begin(engine, other, noted)


def reembed(engine: Engine) -> None:
    """Make all vectors anew by the store's own embedder, which may have become another model; an exchange with itself.

    Raises:
        RefusedError: An exchange is under way, or the embedder comes with Eider and cannot have changed.
        ProviderError: Its service does not answer.
    """
    engine.writable()
    own = noted_of(engine)
    if Swap.of(engine) is not None:
        raise RefusedError(
            "an exchange of embedders is under way, or its old vectors are kept; end it first: eider embed status."
        )
    if not isinstance(engine.embedder, GuardedEmbedder):
        raise RefusedError(
            f"{own.fingerprint!r} comes with Eider and makes the same vectors for ever; there is nothing to do."
        )
    inner = engine.embedder.inner
    fresh = Noted.of(inner, own.name)
    named = f"{inner.fingerprint}#{fresh.digest}"
    if named == own.fingerprint:
        named += "+"
    fresh = replace(fresh, fingerprint=named)
    _begin(engine, inner, fresh)


def resume(engine: Engine) -> None:
    """Go on with an exchange.

    Raises:
        RefusedError: None is under way.
    """
    _under_way(engine, "filling", "there is nothing to go on with")
    engine.jobs.queue("swap_embedder")


def abort(engine: Engine) -> None:
    """End an exchange that is under way; the store stays with its embedder.

    Raises:
        RefusedError: None is under way.
    """
    _under_way(engine, "filling", "there is nothing to end")
    _forget(engine)


def drop(engine: Engine) -> None:
    """Let go of the vectors of the embedder that was in use before.

    Raises:
        RefusedError: None are kept.
    """
    _under_way(engine, "kept", "no old vectors are kept")
    _forget(engine)


def back(engine: Engine) -> None:
    """Return to the embedder that was in use before.

    Raises:
        RefusedError: No old vectors are kept, or it cannot make the ones that are lacking.
    """
    there = _under_way(engine, "kept", "there is no way back")
    _cut_over(engine, there)


def _under_way(engine: Engine, state: str, why: str) -> Swap:
    engine.writable()
    there = Swap.of(engine)
    if there is None or there.state != state:
        raise RefusedError(f"{why}: look with eider embed status.")
    return there


def _begin(engine: Engine, embedder: Embedder, noted: Noted) -> None:
    if engine.store.place.address:
        raise RefusedError("embedders are not exchanged in a store that several processes may have open; make a new store with "
                           "the other one, and move what is in this one there.")  # fmt: skip
    with engine.turn():
        engine.store.material.drop_spares()
        engine.store.documents.update(SWAP, lambda _: Swap(state="filling", other=noted).to_text())
        engine.embed_with(engine.embedder, guarded(embedder, noted))
    engine.jobs.queue("swap_embedder")


def _forget(engine: Engine) -> None:
    with engine.turn():
        engine.embed_with(engine.embedder, None)
        engine.store.documents.update(SWAP, lambda _: "")
        engine.store.material.drop_spares()


# ---------------------------------------------------------------------- the work


@handles("swap_embedder")
def work(engine: Engine, job: Job, progress: Progress) -> None:
    """Make the vectors of the other embedder, hold them against the rows, and exchange the two."""
    del job
    there = Swap.of(engine)
    if there is None or there.state != "filling":
        return
    other = spare_of(engine, there)
    _, total = engine.store.material.count_spares(other.fingerprint)
    while _fill(engine, other, BATCH):
        done, total = engine.store.material.count_spares(other.fingerprint)
        progress(done, total)
        point("swap.filled")
        if _changed(engine, there):
            return
    with suppress(ProviderError):
        there = replace(there, overlap=overlap(engine, other))
    point("swap.verified")
    if not _changed(engine, there):
        _cut_over(engine, there)
        progress(total, total)


def _changed(engine: Engine, there: Swap) -> bool:
    """Whether somebody ended the exchange meanwhile."""
    now = Swap.of(engine)
    return now is None or now.other.fingerprint != there.other.fingerprint


def spare_of(engine: Engine, there: Swap) -> Embedder:
    """Return the other embedder of an exchange, connected anew where this process did not begin it."""
    spare = engine.spare
    if spare is None or spare.fingerprint != there.other.fingerprint:
        if not there.other.name:
            raise RefusedError(f"{there.other.fingerprint!r} was passed as an object and cannot be found again by a name; open the "
                               "store with that object and reembed=True.")  # fmt: skip
        spare = guarded(connect(there.other.name, width=there.other.width or None), there.other)
        if spare.fingerprint != there.other.fingerprint:
            raise EmbedderMismatchError(there.other.fingerprint, spare.fingerprint)
        engine.embed_with(engine.embedder, spare)
    return spare


def restore(engine: Engine) -> None:
    """After a store is opened: go on writing both vectors while two embedders are exchanged, where the other can be had."""
    if (there := Swap.of(engine)) is not None:
        with suppress(EmbedderError, ConfigError, MissingExtraError, RefusedError):
            spare_of(engine, there)


def _fill(engine: Engine, other: Embedder, limit: int) -> int:
    """Make spare vectors of at most so many rows that have none; returns how many were lacking."""
    lacking = engine.store.material.lacking_spares(other.fingerprint, limit=limit)
    for user in dict.fromkeys(owner for owner, _ in lacking):
        ids = [i for owner, i in lacking if owner == user]
        said = {one.id: one.text for group in texts_of(engine, user, ids) for one in group}
        vectors = vectors_of(other, list(said.values()))
        if vectors is None:
            raise ProviderError(other.degraded or f"{other.fingerprint} does not answer; it is asked again later.")
        made = dict.fromkeys(ids, b"") | dict(zip(said, vectors, strict=True))
        with engine.turn():
            now = {one.id: one.text for group in texts_of(engine, user, ids) for one in group}
            same = {i: vector for i, vector in made.items() if now.get(i) == said.get(i)}
            engine.store.material.put_spares(same, user=user, embedder=other.fingerprint)
    return len(lacking)


def _cut_over(engine: Engine, there: Swap) -> None:
    """Exchange the vectors in use and the spare ones; what is still lacking is made first."""
    other, own = spare_of(engine, there), engine.embedder
    _recognise(other, there.other)
    while len(engine.store.material.lacking_spares(other.fingerprint, limit=_LAST + 1)) > _LAST:
        _fill(engine, other, BATCH)
    was = replace(noted_of(engine), fingerprint=own.fingerprint)
    with engine.exchanging():
        while _fill(engine, other, BATCH):
            pass
        kept = Swap(state="kept", other=was, overlap=there.overlap)
        documents = {NOTED: there.other.to_text(), SWAP: kept.to_text()}
        engine.store.material.exchange(other.fingerprint, documents)
        engine.embed_with(other, own)
    point("swap.done")
    if engine.store.index_upkeep.exists():
        engine.jobs.queue("reindex")


def _recognise(embedder: Embedder, noted: Noted) -> None:
    """Refuse an embedder that is not the one whose vectors were made."""
    if not noted.probes:
        return
    try:
        found = np.asarray(_unhurried(embedder).embed(PROBES, "document"), np.float32)
    except EmbedderError:
        return  # it is away; its vectors are there
    if likeness(noted.probes["document"], found) < ALIKE:
        raise RefusedError(f"{noted.name!r} has become another model since its vectors were made; end the exchange with --abort "
                           "and begin again.")  # fmt: skip


def _unhurried(embedder: Embedder) -> Embedder:
    """Return the embedder without its time box: nobody waits for what a job asks."""
    return embedder.inner if isinstance(embedder, GuardedEmbedder) else embedder


# ---------------------------------------------------------------------- what is told


def noted_of(engine: Engine) -> Noted:
    """Return what a store notes of its embedder."""
    text = engine.store.documents.get(NOTED)
    return Noted.of(engine.embedder) if text is None else Noted.of_text(text)


def overlap(engine: Engine, other: Embedder) -> float | None:
    """Return the share of the top ten that both embedders find, asked with texts of the store; None for a small one."""
    shares: list[float] = []
    for user in engine.store.reads.users():
        pairs = engine.store.material.pairs(other.fingerprint, user=user, limit=_ROWS)
        if len(pairs) <= _TOP:
            continue
        asked = pairs[:: max(1, len(pairs) // _SAMPLE)][:_SAMPLE]
        texts = [one.text for group in texts_of(engine, user, [i for i, _, _ in asked]) for one in group]
        tops: list[Callable[[int], set[int]]] = []
        for place, embedder in enumerate((engine.embedder, other)):
            rows = np.stack([np.frombuffer(vectors[place], np.float32) for _, *vectors in pairs])
            scores = np.asarray(_unhurried(embedder).embed(texts, "query")) @ rows.T
            best = np.argsort(-scores, axis=1)[:, :_TOP]
            tops.append(lambda k, best=best: set(best[k].tolist()))
        shares += [len(tops[0](k) & tops[1](k)) / _TOP for k in range(len(texts))]
        if len(shares) >= _SAMPLE:
            break
    return float(np.mean(shares)) if shares else None


def status(engine: Engine) -> EmbedderStatus:
    """Say whose vectors a store has, and how far an exchange is."""
    noted, there = noted_of(engine), Swap.of(engine)
    done, total = engine.store.material.count_spares(there.other.fingerprint if there else "")
    pending = len(engine.store.material.outdated(engine.embedder.fingerprint, ANALYZER))
    return EmbedderStatus(
        name=noted.name, fingerprint=engine.embedder.fingerprint, width=engine.embedder.width, probe=noted.digest,
        degraded=engine.embedder.degraded, rows=total, pending=pending, swap="" if there is None else there.state,
        other="" if there is None else there.other.name or there.other.fingerprint, filled=done if there else 0,
        overlap=None if there is None else there.overlap, trouble=_trouble(engine, there),
    )  # fmt: skip


def _trouble(engine: Engine, there: Swap | None) -> str:
    """What the job that does the work failed with last."""
    if there is None or there.state != "filling":
        return ""
    jobs = [job for job in engine.jobs.listed(limit=200) if job.kind == "swap_embedder" and job.state != "done"]
    return next((job.error for job in jobs if job.error), "")
