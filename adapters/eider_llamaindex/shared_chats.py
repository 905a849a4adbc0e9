"""The conversations of one open memory: one window for each, however many chat stores and `Memory` objects show it."""

from __future__ import annotations

import threading
import weakref
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from llama_index.core.base.llms.types import ChatMessage

from eider.api.conversation_state import state_of
from eider_llamaindex.identity import HOST
from eider_llamaindex.window import ChatWindow

if TYPE_CHECKING:
    from eider import Conversation, Eider, Episode

MAX_RESTORED: Final = 100
"""Messages of an earlier process that a conversation goes on from. A guess: more is recalled, not repeated."""
_MAX_CHATS: Final = 1_000
"""Conversations kept at hand; an older one is restored when it goes on. A guess."""
_ROLES: Final = {"user": "user", "agent": "assistant"}


@dataclass(slots=True, kw_only=True)
class Chat:
    """What is known of one user's conversation."""

    restored: bool = False
    seq: int = -1
    """Place of the last utterance in memory that the window has."""
    reported: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """How often each (role, text) was reported."""
    answer: str = ""
    answer_key: str | None = None
    """The agent's last words that came from memory, and the key they are kept under."""
    own: set[str] = field(default_factory=set[str])
    """Keys of what was reported here and not yet met in memory."""

    def new_key(self) -> str:
        """Return a key to report a message under."""
        key = f"{HOST}:{uuid4().hex}"
        self.own.add(key)
        return key

    def take(self, spoken: Sequence[Episode]) -> list[ChatMessage]:
        """Take in what memory holds beyond the window; returns it as messages, the first of all being the user's."""
        news: list[ChatMessage] = []
        for episode in spoken:
            self.seq = max(self.seq, episode.seq)
            key = (episode.key or "").removesuffix(":user").removesuffix(":agent")
            if key in self.own:
                self.own.discard(key)
                continue
            if not (news or self.restored) and episode.role != "user":
                continue
            news.append(ChatMessage(role=_ROLES[episode.role], content=episode.text))
            self.reported[news[-1].role.value, episode.text] += 1
            if episode.role == "agent":
                self.answer, self.answer_key = episode.text, episode.key
        self.restored = True
        return news


class SharedChats:
    """Windows and states of all conversations over one open memory."""

    def __init__(self) -> None:
        """Begin without any."""
        self.window = ChatWindow()
        self._chats: OrderedDict[str, Chat] = OrderedDict()
        self._lock = threading.Lock()

    def chat(self, name: str) -> Chat:
        """Return the conversation of a name, which is unique for user and session."""
        with self._lock:
            found = self._chats.setdefault(name, Chat())
            self._chats.move_to_end(name)
            while len(self._chats) > _MAX_CHATS:
                old, _ = self._chats.popitem(last=False)
                self.window.drop(old)
            return found


def spoken_after(conversation: Conversation, seq: int) -> list[Episode]:
    """Return what users and agents said in a conversation after a place, oldest first; at most the last hundred."""
    page = conversation.memory.search(
        user=conversation.user, session=conversation.session, kinds=["episode"], limit=1 if seq >= 0 else MAX_RESTORED
    )
    found = [r.episode for r in page.items if r.episode is not None]
    if seq >= 0 and found and found[0].seq > seq:
        page = conversation.memory.search(
            user=conversation.user, session=conversation.session, kinds=["episode"], limit=MAX_RESTORED
        )
        found = [r.episode for r in page.items if r.episode is not None]
    return sorted((e for e in found if e.role in _ROLES and e.seq > seq), key=lambda episode: episode.seq)


_shared: Final[weakref.WeakKeyDictionary[object, SharedChats]] = weakref.WeakKeyDictionary()
_lock: Final = threading.Lock()


def shared_chats(memory: Eider) -> SharedChats:
    """Return the conversations of an open memory; all its channels share them."""
    with _lock:
        return _shared.setdefault(state_of(memory), SharedChats())
