"""Opening a memory: what `eider.open` does."""

from __future__ import annotations

import atexit
import json
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, get_args

from eider import config
from eider.budget import HeuristicCounter
from eider.check import name as checked_name
from eider.check import one_of
from eider.clock import Clock, SystemClock
from eider.eider import Eider
from eider.embed import default_embedder
from eider.engine import Engine
from eider.errors import ConfigError, InputError
from eider.protocols import Embedder
from eider.storage.opened import Opened, open_folder
from eider.upkeep import refresh

Mode = Literal["frugal", "balanced", "eager"]
MODES: Final = get_args(Mode)
DEFAULT_STORE: Final = "default"
_open: Final[weakref.WeakSet[Engine]] = weakref.WeakSet()


def open(  # noqa: A001 (the public face)
    store: str | Path | None = None,
    *,
    user: str | None = None,
    agent: str = "default",
    agent_description: str = "",
    mode: Mode = "frugal",
    model: str | None = None,
    scopes: Sequence[str] = (),
    dynamic_scopes: bool = False,
    embedder: Embedder | None = None,
    also: Sequence[str | Path] = (),
    shared: bool | None = None,
    clock: Clock | None = None,
    read_only: bool = False,
    accept_loss: bool = False,
    reembed: bool = False,
) -> Eider:
    """Open a memory.

    Args:
        store: A path is mine: embedded in this process, locked while open. A name is a store under
            `EIDER_HOME`. None is the store that is set, else "default".
        user: Whose memory is meant when a call does not say.
        agent: Name of the agent that learns.
        agent_description: What the agent does; kept with the store.
        mode: How far a model may be asked when learning; "frugal" never asks one.
        model: `provider:model` or `provider/model`, for the modes that ask.
        scopes: Declared scopes.
        dynamic_scopes: Let new scopes be registered as they appear.
        embedder: Turns text into vectors; by default the offline one. A store stays with its embedder.
        also: Published snapshots recalled beneath this store; never written. A snapshot of a single user was
            published for everybody; of one with several each sees their own rows.
        shared: Reserved for stores behind an owner process; `True` needs one.
        clock: Source of the present.
        read_only: Write nothing.
        accept_loss: Open although acknowledged rows were lost from a damaged file.
        reembed: Make all vectors anew where they are another embedder's, instead of refusing.

    Raises:
        StoreLockedError: Another process has it open.
        StoreDamagedError: It cannot be read, or has lost acknowledged rows.
        EmbedderMismatchError: Its vectors are another embedder's.
        InputError: An argument cannot be used.
    """
    one_of(mode, MODES, "mode")
    checked_name(agent, "agent")
    if shared:
        raise InputError("shared=True needs an owner process, which this version does not start; leave it out.")
    if mode != "frugal" and model is None:
        raise ConfigError(f"mode={mode!r} asks a model; pass model='provider:model', or use mode='frugal'.")
    folder = folder_of(store)
    chosen = embedder or _embedder()
    opened = open_folder(folder, chosen, read_only=read_only, accept_loss=accept_loss, reembed=reembed)
    try:
        engine = Engine(
            opened=opened, clock=clock or SystemClock(), embedder=chosen, counter=HeuristicCounter(), agent=agent,
            layers=_layers(also, chosen, clock), name=folder.stem,
        )  # fmt: skip
        if not opened.read_only:
            about = {"description": agent_description, "mode": mode, "model": model, "scopes": list(scopes)}
            _note_agent(opened, agent, {**about, "dynamic_scopes": dynamic_scopes})
            if opened.stale:
                refresh(engine)
            if opened.unclean and opened.files.index.exists():
                engine.jobs.queue("heal")
            engine.jobs.resume()
    except BaseException:
        opened.close()
        raise
    _open.add(engine)
    return Eider(engine, user=user)


@atexit.register
def _at_exit() -> None:
    """What was left open is closed while Python still can: buffered counters are written, nothing complains."""
    for engine in list(_open):
        with suppress(Exception):
            engine.close()


def folder_of(store: str | Path | None) -> Path:
    """Directory a store's name or path means."""
    if store is None:
        store = config.setting("store") or DEFAULT_STORE
    if isinstance(store, str) and not store.strip():
        raise InputError(f"store={store!r} is empty; pass a name or a path.")
    if config.is_path(store):
        return Path(store).expanduser().absolute()
    folder = config.store_path(str(store))
    config.private(folder.parent)
    return folder


def _embedder() -> Embedder:
    wanted = config.setting("embedder") or "default"
    if wanted == "default":
        return default_embedder()
    if wanted == "hash":
        from eider.embed.hashing import HashEmbedder

        return HashEmbedder()
    raise ConfigError(f"embedder {wanted!r} is unknown; set it to 'default' or 'hash'.")


def _layers(paths: Sequence[str | Path], embedder: Embedder, clock: Clock | None) -> tuple[Engine, ...]:
    """Every layer, or none: when one cannot be opened the others are closed."""
    opened: list[Engine] = []
    try:
        opened.extend(_layer(path, embedder, clock) for path in paths)
    except BaseException:
        for layer in opened:
            layer.close()
        raise
    return tuple(opened)


def _layer(path: str | Path, embedder: Embedder, clock: Clock | None) -> Engine:
    folder = folder_of(path)
    opened = open_folder(folder, embedder, read_only=True)
    counter = HeuristicCounter()
    return Engine(opened=opened, clock=clock or SystemClock(), embedder=embedder, counter=counter, name=folder.stem)


def _note_agent(opened: Opened, agent: str, about: dict[str, object]) -> None:
    """Keep an agent's settings with the store; what was noted before stays unless something new is said."""
    name, text = f"agent:{agent}", json.dumps(about, sort_keys=True)
    plain = json.dumps(
        {"description": "", "mode": "frugal", "model": None, "scopes": [], "dynamic_scopes": False}, sort_keys=True
    )
    with opened.store.database.reading() as db:
        known = db.execute("SELECT content FROM meta WHERE name = ?", [name]).fetchall()
    if (known and (text in (known[0][0], plain))) or (not known and text == plain):
        return
    with opened.store.database.writing() as db:
        db.execute("DELETE FROM meta WHERE name = ?", [name])
        db.execute("INSERT INTO meta VALUES (?, ?)", [name, text])
