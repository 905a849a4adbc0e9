"""Pausing: background work, and writing if asked for, of one store or of all; noted in a file, so that it survives restarts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from eider.errors import PausedError
from eider.service.client import dumps, loads, private_folder

_FILE: Final = "paused.json"
EVERY: Final = "*"
"""Stands for all stores."""


def read(home: str) -> dict[str, Any]:
    """Store name, or `*` → {"writes": bool}; empty when nothing is paused."""
    try:
        with open(os.path.join(home, _FILE), encoding="utf-8") as file:
            found = loads(file.read())
    except (OSError, ValueError, StopIteration):
        return {}
    return found if isinstance(found, dict) else {}


def pause(home: str, store: str | None = None, *, writes: bool = False) -> None:
    """Pause background work, and writing as well if asked for."""
    _write(home, {**read(home), store or EVERY: {"writes": writes}})


def resume(home: str, store: str | None = None) -> bool:
    """End a pause; False when there was none. Without a store all pauses end."""
    found = read(home)
    if store is None:
        _write(home, {})
        return bool(found)
    was = found.pop(store, None)
    _write(home, found)
    return was is not None


def check(home: str, store: str) -> None:
    """Raise where writing is paused.

    Raises:
        PausedError: It is; the write is not kept anywhere.
    """
    found = read(home)
    for name in (EVERY, store):
        if found.get(name, {}).get("writes"):
            raise PausedError(None if name == EVERY else store)


def jobs_paused(home: str, store: str) -> bool:
    """Whether background work of a store is paused."""
    found = read(home)
    return EVERY in found or store in found


def _write(home: str, found: Mapping[str, Any]) -> None:
    path = os.path.join(private_folder(home), _FILE)
    if not found:
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        return
    fresh = f"{path}.{os.getpid()}"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(dumps(found))
    os.replace(fresh, path)
