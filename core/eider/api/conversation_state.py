"""What all hosts of one open memory share: who writes for them, and what was said last in each conversation."""

from __future__ import annotations

import logging
import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eider.api.background_writer import AT_CLOSE, Scribe

if TYPE_CHECKING:
    from eider.api.facade import Asks, Eider

Whose = tuple[Hashable, ...]
"""Host, user and session."""
_CONVERSATIONS: Final = 1_000
_log: Final = logging.getLogger("eider")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the agent said last in a conversation."""

    text: str = ""
    key: str | None = None
    tainted: bool = False
    """Whether tools or documents were met since the user last spoke."""


class Talks:
    """The conversations over one open memory. It holds no memory open."""

    def __init__(self) -> None:
        """Nothing was said."""
        self.scribe = Scribe(_lost)
        self.resting = 0.0
        """Until when an owner that did not answer is left alone, as `time.monotonic` tells."""
        self.warned: set[str] = set()
        """Hosts that were told that memory fails."""
        self._said: OrderedDict[Whose, Said] = OrderedDict()
        self._lock = threading.Lock()

    def last(self, whose: Whose) -> Said:
        """What the agent said last."""
        with self._lock:
            return self._said.get(whose, Said())

    def note(self, whose: Whose, said: Said) -> None:
        """Keep it in mind; of a thousand conversations."""
        with self._lock:
            self._said[whose] = said
            self._said.move_to_end(whose)
            while len(self._said) > _CONVERSATIONS:
                self._said.popitem(last=False)


_open: Final[weakref.WeakKeyDictionary[object, Talks]] = weakref.WeakKeyDictionary()
_lock: Final = threading.Lock()


def talks_of(memory: Eider) -> Talks:
    """The conversations over a memory, through whichever channel it is seen."""
    root = _root(getattr(memory, "_asks", memory))
    with _lock:
        talks = _open.get(root)
        if talks is None:
            talks = Talks()
            with suppress(TypeError):  # what the owner sees of itself is made for one occasion
                _open[root] = talks
        return talks


def finish(asks: Asks, timeout: float = AT_CLOSE) -> None:
    """A memory is about to close: write what its hosts have told, and let their thread go."""
    with _lock:
        talks = _open.get(_root(asks))
    if talks is not None:
        talks.scribe.end(timeout)


def _root(asks: object) -> object:
    return getattr(asks, "root", asks)


def _lost(error: Exception) -> None:
    _log.error("a note of a host was lost (%s)", type(error).__name__)
