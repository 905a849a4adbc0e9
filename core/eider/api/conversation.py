"""A companion: one conversation's memory, as a host holds it.

Hosts differ; what they need of a memory does not. Before a turn: what to obey, and what helps with this prompt. After
it: what was said, learned from by itself. Nothing of this may fail a host, keep it waiting, or be learned twice.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from eider.api import tools
from eider.api.conversation_state import Said, Whose, talks_of
from eider.model.errors import InputError, OwnerBusyError, OwnerUnreachableError, QueuedError
from eider.model.validation import MAX_TEXT

if TYPE_CHECKING:
    from eider.api.facade import Eider
    from eider.model.answers import Injection, Policy
    from eider.model.requests import When
    from eider.model.values import Origin

T = TypeVar("T")
Source = Literal["tool", "document"]
PATIENCE: Final = 2.0
"""Seconds a host waits for an owner process that does not answer."""
REST: Final = 30.0
"""Seconds an owner that does not answer is left alone before it is asked again. A guess."""
STANDING: Final = ("rule", "preference", "decision")
"""What guides whatever the work is about; without a context nobody knows which facts matter."""
MET: Final = 100_000
"""Characters kept of one output of a tool, or one page. A guess."""
_log: Final = logging.getLogger("eider")


class _Hall:
    """A host at one memory: the doors it goes through. What all conversations over a memory share are its talks."""

    def __init__(self, memory: Eider, host: str) -> None:
        self.memory, self.host = memory, host
        self.user, self.agent = memory.through(host, "user"), memory.through(host, "agent")
        self.reader = self.user.patient(PATIENCE)
        self.talks = talks_of(memory)
        self._nameless = object()

    def whose(self, user: str | None, session: str | None) -> Whose:
        """A conversation among all over this memory; one without a name is nobody else's."""
        return self.host, self.memory.user if user is None else user, self._nameless if session is None else session

    def tell(self, note: Callable[[], object]) -> None:
        """Have something written soon, in the order of telling."""
        self.talks.scribe.tell(partial(self._written, note))

    def _written(self, note: Callable[[], object]) -> None:
        try:
            note()
        except Exception as error:  # noqa: BLE001 (a host goes on whatever happens to its memory)
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Say once that memory fails; the host goes on without it. What is queued is kept, so nothing failed."""
        if self.host not in self.talks.warned and not isinstance(error, QueuedError):
            self.talks.warned.add(self.host)
            _log.warning("memory fails and %s goes on without it: %s", self.host, tools.told(error)["error"]["message"])

    def exceeded(self, policy: Policy) -> None:
        """Say once that what the user pinned is more than the host has room for; it is given all the same."""
        if "over_budget" not in self.talks.warned:
            self.talks.warned.add("over_budget")
            _log.warning("%s; %d are left out", policy.why, len(policy.left_out))

    def asked(self, ask: Callable[[], T], instead: Callable[[str], T]) -> T:
        """An answer of memory, or where it fails or rests after it failed `instead`, which is told why."""
        if time.monotonic() < self.talks.resting:
            return instead("memory does not answer, and is asked again soon")
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 (a host goes on whatever happens to its memory)
            if isinstance(error, (OwnerUnreachableError, OwnerBusyError)):
                self.talks.resting = time.monotonic() + REST
            self.failed(error)
            return instead(f"memory does not answer: {tools.told(error)['error']['message']}")


class Companion:
    """One conversation's memory. Safe to share between threads; what is told is written behind, in its order.

    Making one costs microseconds, so make one for each turn if that is easier: all of one open memory share a thread,
    and what was said last in the conversations that have names.

    companion = Companion(memory, user="ada", session="chat-7", host="my-app")
    system = companion.guidance().text + companion.recalled(prompt).text
    companion.heard(prompt)
    companion.said(answer)
    """

    __slots__ = ("_hall", "budget", "context", "loop", "scopes", "session", "user")

    def __init__(
        self, memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
        context: str | None = None, budget: int = 400, loop: str | None = None, host: str = "library",
        _hall: _Hall | None = None,
    ) -> None:  # fmt: skip
        """Begin, or go on with, a conversation.

        Args:
            memory: An open memory.
            user: Whose; by default as `eider.open` was told.
            session: Name of the conversation.
            scopes: Where the agent works; what is learned is kept under the first. Empty is everywhere.
            context: What the work is about.
            budget: Most tokens that recalled lines may add to one prompt.
            loop: Open loop that policies and tools belong to.
            host: Name of the host, for the account of changes.
        """
        if isinstance(scopes, str):
            scopes = (scopes,)
        self._hall = _hall or _Hall(memory, host)
        self.user, self.session, self.scopes = user, session, tuple(scopes)
        self.context, self.budget, self.loop = context, budget, loop

    def of(
        self, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] | None = None,
        context: str | None = None, loop: str | None = None, budget: int | None = None,
    ) -> Companion:  # fmt: skip
        """Another conversation over the same memory; what is not said stays as it is here."""
        return Companion(
            self._hall.memory, user=user if user is not None else self.user, session=session or self.session,
            scopes=self.scopes if scopes is None else scopes, context=context if context is not None else self.context,
            budget=budget or self.budget, loop=loop or self.loop, _hall=self._hall,
        )  # fmt: skip

    @property
    def memory(self) -> Eider:
        """The memory it stands on."""
        return self._hall.memory

    def failed(self, error: Exception) -> None:
        """Say once, for all conversations over this memory, that it fails; for what a host's adapter does by itself."""
        self._hall.failed(error)

    # ------------------------------------------------------------------ before a turn

    def guidance(self, existing: str = "", *, context: str | None = None, budget: int | None = None) -> Policy:
        """What the agent is to obey; its text is empty when nothing is known, or memory fails, and `why` says which.

        Args:
            existing: What the agent's instructions say already.
            context: What this turn is about, where that is more than the conversation's context.
            budget: Most tokens, by default 1,200; pinned rules survive any budget, and one warning says that they exceed it.
        """
        ask = partial(
            self._hall.reader.policy, user=self.user, context=context or self.context, existing_instructions=existing,
            scopes=self.scopes or None, budget=budget, loop=self.loop,
            kinds=None if context or self.context else STANDING,
        )  # fmt: skip
        policy = self._hall.asked(ask, _unguided)
        if policy.over_budget:
            self._hall.exceeded(policy)
        return policy

    def recalled(self, prompt: str, *, without: Sequence[str] = (), known: Sequence[str] = ()) -> Injection:
        """The few lines that help with a prompt, framed as data; empty when nothing helps, or memory fails."""
        ask = partial(
            self._hall.reader.inject, prompt, user=self.user, scopes=self._seen(), session=self.session,
            budget=self.budget, without=without, known=known,
        )  # fmt: skip
        return self._hall.asked(ask, _silent)

    async def aguidance(self, existing: str = "", *, context: str | None = None, budget: int | None = None) -> Policy:
        """`guidance` for async hosts."""
        return await _aside(self.guidance, existing, context=context, budget=budget)

    async def arecalled(self, prompt: str, *, without: Sequence[str] = (), known: Sequence[str] = ()) -> Injection:
        """`recalled` for async hosts."""
        return await _aside(self.recalled, prompt, without=without, known=known)

    def toolbox(self) -> tools.Toolbox:
        """The seven tools for this conversation; what enters through them was said by an agent."""
        if (whose := self.user if self.user is not None else self._hall.memory.user) is None:
            raise InputError("user is missing: say whose memory it is, here or in eider.open(user=…).")
        return tools.bind(
            self._hall.memory, user=whose, scopes=self.scopes, loop=self.loop, context=self.context,
            channel=self._hall.host,
        )  # fmt: skip

    # ------------------------------------------------------------------ after it

    def heard(
        self, text: str, *, answering: str | None = None, key: str | None = None, answering_key: str | None = None,
        at: When | None = None,
    ) -> None:  # fmt: skip
        """Tell what the user said; it is kept, and learned from as a reply to the agent's last output.

        Args:
            text: The user's words.
            answering: The agent's output they reply to, where the host has it; by default what was last `said`.
            key: Idempotency key from coordinates: the same reply told again is learned from once.
            answering_key: Key under which that output was told by `said`, where this process did not tell it last.
            at: When; by default now.
        """
        if not text.strip():
            return
        last = self._hall.talks.last(self._whose())
        if answering is None or answering == last.text:
            answering, answering_key = last.text, last.key or answering_key
        self._hall.talks.note(self._whose(), replace(last, tainted=False))
        scope = self.scopes[0] if self.scopes else None
        self._hall.tell(partial(
            self._hall.user.observe, agent_output=answering, user_reply=text, user=self.user, context=self.context,
            session=self.session, at=at, scope=scope, key=key, answering_key=answering_key,
        ))  # fmt: skip

    def said(self, text: str, *, key: str | None = None, tainted: bool = False) -> None:
        """Tell what the agent said; where tools or documents were met before, it is believed no more than they.

        Args:
            text: The agent's words.
            key: Idempotency key from coordinates.
            tainted: Whether they rest on what tools or documents said, where the host knows and `met` was not called.
        """
        if not text.strip():
            return
        key = key or f"auto:{os.urandom(16).hex()}"
        tainted = tainted or self._hall.talks.last(self._whose()).tainted
        self._hall.talks.note(self._whose(), Said(text=text, key=key, tainted=tainted))
        door = self._door("tool") if tainted else self._hall.agent
        self._keep(door, text, "agent", key)

    def met(self, text: str, *, source: Source = "tool", key: str | None = None) -> None:
        """Tell what a tool returned or a document says; it is kept as that, and nothing is learned from it."""
        if not text.strip():
            return
        self._hall.talks.note(self._whose(), replace(self._hall.talks.last(self._whose()), tainted=True))
        self._keep(self._door(source), text[:MET], "other", key, speaker=source)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was told is written; False when that takes longer than `timeout` seconds."""
        return self._hall.talks.scribe.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` for async hosts."""
        return await _aside(self.flush, timeout)

    # ------------------------------------------------------------------

    def _keep(self, door: Eider, text: str, role: Literal["agent", "other"], key: str | None, **more: str) -> None:
        for place in range(0, len(text), MAX_TEXT):
            part = text[place : place + MAX_TEXT]
            if part.strip():
                named = key and key + (f":{place}" if place else "")
                tell = partial(door.record, part, user=self.user, role=role, session=self.session, key=named, **more)
                self._hall.tell(tell)

    def _door(self, ceiling: Origin) -> Eider:
        return self._hall.memory.through(self._hall.host, ceiling)

    def _whose(self) -> Whose:
        return self._hall.whose(self.user, self.session)

    def _seen(self) -> list[str] | None:
        return [*dict.fromkeys((*self.scopes, "global"))] if self.scopes else None


async def _aside(ask: Callable[..., T], *given: Any, **more: Any) -> T:
    from asyncio import to_thread  # whoever comes here has it; it costs others more than all of this

    return await to_thread(ask, *given, **more)


def _unguided(why: str) -> Policy:
    from eider.model.answers import Policy

    return Policy(text="", memories=(), tokens=0, why=why)


def _silent(why: str) -> Injection:
    from eider.model.answers import Injection

    return Injection(text="", recollections=(), why=f"silent: {why}")
