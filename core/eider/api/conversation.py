"""Memory for one conversation of a host application.

Before each model call a host asks for `guidance` and `context`; afterwards it reports what was said with `user_said`,
`agent_said` and `tool_said`. No call raises because memory fails or waits for a write, and nothing is learned twice.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, ParamSpec, TypeVar

from eider.api import tools
from eider.api.conversation_state import ConversationKey, LastReply, state_of
from eider.api.host_values import storable_text
from eider.model.errors import InputError, QueuedError, ServerBusyError, ServerUnreachableError
from eider.model.validation import MAX_TEXT

if TYPE_CHECKING:
    from eider.api.facade import Eider
    from eider.model.answers import Injection, Policy
    from eider.model.requests import When
    from eider.model.values import Origin

P = ParamSpec("P")
T = TypeVar("T")
Source = Literal["tool", "document"]
REQUEST_TIMEOUT: Final = 2.0
"""Seconds a host waits for a server that does not answer."""
RETRY_AFTER: Final = 30.0
"""Seconds before a server that did not answer is asked again. A guess."""
GUIDANCE_KINDS: Final = ("rule", "preference", "decision")
"""Kinds of memories that are guidance where nobody said what the work is about; facts need one to be relevant to."""
MAX_TOOL_TEXT: Final = 100_000
"""Characters kept of one tool result or document. A guess."""
_log: Final = logging.getLogger("eider")


class HostSession:
    """Per-host view of an open memory: its user and agent channels, and the state all its conversations share."""

    def __init__(self, memory: Eider, host: str) -> None:
        self.memory, self.host = memory, host
        self.user, self.agent = memory.channel(host, "user"), memory.channel(host, "agent")
        self.reader = self.user.with_timeout(REQUEST_TIMEOUT)
        self.state = state_of(memory)
        self._nameless = object()

    def conversation_key(self, user: str | None, session: str | None) -> ConversationKey:
        """Return the key of a conversation; one without a session name shares its key with no other."""
        return self.host, self.memory.user if user is None else user, self._nameless if session is None else session

    def write_later(self, note: Callable[[], object]) -> None:
        """Queue a write; writes happen on one thread in the order they were queued."""

        def write() -> None:
            try:
                note()
            except Exception as error:  # noqa: BLE001 (a host goes on whatever happens to its memory)
                self.warn_of_failure(error)

        self.state.writer.write_later(write)

    def warn_of_failure(self, error: Exception) -> None:
        """Log once that memory fails; a write that was queued did not fail."""
        if self.host not in self.state.warned and not isinstance(error, QueuedError):
            self.state.warned.add(self.host)
            _log.warning(
                "memory fails and %s goes on without it: %s", self.host, tools.error_answer(error)["error"]["message"]
            )

    def warn_of_over_budget(self, policy: Policy) -> None:
        """Log once that pinned rules exceed the token budget."""
        if "over_budget" not in self.state.warned:
            self.state.warned.add("over_budget")
            _log.warning("%s; %d are left out", policy.why, len(policy.left_out))

    def answer_or(self, ask: Callable[[], T], instead: Callable[[str], T]) -> T:
        """Return the answer of `ask`, or where memory fails or failed a moment ago, `instead` of the reason."""
        if time.monotonic() < self.state.retry_at:
            return instead("memory does not answer, and is asked again soon")
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 (a host goes on whatever happens to its memory)
            if isinstance(error, (ServerUnreachableError, ServerBusyError)):
                self.state.retry_at = time.monotonic() + RETRY_AFTER
            self.warn_of_failure(error)
            return instead(f"memory does not answer: {tools.error_answer(error)['error']['message']}")


class Conversation:
    """Memory for one conversation. Thread-safe; what is reported is written in the background, in order.

    Creating one costs microseconds, so one per turn is fine: all conversations over an open memory share one writer
    thread and, for sessions with a name, the agent's last reply.

    conversation = Conversation(memory, user="ada", session="chat-7", host="my-app")
    system = conversation.guidance().text + conversation.context(prompt).text
    conversation.user_said(prompt)
    conversation.agent_said(answer)
    """

    __slots__ = ("_host", "budget", "loop", "scopes", "session", "user", "work_context")

    def __init__(
        self, memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
        context: str | None = None, budget: int = 400, loop: str | None = None, host: str = "library",
        _host: HostSession | None = None,
    ) -> None:  # fmt: skip
        """Start or resume a conversation.

        Args:
            memory: An open memory.
            user: User whose memory it is; by default the user given to `eider.open`.
            session: Name of the conversation.
            scopes: Scopes the agent works in; what is learned is stored in the first. Empty means all.
            context: What the work is about; it goes with the policies and exchanges of this conversation.
            budget: Maximum tokens that `context` adds to one prompt.
            loop: Id of an open loop that policies and tool calls belong to.
            host: Name of the host application, recorded as the channel of its writes.
        """
        if isinstance(scopes, str):
            scopes = (scopes,)
        self._host = _host or HostSession(memory, host)
        self.user, self.session, self.scopes = user, session, tuple(scopes)
        self.work_context, self.budget, self.loop = context, budget, loop

    def of(
        self, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] | None = None,
        context: str | None = None, loop: str | None = None, budget: int | None = None,
    ) -> Conversation:  # fmt: skip
        """Return another conversation over the same memory; arguments left out keep their value.

        Args:
            user: Whose memory.
            session: What the conversation is called.
            scopes: Where the agent works.
            context: What the conversation is about.
            loop: Open loop that its recalls belong to.
            budget: Most tokens of recalled lines.
        """
        return Conversation(
            self._host.memory, user=user if user is not None else self.user, session=session or self.session,
            scopes=self.scopes if scopes is None else scopes, context=context if context is not None else self.work_context,
            budget=budget or self.budget, loop=loop or self.loop, _host=self._host,
        )  # fmt: skip

    @property
    def memory(self) -> Eider:
        """The open memory this conversation uses."""
        return self._host.memory

    def require_user(self) -> str:
        """Return whose memory it is.

        Raises:
            InputError: Nobody said: neither here nor with `eider.open`. Nobody's words must not become somebody's.
        """
        if (user := self.user if self.user is not None else self._host.memory.user) is None:
            raise InputError("user is missing: say whose memory it is, here or in eider.open(user=…).")
        return user

    def warn_of_failure(self, error: Exception) -> None:
        """Log once per memory and host that memory failed; for errors in an adapter's own calls.

        Args:
            error: What was raised; a write that was queued is no failure.
        """
        self._host.warn_of_failure(error)

    # ------------------------------------------------------------------ before a model call

    def guidance(self, existing: str = "", *, context: str | None = None, budget: int | None = None) -> Policy:
        """Return the rules, preferences and decisions the agent should follow.

        Args:
            existing: The agent's present instructions; what they say already is left out.
            context: What this turn is about; by default what the conversation is about.
            budget: Maximum tokens, by default 1,200. Pinned rules are never cut; one warning is logged if they exceed it.

        Returns:
            The policy; its `text` is empty when nothing is known or memory fails, and `why` says which.
        """
        ask = partial(
            self._host.reader.policy, user=self.user, context=storable_text(context or self.work_context or "") or None, existing_instructions=existing,
            scopes=self.scopes or None, budget=budget, loop=self.loop,
            kinds=None if context or self.work_context else GUIDANCE_KINDS,
        )  # fmt: skip
        policy = self._host.answer_or(ask, _no_guidance)
        if policy.over_budget:
            self._host.warn_of_over_budget(policy)
        return policy

    def context(self, prompt: str, *, without: Sequence[str] = (), known: Sequence[str] = ()) -> Injection:
        """Return the few remembered lines that help with a prompt, framed as data.

        Args:
            prompt: What the user just said.
            without: Ids of memories to leave out, such as those the guidance holds.
            known: Texts the prompt holds already; memories that say the same are left out.

        Returns:
            The lines and where they came from; `text` is empty when nothing helps or memory fails, and `why` says which.
        """
        ask = partial(
            self._host.reader.inject, storable_text(prompt), user=self.user, session=self.session,
            scopes=[*dict.fromkeys((*self.scopes, "global"))] if self.scopes else None, budget=self.budget, without=without, known=known,
        )  # fmt: skip
        return self._host.answer_or(ask, _no_context)

    async def aguidance(self, existing: str = "", *, context: str | None = None, budget: int | None = None) -> Policy:
        """`guidance`, in a worker thread.

        Args:
            existing: The agent's present instructions; what they say already is left out.
            context: What this turn is about; by default what the conversation is about.
            budget: Most tokens, by default 1,200.
        """
        return await _in_thread(self.guidance, existing, context=context, budget=budget)

    async def acontext(self, prompt: str, *, without: Sequence[str] = (), known: Sequence[str] = ()) -> Injection:
        """`context`, in a worker thread.

        Args:
            prompt: What the user asks.
            without: Ids of lines that were given before.
            known: What the host's own files say already.
        """
        return await _in_thread(self.context, prompt, without=without, known=known)

    def toolbox(self, prefix: str = "") -> tools.Toolbox:
        """Return the seven memory tools bound to this conversation; what a model writes with them has agent trust.

        What it stores after a tool or a document was reported with `tool_said`, until the user speaks again, or later in
        the words of one, has no more trust than that: it is recalled with its origin, and enters no prompt by itself.

        Args:
            prefix: Put before their names, for hosts that have tools of the same names.

        Raises:
            InputError: No user was given here or to `eider.open`.
        """
        bound = tools.bind(
            self._host.memory, user=self.require_user(), scopes=self.scopes, loop=self.loop, context=self.work_context,
            channel=self._host.host, prefix=prefix,
        )  # fmt: skip
        return replace(bound, taint=self._host.state.taint(self._key()))

    # ------------------------------------------------------------------ after it

    def user_said(
        self, text: str, *, answering: str | None = None, key: str | None = None, answering_key: str | None = None,
        at: When | None = None,
    ) -> None:  # fmt: skip
        """Record what the user said and learn from it as a reply to the agent's last message.

        Args:
            text: The user's words.
            answering: The agent message it replies to; by default the last one given to `agent_said`.
            key: Idempotency key made from coordinates: the same reply reported again is learned from once.
            answering_key: Key that message was reported under by `agent_said`, where another process reported it.
            at: When it was said; by default now.
        """
        text, answering = storable_text(text), answering and storable_text(answering)
        if not text.strip():
            return
        last = self._host.state.last_reply(self._key())
        if answering is None or answering == last.text:
            answering, answering_key = last.text, last.key or answering_key
        self._host.state.set_last_reply(self._key(), replace(last, tainted=False))
        scope = self.scopes[0] if self.scopes else None
        self._host.write_later(partial(
            self._host.user.observe, agent_output=answering, user_reply=text, user=self.user, context=self.work_context,
            session=self.session, at=at, scope=scope, key=key, answering_key=answering_key,
        ))  # fmt: skip

    def agent_said(self, text: str, *, key: str | None = None, tainted: bool = False) -> None:
        """Record what the agent said; after `tool_said` it gets no more trust than the tool, until the user speaks.

        Args:
            text: The agent's words.
            key: Idempotency key made from coordinates.
            tainted: Whether the words rest on tool results or documents that were not reported with `tool_said`.
        """
        text = storable_text(text)
        if not text.strip():
            return
        key = key or f"auto:{os.urandom(16).hex()}"
        tainted = tainted or self._host.state.last_reply(self._key()).tainted
        self._host.state.set_last_reply(self._key(), LastReply(text=text, key=key, tainted=tainted))
        channel = self._channel("tool") if tainted else self._host.agent
        self._record_later(channel, text, "agent", key)

    def tool_said(self, text: str, *, source: Source = "tool", key: str | None = None) -> None:
        """Record a tool result or a document at its own low trust; nothing is learned from it.

        Args:
            text: What the tool returned or the document says; the first 100,000 characters are kept.
            source: Whether a tool or a document said it.
            key: Idempotency key made from coordinates.
        """
        text = storable_text(text)
        if not text.strip():
            return
        self._host.state.set_last_reply(self._key(), replace(self._host.state.last_reply(self._key()), tainted=True))
        self._host.state.taint(self._key()).note(text[:MAX_TOOL_TEXT])
        self._record_later(self._channel(source), text[:MAX_TOOL_TEXT], "other", key, speaker=source)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until everything reported so far is written.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether it was written in time.
        """
        return self._host.state.writer.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush`, in a worker thread.

        Args:
            timeout: Most seconds.
        """
        return await _in_thread(self.flush, timeout)

    # ------------------------------------------------------------------

    def _record_later(
        self, channel: Eider, text: str, role: Literal["agent", "other"], key: str | None, **more: str
    ) -> None:
        for place in range(0, len(text), MAX_TEXT):
            part = text[place : place + MAX_TEXT]
            if part.strip():
                named = key and key + (f":{place}" if place else "")
                record = partial(
                    channel.record, part, user=self.user, role=role, session=self.session, key=named, **more
                )
                self._host.write_later(record)

    def _channel(self, max_trust: Origin) -> Eider:
        return self._host.memory.channel(self._host.host, max_trust)

    def _key(self) -> ConversationKey:
        return self._host.conversation_key(self.user, self.session)


async def _in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    from asyncio import to_thread  # async hosts have imported it; for others it would be the larger part of the import

    return await to_thread(call, *args, **kwargs)


def _no_guidance(why: str) -> Policy:
    from eider.model.answers import Policy

    return Policy(text="", memories=(), tokens=0, why=why)


def _no_context(why: str) -> Injection:
    from eider.model.answers import Injection

    return Injection(text="", recollections=(), why=f"silent: {why}")
