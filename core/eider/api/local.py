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
from eider.model.errors import ConfigError
from eider.model.protocols import Embedder
from eider.model.store_paths import folder_of
from eider.providers.embedders import default_embedder
from eider.providers.token_budget import HeuristicCounter
from eider.providers.token_counters import configured
from eider.records import requote
from eider.store.engine import Engine
from eider.store.maintenance import refresh
from eider.store.open import open_folder, open_memory

_open: Final[weakref.WeakSet[Engine]] = weakref.WeakSet()


def open_engine(
    folder: Path, *, embedder: Embedder | None = None, clock: Clock | None = None, layers: Sequence[str | Path] = (),
    read_only: bool = False, accept_loss: bool = False, reembed: bool = False, paused: Callable[[], bool] | None = None,
) -> Engine:  # fmt: skip
    """Open a store's directory in this process, heal what an unclean end left, and go on with its jobs.

    `paused` says whether these have to wait; by default a pause of that store, or of all, does.
    """
    chosen = embedder or _embedder()
    store = open_folder(folder, chosen, read_only=read_only, accept_loss=accept_loss, reembed=reembed)
    try:
        engine = Engine(
            store=store, clock=clock or SystemClock(), embedder=chosen, counter=configured(),
            layers=_layers(layers, chosen, clock), name=folder.stem, paused=paused or partial(pauses.jobs_paused, str(config.home()), folder),
        )  # fmt: skip
        if not store.place.read_only:
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


def open_memory_engine(
    *, embedder: Embedder | None = None, clock: Clock | None = None, layers: Sequence[str | Path] = ()
) -> Engine:  # fmt: skip
    """Make an empty store in this process; nothing is written to disk, and closing it is the end of it."""
    chosen = embedder or _embedder()
    store = open_memory(chosen)
    try:
        engine = Engine(
            store=store, clock=clock or SystemClock(), embedder=chosen, counter=configured(),
            layers=_layers(layers, chosen, clock), name=store.place.name,
        )  # fmt: skip
    except BaseException:
        store.connection.close()
        raise
    _open.add(engine)
    return engine


@atexit.register
def _at_exit() -> None:
    """What was left open is closed while Python still can: buffered counters are written, nothing complains."""
    for engine in list(_open):
        with suppress(Exception):
            engine.close()


def _embedder() -> Embedder:
    wanted = config.setting("embedder") or "default"
    if wanted == "default":
        return default_embedder()
    if wanted == "hash":
        from eider.providers.embedders.hashing import HashEmbedder

        return HashEmbedder()
    raise ConfigError(f"embedder {wanted!r} is unknown; set it to 'default' or 'hash'.")


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
    embedder = embedder or _embedder()
    folder = folder_of(path)
    store = open_folder(folder, embedder, read_only=True)
    counter = HeuristicCounter()
    return Engine(store=store, clock=clock or SystemClock(), embedder=embedder, counter=counter, name=folder.stem)
