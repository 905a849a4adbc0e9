"""What one may ask for about a store's embedder: exchange it, go on, go back, let go of the old vectors, look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eider.language.analysis import ANALYZER
from eider.model.answers import EmbedderStatus
from eider.model.errors import RefusedError
from eider.providers.embedders.guard import GuardedEmbedder
from eider.providers.embedders.names import EmbedderName, connect
from eider.providers.embedders.noted import Noted, with_guard
from eider.store.embedder_exchange import SWAP, Swap, cut_over, noted_of

if TYPE_CHECKING:
    from eider.model.protocols import Embedder
    from eider.store.engine import Engine


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
    cut_over(engine, there, there.overlap)


def _under_way(engine: Engine, state: str, why: str) -> Swap:
    engine.writable()
    there = Swap.of(engine)
    if there is None or there.state != state:
        raise RefusedError(f"{why}: look with eider embed status.")
    return there


def _begin(engine: Engine, embedder: Embedder, noted: Noted) -> None:
    if engine.store.others is not None and engine.store.documents.get("index") is not None:
        raise RefusedError("the index of this store in object storage is of its embedder, and read by several processes; make a "
                           "new store with the other one, and move what is in this one there.")  # fmt: skip
    _drop(engine)

    def begin(there: str | None) -> str:
        if there:
            raise RefusedError("another process began to exchange the embedder; look with eider embed status.")
        return Swap(state="filling", other=noted).to_text()

    with engine.turn():
        engine.store.documents.update(SWAP, begin)
        engine.embed_with(engine.embedder, with_guard(embedder, noted))
    engine.jobs.queue("swap_embedder")


def _forget(engine: Engine) -> None:
    with engine.turn():
        engine.embed_with(engine.embedder, None)
        engine.store.documents.update(SWAP, lambda _: "")
    _drop(engine)


def _drop(engine: Engine) -> None:
    in_use = engine.embedder.fingerprint
    engine.store.material.drop_vectors(in_use)
    engine.store.index_upkeep.drop_vectors(in_use)


def status(engine: Engine) -> EmbedderStatus:
    """Say whose vectors a store has, and how far an exchange is."""
    noted, there = noted_of(engine), Swap.of(engine)
    done, total = engine.store.material.count_vectors(there.other.fingerprint if there else "")
    pending = len(engine.store.material.outdated(engine.embedder.fingerprint, ANALYZER))
    return EmbedderStatus(
        name=noted.name, fingerprint=engine.embedder.fingerprint, width=engine.embedder.width, probe=noted.digest,
        degraded=engine.embedder.degraded, rows=total, pending=pending, swap="" if there is None else there.state,
        other="" if there is None else there.other.name or there.other.fingerprint, filled=done if there else 0,
        overlap=None if there is None else there.overlap, trouble=_trouble(engine, there),
    )  # fmt: skip


def _trouble(engine: Engine, there: Swap | None) -> str:
    """What the job that does the work failed with last, or why this process could not follow another one."""
    if engine.embedder_trouble:
        return engine.embedder_trouble
    if there is None or there.state != "filling":
        return ""
    jobs = [job for job in engine.jobs.listed(limit=200) if job.kind == "swap_embedder" and job.state != "done"]
    return next((job.error for job in jobs if job.error), "")
