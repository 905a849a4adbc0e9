"""Outputs cut into passages, kept at hand: an output never changes, and the next step may see it again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from eider.runs.portions import Portions, readable
from eider.store.engine import Engine

_MOST: Final = 4 * 1024 * 1024
"""Characters of the outputs at hand in one store; with their vectors some 12 MB."""


@dataclass(slots=True)
class _Prepared:
    """Outputs of one open store that were cut last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    versions: dict[str, int] = field(default_factory=dict[str, int])
    """User → version of their rows when their outputs were read: whatever is erased is read anew."""
    known: OrderedDict[tuple[str, str], tuple[Portions, int]] = field(
        default_factory=OrderedDict[tuple[str, str], tuple[Portions, int]]
    )
    """(user, digest) → an output and its characters."""
    held: int = 0


_stores: Final[WeakKeyDictionary[Engine, _Prepared]] = WeakKeyDictionary()


def portions_of(engine: Engine, user: str, digest: str, value: Any) -> Portions:
    """Return an output cut into passages.

    Args:
        engine: The store it is kept in.
        user: Whose it is.
        digest: Its name.
        value: The output itself.
    """
    prepared = _stores.setdefault(engine, _Prepared())
    version = engine.version(user)
    with prepared.lock:
        if prepared.versions.get(user) != version:
            prepared.versions[user] = version
            for key in [k for k in prepared.known if k[0] == user]:
                prepared.held -= prepared.known.pop(key)[1]
        if (found := prepared.known.get((user, digest))) is not None:
            prepared.known.move_to_end((user, digest))
            return found[0]
    text = readable(value)
    made = Portions.of(text, engine.embedder)
    with prepared.lock:
        if (user, digest) not in prepared.known and len(text) <= _MOST:
            prepared.known[user, digest] = made, len(text)
            prepared.held += len(text)
        while prepared.held > _MOST:
            prepared.held -= prepared.known.popitem(last=False)[1][1]
    return made
