"""Stores in database servers: each kind of address has a plugin that opens it."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, Protocol, cast

from eider.model.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from eider.model.protocols import Embedder
    from eider.store.protocols import Store
    from eider.store.sql.embedder_identity import EmbedderOf

GROUP: Final = "eider.backends"
"""Entry points by the first part of an address; each names a function like `OpensStore`."""


class OpensStore(Protocol):
    """Opens the store at an address."""

    def __call__(
        self, address: str, embedder: Embedder | EmbedderOf, *, read_only: bool = False, reembed: bool = False
    ) -> Store:
        """Open a store, creating it where nothing is."""
        ...


def open_address(
    address: str, embedder: Embedder | EmbedderOf, *, read_only: bool = False, reembed: bool = False
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
        return opens(address, embedder, read_only=read_only, reembed=reembed)
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


def _known() -> list[str]:
    return sorted(f"{entry.name}://" for entry in entry_points(group=GROUP))
