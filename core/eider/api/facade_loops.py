"""The façade's verbs about outcomes: loops, and what they teach."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from eider.model.outcomes import FEEDBACK_SECONDS
from eider.model.requests_learning import CloseLoop, LearnedOf, OpenLoop, ResetLearned, SetOutcome
from eider.model.values import HasId, id_of

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.model.outcomes import Credit, LearnedState, Loop


class Outcomes:
    """What `Eider` offers about outcomes; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def open_loop(
        self, *, user: str | None = None, agent: str | None = None, feedback_timeout: float = FEEDBACK_SECONDS
    ) -> Loop:
        """Begin a loop; `recall` and `policy` calls that name it with `loop=` are noted in it.

        Args:
            user: Whose memory.
            agent: Whose turn; by default the agent given to `open`.
            feedback_timeout: Seconds until it counts as slightly negative, if nobody says how it went.

        Returns:
            The loop; its `id` goes into `recall(loop=)`.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(OpenLoop(user=self._whose(user), agent=agent, feedback_timeout=feedback_timeout))

    def set_outcome(self, id: str | HasId, outcome: float, *, user: str | None = None) -> Loop:  # noqa: A002 (the word users know)
        """Say how an open loop went, from -1 (harm) to 1 (just right); closing it credits or blames what was recalled.

        Args:
            id: A loop, or its id.
            outcome: From -1 (harm) to 1 (just right).
            user: Whose memory; by default the one given to `open`.

        Returns:
            The loop with its outcome.

        Raises:
            UnknownIdError: The user has none of that id.
            RefusedError: It is closed already.
        """
        return self._backend.execute(SetOutcome(id=id_of(id), outcome=outcome, user=self._whose(user)))

    def close_loop(
        self, id: str | HasId, *, agent_output: str = "", outcome: float | None = None, user: str | None = None  # noqa: A002
    ) -> Credit:  # fmt: skip
        """End a loop, and give its outcome to what was recalled in it; closing again changes nothing.

        Args:
            id: The loop.
            agent_output: What the agent made of it: only what it made use of is credited or blamed. Without it all
                that was recalled has an even and small part.
            outcome: From -1 to 1; by default what was set before.
            user: Whose memory.

        Returns:
            What recalled lines were credited with or blamed for.

        Raises:
            UnknownIdError: The user has none of that id.
        """
        return self._backend.execute(
            CloseLoop(id=id_of(id), agent_output=agent_output, outcome=outcome, user=self._whose(user))
        )

    def loop(
        self, *, user: str | None = None, agent: str | None = None, feedback_timeout: float = FEEDBACK_SECONDS
    ) -> Looping:
        """A loop for a `with` block; it ends with the block if its outcome is known by then, else it waits for one.

        Args:
            user: Whose memory; by default the one given to `open`.
            agent: Who works; by default the one given to `open`.
            feedback_timeout: Seconds that it waits for an outcome after the block.

        Returns:
            The loop, for a `with` block.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return Looping(self, user=self._whose(user), agent=agent, feedback_timeout=feedback_timeout)

    def learned(self, *, user: str | None = None) -> LearnedState:
        """All that outcomes have taught about a user: the balance of words and meaning, and the model of forgetting.

        Args:
            user: Whose memory; by default the one given to `open`.

        Returns:
            The balance of words and meaning, and the model of forgetting, beside what they were at first.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(LearnedOf(user=self._whose(user)))

    def reset_learned(self, *, user: str | None = None) -> LearnedState:
        """Take back all that outcomes have taught about a user; answers are what they would be without any loop.

        Args:
            user: Whose memory; by default the one given to `open`.

        Returns:
            The same as `learned`, as it is afterwards.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(ResetLearned(user=self._whose(user)))

    def alpha_estimate(self, *, user: str | None = None) -> float:
        """The share of words against meaning in a user's ranking, in [0, 1]; 0.5 until outcomes taught otherwise.

        Args:
            user: Whose memory; by default the one given to `open`.

        Returns:
            A share in [0, 1].

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self.learned(user=user).lexical_share


class Looping:
    """A loop within a `with` block.

    with memory.loop(user="ada") as loop:
        hits = memory.recall("how do we deploy?", loop=loop.id)
        loop.agent_output = answer(hits)
        loop.set_outcome(1.0)
    """

    def __init__(self, memory: Outcomes, *, user: str, agent: str | None, feedback_timeout: float) -> None:
        """Use `memory.loop()` instead."""
        self._memory, self._user, self._agent, self._timeout = memory, user, agent, feedback_timeout
        self._outcome: float | None = None
        self.agent_output = ""
        """What the agent made of what it was shown; tells what of it was used."""
        self.id = ""
        """Goes into `loop=` of `recall` and `policy`."""
        self.credit: Credit | None = None
        """What closing came to."""

    def set_outcome(self, outcome: float) -> None:
        """Say how it went, from -1 to 1; kept at once, so that it counts whatever happens next.

        Args:
            outcome: From -1 (harm) to 1 (just right).

        Returns:
            The loop with its outcome.

        Raises:
            UnknownIdError: The user has none of that id.
            RefusedError: It is closed already.
        """
        self._memory.set_outcome(self.id, outcome, user=self._user)
        self._outcome = outcome

    def close(self) -> Credit:
        """End the loop now, with the outcome known so far."""
        if self.credit is None:
            self.credit = self._memory.close_loop(self.id, agent_output=self.agent_output, user=self._user)
        return self.credit

    def __enter__(self) -> Self:
        opened = self._memory.open_loop(user=self._user, agent=self._agent, feedback_timeout=self._timeout)
        self.id = opened.id
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._outcome is not None:
            self.close()
