"""The façade's verb for chat messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eider.api.chat_messages import ChatMessage, read_messages
from eider.model.requests import Record
from eider.model.requests_learning import Observe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eider.api.backend import Backend
    from eider.model.learned import Learned
    from eider.model.requests import When


class Messages:
    """What `Eider` does with whole conversations; it says whose is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def add(
        self, messages: Sequence[Mapping[str, Any]], *, user: str | None = None, session: str | None = None,
        scope: str | None = None, context: str | None = None, at: When | None = None, tz: str | None = None,
    ) -> list[Learned]:  # fmt: skip
        """Keep chat messages verbatim, and learn from what the user said, as `record` and `observe` do.

        Args:
            messages: `[{"role": "user", "content": "…"}, …]` in the shape of OpenAI, Anthropic or a plain list, oldest
                first. A message with an `id` is kept once; `at` says when it was said. A user message under another
                `name` than the user's is kept as that speaker's, and not learned from.
            user: Whose memory.
            session: Conversation they belong to.
            scope: Where what is learned applies; by default everywhere.
            context: What the conversation is about.
            at: When they were said, where a message does not say.
            tz: The user's time zone.

        Returns:
            What was learned from each message of the user, in order.

        Raises:
            InputError: A message has another shape; nothing was kept.
        """
        user = self._whose(user)

        def key(one: ChatMessage) -> str | None:
            return None if one.key is None else f"add:{session or ''}:{one.key}"

        def record(one: ChatMessage) -> None:
            role = "other" if one.role == "user" else one.role
            self._backend.execute(Record(
                text=one.text, user=user, role=role, speaker=one.speaker, session=session, at=one.at or at, tz=tz, key=key(one)
            ))  # fmt: skip

        learned: list[Learned] = []
        answered: ChatMessage | None = None
        """The agent's last message, which the next of the user answers; the two are recorded together."""
        for one in read_messages(messages):
            if one.role == "user" and (one.speaker is None or one.speaker.casefold() == user.casefold()):
                learned.append(self._backend.execute(Observe(
                    user_reply=one.text, agent_output=answered.text if answered else "", user=user, context=context,
                    session=session, at=one.at or at, tz=tz, scope=scope, key=key(one),
                )))  # fmt: skip
                answered = None
                continue
            if answered is not None:
                record(answered)
            answered = one if one.role == "agent" else None
            if answered is None:
                record(one)
        if answered is not None:
            record(answered)
        return learned
