"""The stores one owner holds open: each on demand, each locked while it is, each let go when nobody asks."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eider.errors import EiderError

if TYPE_CHECKING:
    from eider.engine import Engine

IDLE: Final = 900.0
"""Seconds after which a store nobody asked for is closed and its lock given back. A guess."""


@dataclass(slots=True, eq=False)
class Held:
    """One open store and who is at it."""

    engine: Engine
    used: float
    busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Stores:
    """Open stores by directory."""

    def __init__(self, opened: Callable[[Path], Engine], layer: Callable[[str], Engine]) -> None:
        """Start with none.

        Args:
            opened: Opens a directory for writing.
            layer: Opens a published snapshot.
        """
        self._open, self._layer = opened, layer
        self._held: dict[Path, Held] = {}
        self._layers: dict[str, Engine] = {}
        self._opening: dict[Path, threading.Lock] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    def use(self, folder: Path, also: Sequence[str] = ()) -> _Use:
        """A context with the engine of a store, opened if need be."""
        return _Use(self, folder, tuple(also))

    def take(self, folder: Path) -> Held:
        """Open a store if need be and keep it open until `give`."""
        with self._turn(folder):  # one opens, the others of that store wait; other stores go on
            with self._lock:
                held = self._held.get(folder)
            if held is None:
                engine = self._open(folder)
                with self._lock:
                    held = self._held[folder] = Held(engine, time.monotonic())
            with self._lock:
                held.busy += 1
                held.used = time.monotonic()
        return held

    def _turn(self, folder: Path) -> threading.Lock:
        with self._lock:
            return self._opening.setdefault(folder, threading.Lock())

    def give(self, held: Held) -> None:
        """Say that one is done with it."""
        with self._lock:
            held.busy -= 1
            held.used = time.monotonic()
            self._changed.notify_all()

    def view(self, engine: Engine, also: Sequence[str]) -> Engine:
        """The same store with published snapshots beneath it."""
        seen = copy.copy(engine)
        with self._lock:
            for path in also:
                if path not in self._layers:
                    self._layers[path] = self._layer(path)
            seen.layers = tuple(self._layers[path] for path in also)
        return seen

    def release(self, folder: Path, timeout: float = 10.0) -> bool:
        """Close a store and give its lock back, once nobody is at it; False when it was not open."""
        with self._turn(folder):
            with self._lock:
                held = self._held.get(folder)
                if held is None:
                    return False
                self._changed.wait_for(lambda: not held.busy, timeout)
                self._held.pop(folder, None)
            held.engine.close()
        return True

    def sweep(self) -> None:
        """Close what nobody asked for lately, unless it has work to do."""
        now = time.monotonic()
        with self._lock:
            old = [f for f, h in self._held.items() if not h.busy and now - h.used > IDLE]
        for folder in old:
            with suppress(EiderError):
                self.release(folder, 0.0)

    def engines(self) -> Mapping[Path, Engine]:
        """What is open now."""
        with self._lock:
            return {folder: held.engine for folder, held in self._held.items()}

    def close(self) -> None:
        """Close everything; one that fails does not keep the others open."""
        for folder in list(self._held):
            with suppress(Exception):
                self.release(folder)
        for layer in self._layers.values():
            with suppress(Exception):
                layer.close()


class _Use:
    __slots__ = ("_also", "_folder", "_held", "_stores")

    def __init__(self, stores: Stores, folder: Path, also: tuple[str, ...]) -> None:
        self._stores, self._folder, self._also = stores, folder, also
        self._held: Held | None = None

    def __enter__(self) -> Engine:
        self._held = self._stores.take(self._folder)
        return self._stores.view(self._held.engine, self._also) if self._also else self._held.engine

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            self._stores.give(self._held)
