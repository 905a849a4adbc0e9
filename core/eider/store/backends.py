"""Stores in database servers: each kind of address has a plugin that opens it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from eider.model.errors import InputError, MissingExtraError
from eider.model.store_paths import refuse_password
from eider.store.lock import OwnerLock

if TYPE_CHECKING:
    from eider.model.protocols import Embedder
    from eider.store.protocols import Connection, Store
    from eider.store.sql.embedder_identity import EmbedderOf

GROUP: Final = "eider.backends"
"""Entry points by the first part of an address; each names a function like `OpensStore`."""


ADDRESS: Final = "address"
"""File in a store's directory that says in which database server its rows are."""


class OpensStore(Protocol):
    """Opens the store at an address."""

    def __call__(
        self,
        address: str,
        embedder: Embedder | EmbedderOf,
        *,
        read_only: bool = False,
        reembed: bool = False,
        index: str | None = None,
    ) -> Store:
        """Open a store, creating it where nothing is."""
        ...


def open_address(
    address: str,
    embedder: Embedder | EmbedderOf,
    *,
    read_only: bool = False,
    reembed: bool = False,
    index: str | None = None,
) -> Store:
    """Open the store at the address of a database server.

    Raises:
        InputError: No plugin knows such addresses.
        MissingExtraError: What the plugin needs is not installed.
    """
    scheme = address.partition("://")[0]
    for entry in entry_points(group=GROUP, name=scheme):
        try:
            opens = cast("OpensStore", entry.load())
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                error.name or scheme, entry.value.partition(".")[0].removeprefix("eider_")
            ) from error
        return opens(address, embedder, read_only=read_only, reembed=reembed, index=index)
    raise InputError(f"no plugin opens addresses with {scheme}://; known are {', '.join(_known()) or 'none'}.")


def exists_at(address: str) -> bool:
    """Return whether there is a store at the address of a database server; makes none.

    Raises:
        InputError: No plugin knows such addresses.
    """
    scheme = address.partition("://")[0]
    for entry in entry_points(group=GROUP, name=scheme):
        entry.load()
        return cast("bool", import_module(entry.module).exists(address))
    raise InputError(f"no plugin opens addresses with {scheme}://; known are {', '.join(_known()) or 'none'}.")


def address_in(folder: Path) -> str | None:
    """Return the address of the database server that has a store's rows; None where its directory has them."""
    try:
        return (folder / ADDRESS).read_text(encoding="utf-8").strip()
    except OSError:  # what is wrong with the directory is said by whoever opens it
        return None


def make_named(folder: Path, address: str) -> None:
    """Let a directory stand for the store at an address, which is made there if need be.

    Raises:
        InputError: A password is written into the address; what is kept in a file is read by backups and shown by tools.
    """
    refuse_password(address)
    folder.mkdir(mode=0o700, parents=True)
    descriptor = os.open(folder / ADDRESS, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{address}\n")
        file.flush()
        os.fsync(file.fileno())


def open_named(
    folder: Path, address: str, embedder: Embedder | EmbedderOf, *, read_only: bool = False, reembed: bool = False
) -> Store:
    """Open the store in a database server that a directory stands for; other machines may have it open as well.

    Raises:
        StoreLockedError: Another process of this machine has it open by this directory.
    """
    lock = OwnerLock(folder, shared=read_only)
    try:
        store = open_address(address, embedder, read_only=read_only, reembed=reembed)
    except BaseException:
        lock.close()
        raise
    store.place = replace(store.place, name=folder.stem, folder=folder)
    store.connection = _Locked(store.connection, lock)
    return store


class _Locked:
    """A connection that lets go of a lock when it is closed."""

    def __init__(self, connection: Connection, lock: OwnerLock) -> None:
        self._connection, self._lock = connection, lock

    @property
    def forked(self) -> bool:
        return self._connection.forked

    def check(self) -> None:
        self._connection.check()

    def turn(self) -> AbstractContextManager[None]:
        return self._connection.turn()

    def close(self) -> None:
        self._connection.close()
        self._lock.close()


def _known() -> list[str]:
    return sorted(f"{entry.name}://" for entry in entry_points(group=GROUP))
