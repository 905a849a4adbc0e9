"""The stores a server holds open: opened on demand, locked, and closed when idle."""

from __future__ import annotations

import copy
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eider.model.errors import EiderError, ServerBusyError

if TYPE_CHECKING:
    from eider.store.engine import Engine

IDLE: Final = 900.0
"""Seconds after which a store nobody asked for is closed and its lock given back. A guess."""
_Key = tuple[Path, tuple[int, int] | None]
"""A store by its directory; a snapshot by its directory and what that is on the disk: one that replaces it is another."""


@dataclass(slots=True, eq=False)
class OpenStore:
    """One open store and its number of users."""

    engine: Engine
    used: float
    busy: int = 0


class OpenStores:
    """Open stores by directory."""

    def __init__(self, opened: Callable[[Path], Engine], layer: Callable[[Path], Engine]) -> None:
        """Create it without open stores.

        Args:
            opened: Opens a directory for writing.
            layer: Opens a published snapshot.
        """
        self._open, self._layer = opened, layer
        self._held: dict[_Key, OpenStore] = {}
        self._opening: dict[Path, threading.Lock] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._ended = False

    def use(self, folder: Path, layers: Sequence[Path] = ()) -> _Use:
        """Return a context with the engine of a store, opened if needed, and its layers."""
        return _Use(self, folder, layers)

    def acquire(self, folder: Path) -> OpenStore:
        """Open a store if needed and keep it open until `give_back`.

        Raises:
            ServerBusyError: The server ends; the next one answers.
        """
        return self._acquire((folder, None), self._open)

    def acquire_layer(self, folder: Path) -> OpenStore:
        """Open a snapshot as `acquire` does; reopen it if it was published again."""
        try:
            found = os.stat(folder)
        except OSError:  # opening it says what is wrong
            return self._acquire((folder, (0, 0)), self._layer)
        return self._acquire((folder, (found.st_dev, found.st_ino)), self._layer)

    def _acquire(self, key: _Key, opened: Callable[[Path], Engine]) -> OpenStore:
        with self._folder_lock(key[0]):  # one opens, the others of that store wait; other stores go on
            with self._lock:
                held, ended = self._held.get(key), self._ended
            if held is None:
                if ended:
                    raise ServerBusyError(0)
                held = OpenStore(opened(key[0]), time.monotonic())
            with self._lock:
                self._held[key] = held
                held.busy += 1
                held.used = time.monotonic()
        return held

    def _folder_lock(self, folder: Path) -> threading.Lock:
        with self._lock:
            return self._opening.setdefault(folder, threading.Lock())

    @contextmanager
    def engine_if_open(self, folder: Path) -> Generator[Engine | None]:
        """Return a context with the engine of an open store; if None, nobody opens it meanwhile."""
        with self._folder_lock(folder):
            with self._lock:
                held = self._held.get((folder, None))
                if held is not None:
                    held.busy += 1
            if held is None:
                yield None
                return
        try:
            yield held.engine
        finally:
            self.give_back(held)

    def give_back(self, held: OpenStore) -> None:
        """Release a store that was acquired."""
        with self._lock:
            held.busy -= 1
            held.used = time.monotonic()
            self._changed.notify_all()

    def release(self, folder: Path, timeout: float = 10.0) -> bool:
        """Close a store once it is unused; return False if it was not open or stays in use."""
        return self._release((folder, None), timeout)

    def _release(self, key: _Key, timeout: float, *, force: bool = False) -> bool:
        with self._folder_lock(key[0]):
            with self._lock:
                held = self._held.get(key)
                if held is None:
                    return False
                if not self._changed.wait_for(lambda: not held.busy, timeout) and not force:
                    return False  # closed under a request it would fail for a reason that is none of its own
                del self._held[key]
            held.engine.close()
        return True

    def close_idle(self) -> None:
        """Close idle stores that have no work to do."""
        now = time.monotonic()
        with self._lock:
            old = [(k, h.engine) for k, h in self._held.items() if not h.busy and now - h.used > IDLE]
        for key, engine in old:
            with suppress(EiderError):
                if key[1] is not None or not engine.jobs.busy():
                    self._release(key, 0.0)

    def engines(self) -> Mapping[Path, Engine]:
        """Return the engines of the open stores."""
        with self._lock:
            return {folder: held.engine for (folder, layer), held in self._held.items() if layer is None}

    def close(self) -> None:
        """Close all stores and open no more; a failure of one does not keep others open."""
        with self._lock:
            self._ended = True
            opening = list(self._opening.values())
        for turn in opening:  # what is being opened now is there once its turn is over
            with turn:
                pass
        for key in list(self._held):
            with suppress(Exception):
                self._release(key, 10.0, force=True)


class _Use:
    __slots__ = ("_folder", "_held", "_layers", "_stores")

    def __init__(self, stores: OpenStores, folder: Path, layers: Sequence[Path]) -> None:
        self._stores, self._folder, self._layers = stores, folder, layers
        self._held: list[OpenStore] = []

    def __enter__(self) -> Engine:
        self._held.append(self._stores.acquire(self._folder))
        try:
            for folder in self._layers:
                self._held.append(self._stores.acquire_layer(folder))
        except BaseException:
            self.__exit__()
            raise
        engine, *layers = (held.engine for held in self._held)
        if not layers:
            return engine
        seen = copy.copy(engine)
        seen.layers = tuple(layers)
        return seen

    def __exit__(self, *_: object) -> None:
        while self._held:
            self._stores.give_back(self._held.pop())
