"""The façade's verbs that learn and guide: from an exchange, from rules, from answers of the inbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from eider.model.requests_learning import AddRules, Inbox, Observe, ObserveMany, PolicyFor, Settle
from eider.model.values import HasId, Memory, id_of

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.model.answers import Policy
    from eider.model.learned import InboxEntry, Learned
    from eider.model.requests import When
    from eider.model.requests_learning import Exceeded


class Learning:
    """What `Eider` offers to learn and to guide; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def observe(
        self, *, agent_output: str = "", user_reply: str, user: str | None = None, context: str | None = None,
        session: str | None = None, at: When | None = None, tz: str | None = None, scope: str | None = None,
        ambient_scope: str | None = None, known: Iterable[str] = (), key: str | None = None, answering_key: str | None = None,
    ) -> Learned:  # fmt: skip
        """Record an exchange and learn what lasts: corrections, preferences, rules, facts, decisions.

        Args:
            agent_output: What the agent said.
            user_reply: What the user answered.
            user: Whose memory.
            context: What the exchange was about: the task, the file, the project.
            session: Conversation it belongs to.
            at: When it was said.
            tz: The user's time zone.
            scope: Where all that is learned applies, whatever the words say; by default it is read from them.
            ambient_scope: Where the work is: what is said of the work applies there, what is said of the person or of
                all work everywhere.
            known: What the host's own files say already; not stored again.
            key: Idempotency key: the same exchange is learned from once.
            answering_key: Key under which the agent's output was recorded already, where it was.

        Returns:
            What was recorded and learned, and why.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(Observe(
            user_reply=user_reply, agent_output=agent_output, user=self._whose(user), context=context, session=session,
            at=at, tz=tz, scope=scope, ambient_scope=ambient_scope, known=tuple(known), key=key, answering_key=answering_key,
        ))  # fmt: skip

    def observe_many(
        self, items: Sequence[Observe | Mapping[str, object]], *, user: str | None = None
    ) -> list[Learned]:
        """Learn from many exchanges in the order in which they were said, as `observe` does from each.

        Exchanges in which nothing lasting is noticed share transactions, which makes old conversations quick to bring in.

        Args:
            items: Each a mapping of `observe`'s arguments; all are checked first.
            user: Whose memory.

        Returns:
            What each came to.

        Raises:
            InputError: A value cannot be used; the message names it and the fix, and nothing is kept.
        """
        return self._backend.execute(ObserveMany(items=items, user=self._whose(user)))

    def add_rules(self, rules: Sequence[str], *, user: str | None = None, scope: str | None = None) -> list[Memory]:
        """Keep explicit instructions as rules, without looking for any in what was said.

        Args:
            rules: Instructions, one text each.
            user: Whose memory.
            scope: Where they apply; by default everywhere.

        Returns:
            The memory of each rule: a new one, or the one that says it already.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(AddRules(rules=listed(rules) or (), user=self._whose(user), scope=scope))

    def policy(
        self, *, user: str | None = None, context: str | None = None, existing_instructions: str = "",
        scopes: Iterable[str] | None = None, budget: int | None = None, on_budget_exceeded: Exceeded = "truncate",
        least_trust: int = 2, kinds: Iterable[str] | None = None, loop: str | None = None,
    ) -> Policy:  # fmt: skip
        """The guidance an agent should have before it works: rules, preferences, and the facts that matter here.

        Args:
            user: Whose.
            context: What the work is about; facts enter only where they bear on it.
            existing_instructions: What the agent's prompt says already; it is not said again.
            scopes: Where the agent works; what is global is always in.
            budget: Most tokens; pinned rules survive any budget.
            on_budget_exceeded: "truncate" leaves out the least and says so in `left_out`; pinned rules that alone are
                larger are given all the same, and `over_budget` says by how much. "error" raises `BudgetExceededError`
                in either case.
            least_trust: 2 for what the user said, 1 to admit agents and imports.
            kinds: Only these kinds of memories, and what is pinned; by default all.
            loop: Open loop that this belongs to.

        Returns:
            The guidance as `text`, and what was left out of it.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(PolicyFor(
            user=self._whose(user), context=context, existing_instructions=existing_instructions, scopes=listed(scopes),
            budget=budget, on_budget_exceeded=on_budget_exceeded, least_trust=least_trust, kinds=listed(kinds), loop=loop,
        ))  # fmt: skip

    def inbox(self, *, user: str | None = None, limit: int = 50) -> list[InboxEntry]:
        """Return what waits for a person, newest first, each a question with two answers; `settle(entry.id, …)` gives one.

        Args:
            user: Whose memory; by default the one given to `open`.
            limit: Most questions.

        Returns:
            Each with its memory, what it contradicts, and what yes and no would do.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(Inbox(user=self._whose(user), limit=limit))

    def settle(self, id: str | HasId, *, accept: bool, user: str | None = None) -> Memory:  # noqa: A002
        """Answer a question of the inbox with yes or no; the memory it is about, as it is afterwards.

        Args:
            id: An entry of the inbox or its memory, or the id.
            accept: True for yes.
            user: Whose memory; by default the one given to `open`.

        Returns:
            The memory it is about, as it is afterwards.

        Raises:
            UnknownIdError: The user has none of that id.
            RefusedError: It does not wait in the inbox.
        """
        return self._backend.execute(Settle(id=id_of(id), user=self._whose(user), accept=accept))


def listed(values: Iterable[str] | None) -> Sequence[str] | None:
    """What cannot be listed is handed on, for the request to refuse by name."""
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else values
