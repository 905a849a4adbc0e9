"""Pauses background work, and optionally writes, of one store or of all; stored in a file."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from eider.client.client import dumps, loads
from eider.model.errors import PausedError

_FILE: Final = "paused.json"
ALL_STORES: Final = "*"
"""Stands for all stores."""

Store = str | os.PathLike[str] | None
"""A name, a directory, or the store that is set."""
Pauses = dict[str, dict[str, bool]]
"""Label of a store, or `*` → {"writes": whether writing is paused too}."""


def store_label(home: str, store: Store) -> str:
    """Return a store's label: its name, or for a directory elsewhere its full path.

    >>> store_label("/h", "/h/stores/notes.eider"), store_label("/h", "/mine/notes.eider"), store_label("/h", "notes")
    ('notes', '/mine/notes.eider', 'notes')
    """
    chosen = os.environ.get("EIDER_STORE") or _read_object(home, "config.json").get("store") or "default"
    given = os.path.expanduser(str(chosen if store is None else store))
    if os.sep not in given and not given.endswith(".eider"):
        return given
    folder, name = os.path.split(os.path.abspath(given))
    if folder == os.path.join(os.path.abspath(home), "stores") and name.endswith(".eider"):
        return name.removesuffix(".eider")
    return os.path.join(folder, name)


def read(home: str) -> Pauses:
    """Return what is paused; empty if nothing is."""
    found = _read_object(home, _FILE)
    return {str(k): {"writes": bool(v.get("writes"))} for k, v in found.items() if isinstance(v, dict)}


def _read_object(home: str, name: str) -> dict[str, Any]:
    """Read a JSON object from a file of the home; empty if it is missing or unreadable."""
    try:
        with open(os.path.join(home, name), encoding="utf-8") as file:
            found = loads(file.read())
    except (OSError, ValueError, StopIteration):
        return {}
    return found if isinstance(found, dict) else {}


def pause(home: str, store: Store = None, *, writes: bool = False) -> None:
    """Pause background work, and writes if asked for, of a store or (None) of all stores."""
    name = ALL_STORES if store is None else store_label(home, store)
    with _file_lock(home):
        found = read(home)
        found[name] = {"writes": writes or found.get(name, {}).get("writes", False)}
        _write(home, found)


def resume(home: str, store: Store = None, *, writes: bool = False) -> bool:
    """End a pause; return False if there was none.

    Args:
        home: `EIDER_HOME`.
        store: Which; without one all pauses end.
        writes: Only let writing go on; background work stays paused.
    """
    with _file_lock(home):
        found = read(home)
        meant = list(found) if store is None else [name for name in found if name == store_label(home, store)]
        if writes:
            meant = [name for name in meant if found[name]["writes"]]
            _write(home, {k: {"writes": False} if k in meant else v for k, v in found.items()})
        else:
            _write(home, {k: v for k, v in found.items() if k not in meant})
    return bool(meant)


def check_writes_allowed(home: str, store: Store) -> None:
    """Raise if writing is paused.

    Raises:
        PausedError: It is; the write is not kept anywhere.
    """
    if not (found := read(home)):
        return
    for name in (ALL_STORES, store_label(home, store)):
        if found.get(name, {}).get("writes"):
            raise PausedError(None if name == ALL_STORES else name)


def jobs_paused(home: str, store: Store) -> bool:
    """Return whether background work of a store is paused."""
    found = read(home)
    return bool(found) and (ALL_STORES in found or store_label(home, store) in found)


@contextmanager
def _file_lock(home: str) -> Generator[None]:
    """Lock the file of pauses, so that two processes do not overwrite each other's changes."""
    import fcntl

    os.makedirs(home, mode=0o700, exist_ok=True)
    lock = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(home: str, found: Mapping[str, Mapping[str, bool]]) -> None:
    path = os.path.join(home, _FILE)
    if not found:
        with suppress(FileNotFoundError):
            os.unlink(path)
        return
    fresh = f"{path}.{os.getpid()}"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(dumps(found))
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
