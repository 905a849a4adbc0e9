"""What adapters of vendors' clients share: a turn read from a request, its report to memory, and memory for the request."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeVar

from eider.model.validation import one_of

if TYPE_CHECKING:
    from eider.api.conversation import Conversation

T = TypeVar("T")
NameOrFunction = str | Callable[[], str] | None
_TURNS: Final = 512
"""Turns whose memory is kept ready, so that a loop of tools is sent the same system prompt at every step. A guess."""
_log: Final = logging.getLogger("eider")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolText:
    """What a tool or a document said within a turn."""

    text: str
    source: Literal["tool", "document"]
    place: str
    """Names it within its conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the user said last, and what has come since."""

    prompt: str
    place: str
    """Names the message within its conversation."""
    answering: str | None
    """What the agent had said before it; empty at the beginning, None where only the server knows."""
    answering_place: str | None
    said: str
    """Names the answer that the request asks for."""
    met: tuple[ToolText, ...]
    tainted: bool
    """Whether the agent's own tools showed it something that nobody vouches for."""


class RecentItems(Generic[T]):
    """The latest items by name; thread-safe."""

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        self._most, self._lock = most, threading.Lock()
        self._held: OrderedDict[object, T] = OrderedDict()

    def get(self, name: object) -> T | None:
        """Return the item of a name."""
        with self._lock:
            return self._held.get(name)

    def put(self, name: object, value: T) -> bool:
        """Store an item; return True if it is new."""
        with self._lock:
            new = name not in self._held
            self._held[name] = value
            while len(self._held) > self._most:
                self._held.popitem(last=False)
            return new


class TurnReport:
    """Report of one turn: each message once, in order."""

    def __init__(self, listener: ClientListener, conversation: Conversation, turn: Turn) -> None:
        """Report nothing yet."""
        self.conversation, self.turn, self._listener = conversation, turn, listener

    def report_user(self) -> None:
        """Report the user's words once, then tool results and documents."""
        turn, key = self.turn, self._key(self.turn.place)
        if self._listener.is_new(key):
            before = turn.answering_place
            self.conversation.user_said(
                turn.prompt, answering=turn.answering, key=key, answering_key=before and self._key(before)
            )
        for met in turn.met:
            if self._listener.is_new(name := self._key(met.place)):
                self.conversation.tool_said(met.text, source=met.source, key=name)

    def report_agent(self, text: str, *, outside: bool = False) -> None:
        """Report the agent's words once.

        Args:
            text: The words.
            outside: Whether the web, a file or another server had a part in them.
        """
        key = self._key(self.turn.said)
        if text.strip() and self._listener.is_new(key):
            self.conversation.agent_said(text, key=key, tainted=outside or self.turn.tainted)

    def _key(self, place: str) -> str:
        """An idempotency key from coordinates: host, conversation, place."""
        session = self.conversation.session or ""
        return f"{self._listener.host}:{session[:96]}:{place[:128]}"


class ClientListener:
    """Finds whose conversation a call of a client is, and what memory adds to it; its errors never fail a request."""

    def __init__(
        self, conversation: Conversation, host: str, *, user: NameOrFunction, session: NameOrFunction, speaker: NameOrFunction
    ) -> None:  # fmt: skip
        """Create it for a wrapped client; names are texts, or functions that are asked at each call."""
        self.conversation, self.host = conversation, host
        self._user, self._session, self._speaker = user, session, speaker
        self._known = RecentItems[tuple[str, ...]](_TURNS)
        self._told = RecentItems[bool](_TURNS)
        self._warned = False

    def identified(self, session: str | None = None) -> tuple[Conversation, bool]:
        """Return the conversation of the call that begins, and whether the person speaks in it.

        Args:
            session: Name of the conversation where the host gave none.

        Raises:
            InputError: Nobody said whose memory it is, or the speaker is neither "user" nor "agent".
        """
        user, given, speaker = (n() if callable(n) else n for n in (self._user, self._session, self._speaker))
        conversation = self.conversation.of(user=user, session=given or session)
        conversation.require_user()
        return conversation, one_of(speaker, ("user", "agent"), "speaker") == "user"

    def memory_texts(self, conversation: Conversation, turn: Turn, existing: str) -> tuple[str, ...]:
        """Return policy and recalled lines, in that order, since the policy changes less often; the same within a turn."""
        name = (conversation.user, conversation.session, turn.place)
        known = self._known.get(name)
        if known is None:
            policy = conversation.guidance(existing)
            recalled = conversation.context(turn.prompt, without=[m.id for m in policy.memories])
            known = tuple(text for text in (policy.text, recalled.text) if text)
            self._known.put(name, known)
        return known

    def is_new(self, name: str) -> bool:
        """Return whether something is reported for the first time; the store's keys hold beyond this process."""
        return self._told.put(name, True)

    def warn_of_failure(self, error: Exception) -> None:
        """Log once that memory did not follow."""
        if not self._warned:
            self._warned = True
            _log.warning("memory did not follow a request (%s); the client goes on without it", type(error).__name__)
