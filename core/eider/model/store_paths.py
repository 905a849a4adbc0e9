"""Which directory a store's name or path means."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from eider.model import config
from eider.model.errors import InputError

DEFAULT_STORE: Final = "default"
IN_MEMORY: Final = ":memory:"
"""Means a store that lives in this process and is gone when it is closed."""

_SECRETS: Final = ("password", "sslpassword", "oauth_client_secret")
"""Settings of libpq that nobody else may read."""


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


def has_password(address: str) -> bool:
    """Whether a password is written into the address of a database.

    >>> has_password("postgresql://ada:secret@db/notes"), has_password("postgresql://ada@db/notes")
    (True, False)
    """
    from urllib.parse import parse_qsl, urlsplit

    parts = urlsplit(address)
    named = [name for name, _ in parse_qsl(parts.query)]
    return bool(parts.password) or any(name in _SECRETS for name in named)


def refuse_password(address: str | None) -> None:
    """Refuse an address with a password where others would see it.

    Raises:
        InputError: One is written into it.
    """
    if address is not None and is_database(address) and has_password(address):
        raise InputError(
            "a password in the address would be seen by others, in the list of processes or in a file; put it into ~/.pgpass or a "
            "service file."
        )


def shown_place(store: Path | str) -> str:
    """Return a store's path, name or address as it may be printed: of an address the database and the schema alone.

    >>> shown_place("postgresql://ada:secret@db:5433/notes?schema=work&password=secret")
    'postgresql://db:5433/notes?schema=work'
    """
    if not is_database(store):
        return str(store)
    from urllib.parse import parse_qsl, urlencode, urlsplit

    try:
        parts = urlsplit(str(store))
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
        kept = [(name, value) for name, value in parse_qsl(parts.query) if name in ("schema", "service")]
    except ValueError:
        return f"{str(store).partition('://')[0]}://…"
    if "@" in parts.path or parts.fragment:  # it begins within a password that has to be written otherwise
        return f"{parts.scheme}://…"
    return f"{parts.scheme}://{host}{parts.path}{f'?{urlencode(kept)}' if kept else ''}"


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
