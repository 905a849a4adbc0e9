"""State shared by all conversations over one open memory: the background writer and the agent's last replies."""

from __future__ import annotations

import logging
import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eider.api.background_writer import CLOSE_TIMEOUT, BackgroundWriter
from eider.api.taint import Taint

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.api.facade import Eider

ConversationKey = tuple[Hashable, ...]
"""Host, user and session."""
_CONVERSATIONS: Final = 1_000
_log: Final = logging.getLogger("eider")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReply:
    """The agent's last message in a conversation."""

    text: str = ""
    key: str | None = None
    tainted: bool = False
    """Whether a tool or document was reported since the user last spoke."""


class ConversationState:
    """State of all conversations over one open memory; it keeps no reference to the memory."""

    def __init__(self) -> None:
        """Create the state of a memory in which nothing was said yet."""
        self.writer = BackgroundWriter(_log_lost_write)
        self.retry_at = 0.0
        """`time.monotonic()` before which a server that did not answer is not asked again."""
        self.warned: set[str] = set()
        """Hosts for which a failure was logged, and "over_budget" once that was."""
        self._last_replies: OrderedDict[ConversationKey, LastReply] = OrderedDict()
        self._taints: OrderedDict[ConversationKey, Taint] = OrderedDict()
        self._lock = threading.Lock()

    def last_reply(self, key: ConversationKey) -> LastReply:
        """Return the agent's last message in a conversation; empty where there is none."""
        with self._lock:
            return self._last_replies.get(key, LastReply())

    def taint(self, key: ConversationKey) -> Taint:
        """Return what a conversation has met of tools and documents; of the latest thousand conversations it is kept."""
        with self._lock:
            found = self._taints.get(key)
            if found is None:
                found = self._taints[key] = Taint(lambda: self.last_reply(key).tainted)
            self._taints.move_to_end(key)
            while len(self._taints) > _CONVERSATIONS:
                self._taints.popitem(last=False)
            return found

    def set_last_reply(self, key: ConversationKey, reply: LastReply) -> None:
        """Set the last message of a conversation; those of the latest thousand conversations are kept."""
        with self._lock:
            self._last_replies[key] = reply
            self._last_replies.move_to_end(key)
            while len(self._last_replies) > _CONVERSATIONS:
                self._last_replies.popitem(last=False)


_states: Final[weakref.WeakKeyDictionary[object, ConversationState]] = weakref.WeakKeyDictionary()
_lock: Final = threading.Lock()


def state_of(memory: Eider) -> ConversationState:
    """Return the state of an open memory; all its channels share one."""
    root = getattr(getattr(memory, "_backend", memory), "root", memory)
    with _lock:
        state = _states.get(root)
        if state is None:
            state = ConversationState()
            with suppress(TypeError):  # a server's view of itself lives for one request
                _states[root] = state
        return state


def flush_before_close(backend: Backend, timeout: float = CLOSE_TIMEOUT) -> None:
    """Write what is queued and stop the writer thread; called before a memory closes."""
    with _lock:
        state = _states.get(backend.root)
    if state is not None:
        state.writer.stop(timeout)


def _log_lost_write(error: Exception) -> None:
    _log.error("a background write was lost (%s)", type(error).__name__)
