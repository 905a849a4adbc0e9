"""Exchanging the embedder of a store while it is read and written.

The vectors of the other embedder are made beside those in use, in the same rows: what is written meanwhile gets both.
Once no row lacks one, a document says that the others are in use, which takes as long for a million rows as for one. The
old vectors are kept, and kept up to date, so that the way back is the same step; they go when somebody says so. What is
known of an exchange is one document. Other processes that have the store open read it when it changes; until then they
go on reading and writing the vectors they know, which are beside the others.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from eider.model.errors import (
    ConfigError,
    EiderError,
    EmbedderError,
    EmbedderMismatchError,
    MissingExtraError,
    ProviderError,
    RefusedError,
)
from eider.model.failpoints import point
from eider.providers.embedders.guard import GuardedEmbedder
from eider.providers.embedders.names import connect
from eider.providers.embedders.noted import NOTED, Noted, with_guard
from eider.providers.embedders.probes import ALIKE, PROBES, likeness
from eider.store.engine import LACKING
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
_TRIES: Final = 20
"""Times that rows of other processes are filled in right before the exchange; what is left then is made after it."""
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


def noted_of(engine: Engine) -> Noted:
    """Return what a store notes of its embedder."""
    text = engine.store.documents.get(NOTED)
    return Noted.of(engine.embedder) if text is None else Noted.of_text(text)


@handles("swap_embedder")
def work(engine: Engine, job: Job, progress: Progress) -> None:
    """Make the vectors of the other embedder, hold them against the rows, and exchange the two."""
    del job
    there = Swap.of(engine)
    if there is None or there.state != "filling":
        return
    other = spare_of(engine, there)
    done, total = engine.store.material.count_vectors(other.fingerprint)
    for filled in _fill(engine, other):
        done += filled
        progress(min(done, total), total)
        point("swap.filled")
        if _changed(engine, there):
            return
    engine.store.index_upkeep.prepare(other.fingerprint)
    share = None
    with suppress(ProviderError):
        share = overlap(engine, other)
    point("swap.verified")
    if not _changed(engine, there):
        cut_over(engine, there, share)
        progress(total, total)


def _changed(engine: Engine, there: Swap) -> bool:
    """Whether somebody ended the exchange meanwhile."""
    now = Swap.of(engine)
    return now is None or now.other.fingerprint != there.other.fingerprint


def spare_of(engine: Engine, there: Swap) -> Embedder:
    """Return the other embedder of an exchange, connected anew where this process did not begin it."""
    spare = engine.spare
    if spare is None or spare.fingerprint != there.other.fingerprint:
        spare = _connected(there.other)
        engine.embed_with(engine.embedder, spare)
    return spare


def _connected(noted: Noted) -> Embedder:
    if not noted.name:
        raise RefusedError(f"{noted.fingerprint!r} was passed as an object and cannot be found again by a name; open the "
                           "store with that object and reembed=True.")  # fmt: skip
    made = with_guard(connect(noted.name, width=noted.width or None), noted)
    if made.fingerprint != noted.fingerprint:
        raise EmbedderMismatchError(noted.fingerprint, made.fingerprint)
    return made


def restore(engine: Engine) -> None:
    """After a store is opened: go on writing both vectors while two embedders are exchanged, where the other can be had.

    And follow what other processes exchange from now on.
    """
    engine.follow_embedder = Follower(engine)
    with suppress(EmbedderError, ConfigError, MissingExtraError, RefusedError):
        follow(engine)


class Follower:
    """Follows an exchange of embedders by other processes, in a thread of its own: a model may take seconds to load."""

    def __init__(self, engine: Engine) -> None:
        """Follow for one open store."""
        self._engine, self._lock, self._again = engine, threading.Lock(), threading.Event()

    def __call__(self) -> None:
        """Look whether somebody exchanged the embedder; returns at once."""
        self._again.set()
        engine = self._engine
        if _is_behind(engine):
            threading.Thread(target=self._run, name="eider-follow-embedder", daemon=True).start()
        elif not engine.store.place.read_only and engine.store.documents.get(LACKING):
            engine.store.documents.update(LACKING, lambda _: "")
            engine.jobs.queue("embed")

    def _run(self) -> None:
        with self._lock:
            while self._again.is_set():
                self._again.clear()
                try:
                    follow(self._engine)
                except EiderError as error:
                    self._engine.embedder_trouble = str(error)


def _is_behind(engine: Engine) -> bool:
    there, spare = Swap.of(engine), engine.spare
    in_use = engine.store.documents.get("embedder")
    wanted = None if there is None else there.other.fingerprint
    return in_use != engine.embedder.fingerprint or wanted != (None if spare is None else spare.fingerprint)


def follow(engine: Engine) -> None:
    """Read and write with the embedders that the store says are in use.

    Raises:
        EmbedderError: One of them cannot be had here.
        ConfigError: Its name cannot be used here.
        MissingExtraError: What it needs is not installed.
        RefusedError: It was passed as an object, and has no name.
    """
    noted, there = noted_of(engine), Swap.of(engine)
    own, spare = engine.embedder, engine.spare
    if noted.fingerprint != own.fingerprint:
        theirs = spare if spare is not None and spare.fingerprint == noted.fingerprint else _connected(noted)
        with engine.exchanging():
            engine.embed_with(theirs, own if there is not None and there.other.fingerprint == own.fingerprint else None)
        if not engine.store.place.read_only:
            engine.jobs.queue("embed")  # what was written here since lacks a vector
    if there is not None:
        spare_of(engine, there)
    elif engine.spare is not None:
        engine.embed_with(engine.embedder, None)
    engine.embedder_trouble = ""


def _fill(engine: Engine, other: Embedder) -> Iterator[int]:
    """Make the vectors that rows lack, batch by batch, until a look at all rows finds none; yields how many each time.

    Rows that other processes write meanwhile are behind the place that was reached, or before it: so all are looked at again.
    """
    found = True
    while found:
        found, after = False, ("", "")
        while lacking := engine.store.material.lacking_vectors(other.fingerprint, after=after, limit=BATCH):
            found, after = True, lacking[-1]
            _make(engine, other, lacking)
            yield len(lacking)


def _make(engine: Engine, other: Embedder, lacking: Sequence[tuple[str, str]]) -> None:
    for user in dict.fromkeys(owner for owner, _ in lacking):
        ids = [i for owner, i in lacking if owner == user]
        texts = {one.id: one.text for group in texts_of(engine, user, ids) for one in group}
        vectors = vectors_of(other, list(texts.values()))
        if vectors is None:
            raise ProviderError(other.degraded or f"{other.fingerprint} does not answer; it is asked again later.")
        made = dict.fromkeys(ids, b"") | dict(zip(texts, vectors, strict=True))
        with engine.turn():
            in_use = engine.embedder.fingerprint
            engine.store.material.put_vectors(made, texts, user=user, embedder=other.fingerprint, in_use=in_use)


def cut_over(engine: Engine, there: Swap, share: float | None) -> None:
    """Let the vectors of the other embedder be those in use; what is still lacking is made first."""
    other, own = spare_of(engine, there), engine.embedder
    _recognise(other, there.other)
    since = 0
    for _ in range(_TRIES):
        since = engine.store.events.head[0]
        if not sum(_fill(engine, other)):
            break
    was = replace(noted_of(engine), fingerprint=own.fingerprint)
    kept = Swap(state="kept", other=was, overlap=share)
    documents = {NOTED: there.other.to_text(), SWAP: kept.to_text()}
    with engine.exchanging():
        for tries in range(_TRIES + 1):
            lacking = engine.store.material.exchange(
                other.fingerprint, documents, known={SWAP: there.to_text()}, since=since if tries < _TRIES else None
            )
            if not lacking:
                break
            _make(engine, other, lacking)
        engine.embed_with(other, own)
    point("swap.done")
    if engine.store.others is not None:
        engine.jobs.queue("embed")  # another process may have written while it could not make the vector
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


def overlap(engine: Engine, other: Embedder) -> float | None:
    """Return the share of the top ten that both embedders find, asked with texts of the store; None for a small one."""
    shares: list[float] = []
    for user in engine.store.reads.users():
        pairs = engine.store.material.pairs(engine.embedder.fingerprint, other.fingerprint, user=user, limit=_ROWS)
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
