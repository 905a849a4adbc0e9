"""Opening a memory: what `eider.open` does. Light: what an embedded store needs is imported when one is opened."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from eider.api.facade import Eider
from eider.model import config
from eider.model.errors import ConfigError, InputError
from eider.model.store_paths import DEFAULT_STORE, IN_MEMORY, folder_of, is_address, is_database
from eider.model.validation import name as checked_name
from eider.model.validation import one_of
from eider.model.validation import scopes as checked_scopes

if TYPE_CHECKING:
    from eider.model.clock import Clock
    from eider.model.llm import OwnVendor
    from eider.model.protocols import Embedder, Reranker
    from eider.store.engine import Engine

Mode = Literal["frugal", "balanced", "eager"]
MODES: Final = get_args(Mode)


def open(  # noqa: A001 (the public face)
    store: str | Path | None = None,
    *,
    user: str | None = None,
    agent: str = "default",
    agent_description: str = "",
    mode: Mode = "frugal",
    model: str | OwnVendor | None = None,
    scopes: Sequence[str] = (),
    dynamic_scopes: bool = False,
    embedder: str | Embedder | None = None,
    encoder: str | Embedder | None = None,
    reranker: str | Reranker | None = None,
    layers: Sequence[str | Path] = (),
    shared: bool | None = None,
    token: str | None = None,
    clock: Clock | None = None,
    read_only: bool = False,
    accept_loss: bool = False,
    reembed: bool = False,
    index: str | None = None,
) -> Eider:
    """Open a memory.

    Args:
        store: A path is mine: embedded in this process, locked while open. A name is a store under
            `EIDER_HOME`, shared by all processes. An `https://…` address is a remote server, with `#name` a certain
            store of it. A `postgresql://host/database?schema=name` address is a store in PostgreSQL, which many
            processes may open at once. ":memory:" is an empty store in this process that is gone when it is closed: for tests and
            for agents that shall keep nothing. None is the store that is set, else "default".
        user: Whose memory is meant when a call does not say.
        agent: Name of the agent that learns.
        agent_description: What the agent does; kept with the store.
        mode: How far a model may be asked when learning; "frugal" never asks one.
        model: `provider:model` or `provider/model`, for the modes that ask; or one that this process brings itself,
            such as a framework's, which embeds the store here.
        scopes: Declared scopes.
        dynamic_scopes: Let new scopes be registered as they appear.
        embedder: Turns text into vectors: a name such as "openai:text-embedding-3-small" or "onnx", or an object of
            your own. None: the store's own; for a new store the one that is set, else the offline one.
        encoder: Looks at the 100 best candidates of a recall again: "onnx" (extra `onnx`), another name, or an object
            as for `embedder`. By default the one that is set, else none.
        reranker: Reads the 32 best beside the question: a name such as "cohere:rerank-v3.5", or an object of your own.
            By default the one that is set, else none.
        layers: Published snapshots recalled beneath this store; never written. A snapshot of a single user was
            published for everybody; of one with several each sees their own rows.
        shared: Through the server process, which is started if need be, so that many processes may ask. By default a
            name is shared and a path is not.
        token: What a remote server (`https://…` as the store) wants to see.
        clock: Source of the present.
        read_only: Write nothing.
        accept_loss: Open although acknowledged rows were lost from a damaged file.
        reembed: Make all vectors anew where they are another embedder's, instead of refusing.
        index: `s3://bucket/prefix`, where the search index of a store in PostgreSQL shall be; the store notes it. Address
            and keys come from `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION`.

    Raises:
        StoreLockedError: Another process has it open.
        StoreDamagedError: It cannot be read, or has lost acknowledged rows.
        EmbedderMismatchError: Its vectors are another embedder's.
        ServerError: The server process refuses, or does not answer.
        InputError: An argument cannot be used.
        ConfigError: The mode asks a model and none is named, or its name names no provider.
        MissingExtraError: What asks the model is not installed.
    """
    store = _meant(store, token)
    one_of(mode, MODES, "mode")
    checked_name(agent, "agent")
    if mode != "frugal" and model is None:
        raise ConfigError(f"mode={mode!r} asks a model; pass model='provider:model', or use mode='frugal'.")
    if mode != "frugal":
        config.scope_threshold()
    own, model = (None, model) if model is None or isinstance(model, str) else (model, model.name)
    if model is not None:
        from eider.providers.llm import spec_of

        spec_of(model)
    declared = list(checked_scopes(scopes) or ())
    about: dict[str, object] = {"description": agent_description, "mode": mode, "model": model, "scopes": declared}
    about["dynamic_scopes"] = dynamic_scopes
    mine = {
        "model": own,
        "embedder": embedder,
        "encoder": encoder,
        "reranker": reranker,
        "clock": clock,
        "read_only": read_only,
        "accept_loss": accept_loss,
        "reembed": reembed,
        "index": index,
    }
    if is_shared(store, shared=shared, mine=mine):
        from eider.api.remote_backend import connect

        backend = connect(store, user=user, agent=agent, layers=layers, token=token, about=about)
        if backend is not None:
            return Eider(backend, user=user)
    from eider.api.embedded_backend import EmbeddedBackend
    from eider.privacy.ingress import Channel

    if mode != "frugal" and model is not None and own is None:
        from eider.providers.llm import check

        check(model)
    engine = _embedded(
        store,
        layers=layers,
        embedder=embedder,
        clock=clock,
        read_only=read_only,
        accept_loss=accept_loss,
        reembed=reembed,
        encoder=encoder,
        reranker=reranker,
        index=index,
    )
    try:
        engine.agents.save(agent, about)
        if own is not None:
            engine.agents.bring(own)
    except BaseException:
        engine.close()
        raise
    return Eider(EmbeddedBackend(engine, Channel(agent=agent)), user=user)


def _embedded(
    store: str | Path | None, *, layers: Sequence[str | Path], embedder: str | Embedder | None, clock: Clock | None,
    read_only: bool, accept_loss: bool, reembed: bool, encoder: str | Embedder | None, reranker: str | Reranker | None,
    index: str | None,
) -> Engine:  # fmt: skip
    """Open a store in this process: in memory, or its directory, which a server that runs lets go of first."""
    from eider.api.local import open_engine, open_memory_engine

    if index is not None and not is_database(store):
        raise InputError(f"index={index!r:.100} is for a store in PostgreSQL; one in files has its index beside it.")
    if store == IN_MEMORY:
        return open_memory_engine(embedder=embedder, clock=clock, layers=layers, encoder=encoder, reranker=reranker)
    if is_database(store):
        if accept_loss:
            raise InputError("accept_loss= is for a store in files; leave it out where it is in a database server.")
        return open_engine(
            str(store), layers=layers, embedder=embedder, clock=clock, read_only=read_only, reembed=reembed,
            encoder=encoder, reranker=reranker, index=index,
        )  # fmt: skip
    folder = folder_of(store)
    if store is None or not config.is_path(store):
        release(folder)
    return open_engine(
        folder,
        layers=layers,
        embedder=embedder,
        clock=clock,
        read_only=read_only,
        accept_loss=accept_loss,
        reembed=reembed,
        encoder=encoder,
        reranker=reranker,
    )


def _meant(store: str | Path | None, token: str | None) -> str | Path | None:
    """The store as passed, or the address of a server elsewhere where that is set."""
    if store is not None and not isinstance(store, (str, Path)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"store={store!r:.40} is {type(store).__name__}; pass a path, a name or an https:// address.")
    chosen = config.setting("store")
    if store is None and (is_address(chosen) or is_database(chosen)):
        store = chosen
    if token is not None and not is_address(store):
        raise InputError("token= is for a server elsewhere; pass its https:// address as the store.")
    return store


def is_shared(store: str | Path | None, *, shared: bool | None, mine: Mapping[str, object]) -> bool:
    """Whether a store is asked for through the server: a name is, unless this process brings what a server cannot have.

    Raises:
        InputError: What was passed needs the store in this process, and `shared=True` forbids that.
    """
    if store == IN_MEMORY:
        return _in_memory(shared=shared, mine=mine)
    if is_database(store):
        if shared:
            raise InputError("shared=True is for a name: make one with eider store create NAME --backend postgres.")
        return False
    if is_address(store):
        shared = True
    own = [name for name, given in mine.items() if given]
    if shared and own:
        raise InputError(
            f"{own[0]}= belongs to a store in this process; leave it out, or pass a path and no shared=True."
        )
    if shared is None:
        named = store is None or not config.is_path(store)
        if store is None and config.is_path(config.setting("store") or DEFAULT_STORE):
            return False
        return named and not own and config.setting("server") != "off"
    return shared


def _in_memory(*, shared: bool | None, mine: Mapping[str, object]) -> bool:
    """Refuse what a store in memory cannot be; it is never shared."""
    if shared:
        raise InputError(f"a store {IN_MEMORY!r} belongs to one process; leave out shared=True, or name a store.")
    if refused := [name for name in ("read_only", "accept_loss", "reembed") if mine.get(name)]:
        raise InputError(
            f"{refused[0]}= is for a store on disk; leave it out, or pass a path instead of {IN_MEMORY!r}."
        )
    return False


def release(folder: Path) -> None:
    """Ask a server that runs to let go of a store; nothing where there is none."""
    if sys.platform == "win32":
        return
    from eider.client.client import Client, ClientError

    client = Client(spawn=False, spool=False, timeout=15.0)
    with suppress(ClientError):
        if client.is_running():
            client.ask("POST", "/v1/server/release", {"store": str(folder)})
    client.close()
