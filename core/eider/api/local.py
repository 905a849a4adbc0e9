"""Opening a store's directory in this process."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from eider.api import job_handlers as _  # noqa: F401 (with it come the kinds of jobs)
from eider.client import pauses
from eider.model import config
from eider.model.clock import Clock, SystemClock
from eider.model.errors import StoreError
from eider.model.protocols import Embedder, Reranker
from eider.model.store_paths import folder_of
from eider.providers.embedders import names
from eider.providers.embedders.guard import GuardedEmbedder
from eider.providers.embedders.noted import NOTED, EmbedderChoice, Noted
from eider.providers.token_budget import HeuristicCounter
from eider.providers.token_counters import configured_counter
from eider.records import requote
from eider.records.moving.move import NOTE
from eider.store import embedder_exchange
from eider.store.backends import open_address
from eider.store.engine import Engine
from eider.store.maintenance import refresh
from eider.store.open import open_folder, open_memory
from eider.store.protocols import Store
from eider.store.second_look import SecondLook

_open: Final[weakref.WeakSet[Engine]] = weakref.WeakSet()


def open_engine(
    place: Path | str, *, embedder: str | Embedder | None = None, clock: Clock | None = None, layers: Sequence[str | Path] = (),
    read_only: bool = False, accept_loss: bool = False, reembed: bool = False, paused: Callable[[], bool] | None = None,
    encoder: str | Embedder | None = None, reranker: str | Reranker | None = None, index: str | None = None,
) -> Engine:  # fmt: skip
    """Open a store in this process, heal what an unclean end left, and go on with its jobs.

    `place` is its directory, or its address where it is in a database server.
    `paused` says whether these have to wait; by default a pause of that store, or of all, does.
    """
    again = _second_look(encoder, reranker)
    choice = EmbedderChoice(embedder, reembed=reembed)
    if isinstance(place, str):
        store = open_address(place, choice, read_only=read_only, reembed=reembed, index=index)
    else:
        store = open_folder(place, choice, read_only=read_only, accept_loss=accept_loss, reembed=reembed)
    asked = (lambda: False) if isinstance(place, str) else partial(pauses.jobs_paused, str(config.home()), place)
    try:
        _refuse_unfinished(store)
        chosen = choice.made
        engine = Engine(
            store=store, clock=clock or SystemClock(), embedder=chosen, counter=configured_counter(),
            layers=_layers(layers, chosen, clock), name=store.place.name, paused=paused or asked, second_look=again,
        )  # fmt: skip
        if not store.place.read_only:
            # Let a store know whose it is: its embedder's name, and how to recognise it
            said = engine.store.documents.get(NOTED)
            noted = None if said is None else Noted.of_text(said)
            if noted is None or noted.fingerprint != choice.made.fingerprint:
                noted = Noted.of(choice.made, choice.name)
                engine.store.documents.update(NOTED, lambda _: noted.to_text())
            if isinstance(choice.made, GuardedEmbedder):
                choice.made.know(noted.probes)
            embedder_exchange.restore(engine)
            if store.needs_material:
                refresh(engine)
            if store.place.unclean and store.index_upkeep.exists():
                engine.jobs.queue("heal")
            if requote.is_due(engine):
                engine.jobs.queue("requote")
            engine.jobs.resume()
    except BaseException:
        store.connection.close()
        raise
    _open.add(engine)
    return engine


def _refuse_unfinished(store: Store) -> None:
    if '"done": false' in (store.documents.get(NOTE) or ""):
        raise StoreError(
            f"{str(store.place)!r} was left half-way; go on with eider migrate --from … --to {store.place}."
        )


def open_memory_engine(
    *, embedder: str | Embedder | None = None, clock: Clock | None = None, layers: Sequence[str | Path] = (),
    encoder: str | Embedder | None = None, reranker: str | Reranker | None = None,
) -> Engine:  # fmt: skip
    """Make an empty store in this process; nothing is written to disk, and closing it is the end of it."""
    again = _second_look(encoder, reranker)
    choice = EmbedderChoice(embedder)
    store = open_memory(choice)
    try:
        chosen = choice.made
        engine = Engine(
            store=store, clock=clock or SystemClock(), embedder=chosen, counter=configured_counter(),
            layers=_layers(layers, chosen, clock), name=store.place.name, second_look=again,
        )  # fmt: skip
    except BaseException:
        store.connection.close()
        raise
    _open.add(engine)
    return engine


def _second_look(encoder: str | Embedder | None, reranker: str | Reranker | None) -> SecondLook | None:
    """Return what looks at the best candidates again, as passed or as set; None where nothing is."""
    encoder, reranker = encoder or config.setting("encoder"), reranker or config.setting("reranker")
    if encoder is None and reranker is None:
        return None
    encoder = names.connect(encoder) if isinstance(encoder, str) else encoder
    return SecondLook(encoder, names.connect_reranker(reranker) if isinstance(reranker, str) else reranker)


@atexit.register
def _at_exit() -> None:
    """What was left open is closed while Python still can: buffered counters are written, nothing complains."""
    for engine in list(_open):
        with suppress(Exception):
            engine.close()


def _layers(paths: Sequence[str | Path], embedder: Embedder, clock: Clock | None) -> tuple[Engine, ...]:
    """Every layer, or none: when one cannot be opened the others are closed."""
    opened: list[Engine] = []
    try:
        opened.extend(open_layer(path, embedder, clock) for path in paths)
    except BaseException:
        for layer in opened:
            layer.close()
        raise
    return tuple(opened)


def open_layer(path: str | Path, embedder: Embedder | None = None, clock: Clock | None = None) -> Engine:
    """A published snapshot, read-only."""
    choice = EmbedderChoice(embedder)
    folder = folder_of(path)
    store = open_folder(folder, choice, read_only=True)
    embedder = choice.made
    counter = HeuristicCounter()
    return Engine(store=store, clock=clock or SystemClock(), embedder=embedder, counter=counter, name=folder.stem)
