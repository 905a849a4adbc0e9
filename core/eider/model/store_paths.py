"""Which directory a store's name or path means."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from eider.model import config
from eider.model.errors import InputError

DEFAULT_STORE: Final = "default"
IN_MEMORY: Final = ":memory:"
"""Means a store that lives in this process and is gone when it is closed."""


def is_address(store: object) -> bool:
    """Whether that means a server elsewhere.

    >>> is_address("https://memory.example.org"), is_address("assistant"), is_address("ftp://example.org")
    (True, False, False)
    """
    return isinstance(store, str) and store.startswith(("http://", "https://"))


def is_database(store: object) -> bool:
    """Whether that means a store in a database server.

    >>> is_database("postgresql://db.example.org/notes?schema=work"), is_database("assistant")
    (True, False)
    """
    return isinstance(store, str) and store.startswith(("postgresql://", "postgres://"))


def folder_of(store: str | Path | None) -> Path:
    """Directory a store's name or path means."""
    if store is None:
        store = config.setting("store") or DEFAULT_STORE
    if store == IN_MEMORY:
        raise InputError(
            f"{IN_MEMORY!r} is no place on disk: it lives in the process that opens it; name a store or a path."
        )
    if isinstance(store, str) and not store.strip():
        raise InputError(f"store={store!r} is empty; pass a name or a path.")
    if isinstance(store, str) and "://" in store:
        scheme = store.partition("://")[0]
        raise InputError(f"an address with {scheme}:// means no directory; a server's is https://memory.example.org.")
    if config.is_path(store):
        return Path(store).expanduser().absolute()
    folder = config.store_path(str(store))
    config.private(config.home())  # parents that mkdir makes by the way are open to others
    config.private(folder.parent)
    return folder
